"""Submissions: from what a supplier claims to an appointment, or to a refusal that names every broken clause.

Owns the look into the books that the intake rules need (references, duplicates, suppressions, caps) for one
submission or a whole batch alike, and what is written when one is taken or refused. First valid wins; the refusal
names no other supplier, and holds no personal data.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select, update

from ledger.domain.calendar import day_bounds, deadline, month_bounds, week_bounds
from ledger.domain.contacts import contact_keys, digest
from ledger.domain.criteria import evaluate
from ledger.domain.decisions import submitted
from ledger.domain.encoding import dumps
from ledger.domain.errors import Conflict, Violation
from ledger.domain.facts import check_facts
from ledger.domain.intake import Prospect, Standing, Submission, violations
from ledger.domain.lifecycle import Appointment, Schedule, Verdict
from ledger.domain.terms import ContactKind, Definition, DuplicateScope, Outcome
from ledger.services import cases
from ledger.services.cases import IN_CHUNKS, Case
from ledger.services.contracts import Pinned
from ledger.services.desk import Desk
from ledger.services.posting import insert_ignoring
from ledger.store import tables as t
from ledger.store.types import new_id

Digests = dict[ContactKind, str]

NO_SHOWS = frozenset({Outcome.PROSPECT_NO_SHOW, Outcome.BUYER_NO_SHOW, Outcome.BOTH_ABSENT})
"""Outcomes after which nobody has met the prospect."""


def _claims_query() -> Select[Any]:
    key, appointment = t.contact_key.c, t.appointment.c
    return (
        select(
            key.digest,
            key.appointment_id,
            key.definition_id,
            key.supplier_id,
            key.submitted_at,
            key.scope,
            key.blocks,
            appointment.schedule,
            appointment.outcome,
            appointment.verdict,
            appointment.amount,
            appointment.rebooking_at,
            appointment.agreement_id,
            appointment.next_due_at,
        )
        .join(t.appointment, appointment.id == key.appointment_id)
        .where(key.buyer_id == bindparam("buyer"), key.digest.in_(bindparam("digests", expanding=True)))
    )


_CLAIMS = _claims_query()
_REFERENCES = select(t.appointment.c.reference, t.appointment.c.id).where(
    t.appointment.c.supplier_id == bindparam("supplier"),
    t.appointment.c.reference.in_(bindparam("names", expanding=True)),
)
_SUPPRESSED = select(t.suppression.c.digest).where(
    t.suppression.c.buyer_id == bindparam("buyer"), t.suppression.c.digest.in_(bindparam("digests", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Taken:
    """The submission is an appointment; `person` is the row of its prospect."""

    case: Case
    person: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The submission broke these clauses; the refusal is on record under `refusal_id`."""

    refusal_id: UUID
    violations: tuple[Violation, ...]


@dataclass(slots=True)
class _Claim:
    """Who holds a contact: an earlier appointment, with what tells whether it still stands in the way."""

    appointment_id: UUID
    definition_id: UUID
    supplier_id: UUID
    submitted_at: datetime
    scope: str
    blocks: bool
    ended: bool
    agreement_id: UUID | None = None
    next_due_at: datetime | None = None


