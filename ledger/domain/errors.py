"""Every refusal the domain can utter, by meaning.

Owns the words `code` (stable, snake_case: clients branch on it) and `detail` (plain language for a person).
Refuses to know HTTP: which status a refusal becomes is decided at the edge alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One place where a document breaks its schema; `pointer` is an RFC 6901 JSON pointer ("" is the root)."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken clause or rule; `clause` names the part of the terms, such as `intake.channels`."""

    clause: str
    code: str
    detail: str


class Refusal(Exception):
    """Something was asked for and the answer is no. Raise a subclass, which says why."""

    default_code = "refused"
    default_detail = "This is not possible."

    def __init__(self, detail: str | None = None, *, code: str | None = None) -> None:
        self.code: str = code or self.default_code
        self.detail: str = detail or self.default_detail
        super().__init__(self.detail)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Malformed(Refusal):
    """The input breaks its schema; `errors` holds every fault found, not only the first."""

    default_code = "malformed"
    default_detail = "The input does not follow its schema."

    def __init__(
        self, errors: Iterable[FieldError] = (), detail: str | None = None, *, code: str | None = None
    ) -> None:
        self.errors: tuple[FieldError, ...] = tuple(errors)
        super().__init__(detail, code=code)

    def __str__(self) -> str:
        faults = "; ".join(f"{e.pointer or '/'}: {e.detail}" for e in self.errors)
        return f"{self.code}: {faults or self.detail}"

    @classmethod
    def at(cls, pointer: str, detail: str) -> "Malformed":
        """One fault at one place."""
        return cls((FieldError(pointer, detail),))


class Refused(Refusal):
    """Well-formed, but a clause or a rule says no; `violations` names every one that is broken."""

    default_code = "refused"
    default_detail = "The terms do not allow this."

    def __init__(
        self, violations: Iterable[Violation] = (), detail: str | None = None, *, code: str | None = None
    ) -> None:
        self.violations: tuple[Violation, ...] = tuple(violations)
        if self.violations:
            code = code or (self.violations[0].code if len(self.violations) == 1 else None)
            detail = detail or (self.violations[0].detail if len(self.violations) == 1 else None)
        super().__init__(detail, code=code)

    def __str__(self) -> str:
        broken = "; ".join(f"{v.clause} ({v.code}): {v.detail}" for v in self.violations)
        return f"{self.code}: {broken or self.detail}"

    @classmethod
    def by(cls, clause: str, code: str, detail: str) -> "Refused":
        """One violation, whose code is the refusal's own."""
        return cls((Violation(clause, code, detail),))


class IllegalMove(Refusal):
    """The state it is in allows no such transition."""

    default_code = "illegal_move"
    default_detail = "The state does not allow this."


class WindowClosed(Refusal):
    """The time for it is over; something received at the very instant of the deadline is late."""

    default_code = "window_closed"
    default_detail = "The window for this has closed."


class NotAllowed(Refusal):
    """Known who asks, but it is not theirs to do."""

    default_code = "not_allowed"
    default_detail = "This is not yours to do."


class Unknown(Refusal):
    """There is no such thing, or it is somebody else's, which looks the same."""

    default_code = "not_found"
    default_detail = "There is no such thing."


class Conflict(Refusal):
    """Something that is already there stands against it; `existing_id` names it where the asker may know."""

    default_code = "conflict"
    default_detail = "Something that is already there stands against this."

    def __init__(self, detail: str | None = None, *, code: str | None = None, existing_id: str | None = None) -> None:
        self.existing_id = existing_id
        super().__init__(detail, code=code)


class Unauthenticated(Refusal):
    """Nobody knows who asks: no key, a wrong one, or a revoked one."""

    default_code = "unauthenticated"
    default_detail = "A valid key is needed."


class VersionMismatch(Refusal):
    """What was read has changed since, or the version that the command needs was not named (`version_required`)."""

    default_code = "version_mismatch"
    default_detail = "It has changed since you read it."


class Unavailable(Refusal):
    """Something that is needed is away for the moment; nothing was done."""

    default_code = "unavailable"
    default_detail = "The service is not available at the moment; nothing was done."
