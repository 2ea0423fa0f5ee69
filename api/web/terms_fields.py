"""The form of a definition, declared: every part of the terms document, its fields, and the words beside them.

Owns labels and hints alone. How a form becomes a document and back is in `terms_form.py`; what a document must say is
the domain's.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ledger.domain import terms, wording

Choices = tuple[tuple[str, str], ...]


class Kind(StrEnum):
    TEXT = "text"
    WHOLE = "whole"
    PERCENT = "percent"
    SPAN = "span"
    CHOICE = "choice"
    FLAG = "flag"
    LINES = "lines"
    MARKS = "marks"
    VALUE = "value"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `path` is dotted, within its row where it belongs to one. `optional` ones may be left empty."""

    path: str
    label: str
    kind: Kind = Kind.TEXT
    hint: str = ""
    choices: Choices = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of objects. `key` is the field that names each in a document that is no list, but an object."""

    path: str
    one: str
    fields: tuple[Field, ...]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    about: str
    fields: tuple[Field | Rows, ...]


def _words(names: type[StrEnum]) -> Choices:
    return tuple((name.value, name.value.replace("_", " ").capitalize()) for name in names)


def _span(path: str, label: str, hint: str = "", *, optional: bool = False) -> Field:
    return Field(path, label, Kind.SPAN, hint, optional=optional)


UNITS: Final = _words(terms.Unit)
_STANDARDS: Final[Choices] = tuple((s.value, said.capitalize()) for s, said in wording.STANDARDS.items())
_LABEL: Final = Field("label", "In words", hint="as both sides read it", optional=True)
_REASON: Final = (
    Field("code", "Code", hint="letters, digits, _ and -"),
    _LABEL,
    Field("evidence", "Evidence", Kind.CHOICE, choices=_STANDARDS),
)
_ANCHORS: Final[Choices] = (("slot_end", "The end of the slot"), ("delivery", "The later of that and the submission"))
_CONSENT: Final = (
    Field("required", "Consent needed", Kind.FLAG),
    Field("bases", "Bases taken", Kind.LINES, "one a line, such as opt_in", optional=True),
    _span("max_age", "Not older than", "empty: any age", optional=True),
)


def _within(prefix: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(
        Field(f"{prefix}.{each.path}", each.label, each.kind, each.hint, each.choices, each.optional) for each in fields
    )


PARTS: Final = (
    Part(
        "The definition",
        "What it is called, and by which clock and calendar its times run.",
        (
            Field("name", "Name"),
            Field("slug", "Short name", hint="small letters, digits, _ and -; stays as it is"),
            Field("currency", "Currency", hint="ISO 4217, such as GBP; stays once published"),
            Field("time_zone", "Time zone", hint="IANA name, such as Europe/London"),
            Field("calendar", "Calendar of business days", hint="a country such as PT, or a part such as GB-ENG"),
            Field("effective_from", "Proposed beginning", Kind.INSTANT, "settled on publishing", optional=True),
        ),
    ),
    Part(
        "Facts",
        "What the supplier states about each prospect.",
        (
            Rows(
                "facts",
                "fact",
                (
                    Field("name", "Name", hint="as submissions name it"),
                    _LABEL,
                    Field("type", "Type", Kind.CHOICE, choices=_words(terms.FactType)),
                    Field("choices", "Choices", Kind.LINES, "one a line; for the type choice", optional=True),
                ),
                key="name",
            ),
        ),
    ),
    Part(
        "Who qualifies",
        "A required criterion that is refuted makes an appointment disqualified; a bonus that is confirmed earns more.",
        (
            Rows(
                "criteria",
                "criterion",
                (
                    Field("id", "Id", hint="letters, digits, _ and -"),
                    _LABEL,
                    Field("fact", "Fact", hint="one of those above"),
                    Field("operator", "Test", Kind.CHOICE, choices=_words(terms.Operator)),
                    Field("value", "Value", Kind.VALUE, "several: one a line; between: the lower first", optional=True),
                    Field("kind", "Kind", Kind.CHOICE, choices=_words(terms.CriterionKind)),
                    Field("evidence", "Evidence", Kind.CHOICE, choices=_STANDARDS),
                    Field(
                        "missing",
                        "If the fact is missing",
                        Kind.CHOICE,
                        choices=(("reject", "The submission is refused"), ("unproven", "It is unproven")),
                    ),
                ),
            ),
        ),
    ),
    Part(
        "What may be submitted",
        "A submission that breaks one of these is refused, and told which.",
        (
            Field("intake.channels", "Channels", Kind.LINES, "one a line"),
            _span("intake.submit_before", "At least this long before the start", "0: until the start"),
            _span("intake.backdated_grace", "Taken this long after the start", "0: never after it"),
            _span("intake.lead_age", "Lead not older than", "empty: any age", optional=True),
            Field("intake.suppressions", "Refuse who is on the suppression list", Kind.FLAG),
            *_within("intake.consent", _CONSENT),
            Rows(
                "intake.consent.regions",
                "region with its own rule",
                (Field("region", "Region", hint="ISO 3166, such as DE or GB-KEN"), *_CONSENT),
            ),
            Field("intake.caps.day", "Most a day", Kind.WHOLE, "per supplier, by the slot; empty: no cap", (), True),
            Field("intake.caps.week", "Most a week", Kind.WHOLE, "", (), True),
            Field("intake.caps.month", "Most a month", Kind.WHOLE, "", (), True),
        ),
    ),
    Part(
        "Duplicates",
        "The first valid submission of a prospect wins.",
        (
            Field("duplicates.keys", "Known again by", Kind.MARKS, choices=_words(terms.ContactKind)),
            _span("duplicates.window", "Looking back"),
            Field(
                "duplicates.scope",
                "Among",
                Kind.CHOICE,
                choices=(
                    ("definition", "All under this definition"),
                    ("buyer", "All of the buyer's"),
                    ("supplier", "The same supplier's"),
                ),
            ),
        ),
    ),
    Part(
        "What counts as attended",
        "Minutes are those that both sides were there together.",
        (
            Field("attendance.minimum_minutes", "Minimum minutes together", Kind.WHOLE, "fewer: cut short"),
            _span("attendance.wait", "Whoever came waits"),
            Field("attendance.contact_attempts", "Contact attempts owed before a no-show", Kind.WHOLE),
            Field(
                "attendance.present",
                "On the prospect's side it takes",
                Kind.CHOICE,
                choices=tuple((p.value, said.capitalize()) for p, said in wording.PRESENT.items()),
            ),
            Field(
                "attendance.proof_grades",
                "Evidence that may prove it without the buyer",
                Kind.MARKS,
                choices=tuple((grade, f"{grade}: {said}") for grade, said in wording.GRADES.items()),
            ),
        ),
    ),
    Part(
        "What each outcome is worth",
        "A share of the price, in percent. An outcome without one does not publish.",
        tuple(
            Field(f"outcomes.{outcome}", said, Kind.PERCENT, optional=True)
            for outcome, said in wording.OUTCOMES.items()
        ),
    ),
    Part(
        "Rescheduling, rebooking, cancelling",
        "",
        (
            Field("reschedule.limit", "Reschedules", Kind.WHOLE),
            _span("reschedule.within", "To a start within", "of the first slot's start"),
            _span("reschedule.counts_from", "A change of the start counts from", "less is a correction"),
            Field("rebooking.limit", "Rebookings after a no-show", Kind.WHOLE),
            _span("rebooking.within", "Rebooked within", "0: a no-show is final at once"),
            _span("notice.late_within", "A cancellation by the buyer is late in the last"),
        ),
    ),
    Part(
        "The buyer's findings",
        "Until when the buyer says what happened, and what silence means.",
        (
            _span("verification.window", "Window"),
            Field("verification.anchor", "It runs from", Kind.CHOICE, choices=_ANCHORS),
            Field(
                "verification.silence",
                "Silence",
                Kind.CHOICE,
                choices=tuple((s.value, f"{said[:1].upper()}{said[1:]}") for s, said in wording.SILENCE.items()),
            ),
        ),
    ),
    Part(
        "Disputes",
        "How the supplier contests, and how a dispute ends.",
        (
            _span("dispute.contest_window", "The supplier contests within", "of the verdict"),
            _span("dispute.reply_window", "The other side replies within"),
            Field(
                "dispute.no_reply",
                "No reply",
                Kind.CHOICE,
                choices=tuple((n.value, f"{said[:1].upper()}{said[1:]}") for n, said in wording.NO_REPLY.items()),
            ),
            _span("dispute.decision_window", "The arbiter decides within", "empty: no window", optional=True),
            Rows("dispute.reasons", "reason that counts", _REASON),
            Field("dispute.not_reasons", "What does not count", Kind.LINES, "one code a line", optional=True),
        ),
    ),
    Part(
        "Clawback",
        "What the buyer may claim back after acceptance.",
        (
            _span("clawback.window", "Claimed within", "0: never"),
            Field("clawback.anchor", "It runs from", Kind.CHOICE, choices=_ANCHORS),
            Field("clawback.return_cap", "Most of a month's, in percent", Kind.PERCENT, "empty: no cap", (), True),
            Rows(
                "clawback.reasons",
                "reason to claim back",
                (
                    *_REASON,
                    Field("remedy.kind", "Remedy", Kind.CHOICE, choices=_words(terms.RemedyKind)),
                    Field("remedy.share", "Share that remains", Kind.PERCENT, "for partial", (), True),
                    _span("remedy.expires", "Replaced within", "for replacement", optional=True),
                ),
            ),
        ),
    ),
)