@dataclass(slots=True)
class IntakeDesk:
    """Intake on a desk. `secret` keys the digests of contacts; `countries` maps buyers to their ISO country."""

    desk: Desk
    secret: bytes
    countries: Mapping[UUID, str | None] = field(default_factory=dict)
    _references: dict[tuple[UUID, str], UUID] = field(default_factory=dict)
    _claims: dict[tuple[UUID, str], list[_Claim]] = field(default_factory=dict)
    _suppressed: set[tuple[UUID, str]] = field(default_factory=set)

    def digests(self, buyer_id: UUID, prospect: Prospect) -> Digests:
        """The keyed digests by which this person is recognised again."""
        if not (prospect.email or prospect.phone or prospect.company.domain or prospect.company.number):
            return {}
        keys = contact_keys(personal(prospect), self.countries.get(buyer_id))
        return {kind: digest(self.secret, kind, value) for kind, value in keys.items()}

    def prefetch(
        self, wanted: Iterable[tuple[UUID, UUID, str, Digests]], at: datetime, *, until: datetime | None = None
    ) -> None:
        """Reads for (supplier, buyer, reference, digests) what stands in the books already.

        What stands in the way and has fallen due by `at` is settled first, whosever it is; a batch goes on `until`
        later, and has on its desk what falls due on the way.
        """
        references: dict[UUID, list[str]] = {}
        digests: dict[UUID, list[str]] = {}
        for supplier_id, buyer_id, reference, found in wanted:
            references.setdefault(supplier_id, []).append(reference)
            if found:
                digests.setdefault(buyer_id, []).extend(found.values())
        for supplier_id, names in references.items():
            for some in _chunks(names):
                known = self.desk.connection.execute(_REFERENCES, {"supplier": supplier_id, "names": some})
                self._references.update({(supplier_id, row.reference): row.id for row in known})
        for buyer_id, values in digests.items():
            for some in _chunks(values):
                self._read_claims(buyer_id, some)
        self._settle_claims(at, until or at)

    def _settle_claims(self, at: datetime, until: datetime) -> None:
        due = {
            claim.appointment_id: claim.agreement_id
            for claims in self._claims.values()
            for claim in claims
            if claim.agreement_id and claim.next_due_at is not None and claim.next_due_at <= until
        }
        agreements = sorted(set(due.values()))
        self.desk.lock(agreements)
        self.desk.fetch_due(until, agreements)
        # Whoever held the lock may have settled them in the meantime: what was read before it is stale.
        self.desk.take(cases.load_many(self.desk.connection, due.keys() - self.desk.cases.keys()))
        if agreements:
            self.desk.settle(at)

    def _read_claims(self, buyer_id: UUID, digests: list[str]) -> None:
        wanted = {"buyer": buyer_id, "digests": digests}
        for row in self.desk.connection.execute(_CLAIMS, wanted):
            claim = _Claim(
                row.appointment_id,
                row.definition_id,
                row.supplier_id,
                row.submitted_at,
                row.scope,
                row.blocks,
                has_ended(row),
                row.agreement_id,
                row.next_due_at,
            )
            claims = self._claims.setdefault((buyer_id, row.digest), [])
            if all(known.appointment_id != claim.appointment_id for known in claims):
                claims.append(claim)
        suppressed = self.desk.connection.execute(_SUPPRESSED, wanted).scalars()
        self._suppressed.update((buyer_id, each) for each in suppressed)

    def submit(
        self,
        pinned: Pinned,
        submission: Submission,
        at: datetime,
        actor: str,
        *,
        digests: Digests | None = None,
        source_key: str | None = None,
    ) -> Taken | NotTaken:
        """One submission received at `at`, after `prefetch`. Raises `Malformed` for facts that the definition does
        not declare and `Conflict` where the reference was used before."""
        existing = self._references.get((pinned.supplier_id, submission.reference))
        if existing is not None:
            raise Conflict(
                f"reference {submission.reference!r} was submitted before",
                code="duplicate_reference",
                existing_id=str(existing),
            )
        definition = pinned.definition
        facts = check_facts(definition, submission.facts)
        claims = evaluate(definition, facts)
        if digests is None:
            digests = self.digests(pinned.buyer_id, submission.prospect)
        standing = self._standing(pinned, submission, digests, at)
        broken = violations(definition, submission, claims, at, standing)
        if broken:
            return self._refuse(pinned, submission, broken, at, source_key)
        salt = secrets.token_hex(16)
        person = _prospect_row(submission, facts)
        event = submitted(definition, claims, submission.slot, at, actor, commitment(salt, person))
        case = self.desk.open(pinned, submission.reference, event, submission.channel, submission.source)
        tenant = {"buyer_id": pinned.buyer_id, "supplier_id": pinned.supplier_id}
        self.desk.add("prospect", appointment_id=case.id, **tenant, **person, salt=salt, erased_at=None)
        self._references[pinned.supplier_id, submission.reference] = case.id
        self._claim(case, digests, at)
        return Taken(case, person)

    def _standing(self, pinned: Pinned, submission: Submission, digests: Digests, at: datetime) -> Standing:
        definition = pinned.definition
        day = week = month = 0
        caps = definition.intake.caps
        if caps.any:
            starts_at, zone = submission.slot.starts_at, definition.time_zone
            agreement_id = pinned.agreement_id
            self.desk.lock((agreement_id,))
            day = self.desk.booked(agreement_id, *day_bounds(starts_at, zone)) if caps.day is not None else 0
            week = self.desk.booked(agreement_id, *week_bounds(starts_at, zone)) if caps.week is not None else 0
            month = self.desk.booked(agreement_id, *month_bounds(starts_at, zone)) if caps.month is not None else 0
        duplicates = tuple(
            kind for kind in definition.duplicates.keys if kind in digests and self._is_taken(pinned, digests[kind], at)
        )
        suppressed = definition.intake.suppressions and any(
            (pinned.buyer_id, value) in self._suppressed for value in digests.values()
        )
        return Standing(duplicates, suppressed, day, week, month)

    def _is_taken(self, pinned: Pinned, value: str, at: datetime) -> bool:
        definition = pinned.definition
        for claim in self._claims.get((pinned.buyer_id, value), ()):
            if self._came_later(claim, at) or not _same_place(definition, pinned, claim):
                continue
            case = self.desk.cases.get(claim.appointment_id)
            ended = claim.ended if case is None else has_ended(case.state)
            window = definition.duplicates.window
            over = at >= deadline(claim.submitted_at, window, definition.time_zone, definition.calendar)
            if not ended and not over:
                return True
        return False

    def _came_later(self, claim: _Claim, at: datetime) -> bool:
        """An older history may come in after what followed it. A submission of now comes after all that it finds in
        the books, even if a clock that was ahead wrote it."""
        return at < self.desk.now and claim.submitted_at > at

    def _claim(self, case: Case, digests: Digests, at: datetime) -> None:
        """Takes the contacts for the new appointment; whoever held them in the same place lets go of them."""
        pinned = case.pinned
        scope = _scope(pinned)
        for kind, value in digests.items():
            blocks = kind in pinned.definition.duplicates.keys
            claims = self._claims.setdefault((pinned.buyer_id, value), [])
            if blocks:
                before = [claim for claim in claims if claim.blocks and claim.scope == scope]
                blocks = not any(self._came_later(claim, at) for claim in before)
                self._let_go(before if blocks else [], kind)
            claims.append(_Claim(case.id, pinned.definition_id, pinned.supplier_id, at, scope, blocks, ended=False))
            self.desk.add(
                "contact_key",
                appointment_id=case.id,
                kind=kind.value,
                buyer_id=pinned.buyer_id,
                supplier_id=pinned.supplier_id,
                definition_id=pinned.definition_id,
                digest=value,
                scope=scope,
                blocks=blocks,
                submitted_at=at,
            )

    def _let_go(self, claims: list[_Claim], kind: ContactKind) -> None:
        pending = self.desk.rows.get("contact_key", [])
        for claim in claims:
            claim.blocks = False
            for row in pending:
                if row["appointment_id"] == claim.appointment_id and row["kind"] == kind.value:
                    row["blocks"] = False
            self.desk.connection.execute(
                update(t.contact_key)
                .where(t.contact_key.c.appointment_id == claim.appointment_id, t.contact_key.c.kind == kind.value)
                .values(blocks=False)
            )

    def _refuse(
        self,
        pinned: Pinned,
        submission: Submission,
        broken: tuple[Violation, ...],
        at: datetime,
        source_key: str | None,
    ) -> NotTaken:
        refusal_id = new_id()
        self.desk.connection.execute(
            insert_ignoring(self.desk.connection, t.intake_refusal),
            {
                "id": refusal_id,
                "supplier_id": pinned.supplier_id,
                "buyer_id": pinned.buyer_id,
                "definition_id": pinned.definition_id,
                "definition_version": pinned.definition_version,
                "reference": submission.reference,
                "channel": submission.channel,
                "source": submission.source,
                "violations": [
                    {"clause": violation.clause, "code": violation.code, "detail": violation.detail}
                    for violation in broken
                ],
                "submitted_at": at,
                "recorded_at": self.desk.now,
                "source_key": source_key,
            },
        )
        return NotTaken(refusal_id, broken)


def has_ended(earlier: Appointment | Any) -> bool:
    """Whether an earlier appointment, or its row, is out of the way: cancelled, or a final no-show worth nothing."""
    if earlier.schedule == Schedule.CANCELLED:
        return True
    return (
        earlier.outcome in NO_SHOWS
        and earlier.amount == 0
        and earlier.rebooking_at is None
        and earlier.verdict != Verdict.CONTESTED
    )


def _same_place(definition: Definition, pinned: Pinned, claim: _Claim) -> bool:
    scope = definition.duplicates.scope
    if scope is DuplicateScope.DEFINITION:
        return claim.definition_id == pinned.definition_id
    return scope is DuplicateScope.BUYER or claim.supplier_id == pinned.supplier_id


def _scope(pinned: Pinned) -> str:
    """What the definition counts as the same place, as the text under the unique index."""
    scope = pinned.definition.duplicates.scope
    owner = {
        DuplicateScope.DEFINITION: pinned.definition_id.hex,
        DuplicateScope.BUYER: pinned.buyer_id.hex,
        DuplicateScope.SUPPLIER: f"{pinned.buyer_id.hex}:{pinned.supplier_id.hex}",
    }[scope]
    return f"{scope.value}:{owner}"


def _prospect_row(submission: Submission, facts: Mapping[str, Any]) -> dict[str, Any]:
    prospect, consent, lead_created_at = submission.prospect, submission.consent, submission.lead_created_at
    return {
        "name": prospect.name,
        "email": prospect.email,
        "phone": prospect.phone,
        "company_name": prospect.company.name,
        "company_domain": prospect.company.domain,
        "company_number": prospect.company.number,
        "region": prospect.region,
        "facts": facts,
        "consent": None
        if consent is None
        else {
            "basis": consent.basis,
            "captured_at": None if consent.captured_at is None else consent.captured_at.astimezone(UTC).isoformat(),
            "reference": consent.reference,
        },
        "lead_created_at": None if lead_created_at is None else lead_created_at.astimezone(UTC),
    }


def commitment(salt: str, person: Mapping[str, Any]) -> str:
    """The salted hash of the personal data, which the chain holds in the person's place."""
    data = dumps(person, sort=True)
    return "sha256:" + hashlib.sha256(salt.encode() + b"\0" + data).hexdigest()


def personal(prospect: Prospect) -> dict[str, Any]:
    """A prospect as the API shows it."""
    company = prospect.company
    return {
        "name": prospect.name,
        "email": prospect.email,
        "phone": prospect.phone,
        "company": {"name": company.name, "domain": company.domain, "number": company.number},
        "region": prospect.region,
    }


def _chunks(values: list[str]) -> Iterable[list[str]]:
    for start in range(0, len(values), IN_CHUNKS):
        yield values[start : start + IN_CHUNKS]
