"""The form of a definition, declared: every part of the terms document, its fields, and the words beside them.

Owns labels and hints alone; those of an agreement are in `agreement_fields.py`. How a form becomes a document and back
is in `terms_form.py`; what a document must say is the domain's.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.languages import marked
from ledger.domain import terms, wording

Choices = tuple[tuple[str, str], ...]


class Kind(StrEnum):
    TEXT = "text"
    WHOLE = "whole"
    PERCENT = "percent"
    MONEY = "money"
    DAY = "day"
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
    currency: str = ""
    """Of an amount of money."""


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


def words_of(names: type[StrEnum]) -> Choices:
    return tuple((name.value, name.value.replace("_", " ").capitalize()) for name in names)


def span_of(path: str, label: str, hint: str = "", *, optional: bool = False) -> Field:
    return Field(path, label, Kind.SPAN, hint, optional=optional)


UNITS: Final = words_of(terms.Unit)
SPELLED: Final = (
    *(marked("minutes"), marked("hours"), marked("days"), marked("business days")),
    *(marked("Integer"), marked("Decimal"), marked("Boolean"), marked("String"), marked("Choice"), marked("Date")),
    *(marked("Equals"), marked("Not equals"), marked("In"), marked("Not in"), marked("At least"), marked("At most")),
    *(marked("Between"), marked("Matches"), marked("Present"), marked("Within region")),
    *(marked("Required"), marked("Bonus"), marked("Credit"), marked("Partial"), marked("Replacement")),
    *(marked("Email"), marked("Phone"), marked("Company domain"), marked("Company number")),
)
"""The choices that `words_of` spells by their codes, for whoever translates them."""
_STANDARDS: Final[Choices] = tuple((s.value, said.capitalize()) for s, said in wording.STANDARDS.items())
_LABEL: Final = Field("label", marked("In words"), hint=marked("as both sides read it"), optional=True)
_REASON: Final = (
    Field("code", marked("Code"), hint=marked("letters, digits, _ and -")),
    _LABEL,
    Field("evidence", marked("Evidence"), Kind.CHOICE, choices=_STANDARDS),
)
_ANCHORS: Final[Choices] = (
    ("slot_end", marked("The end of the slot")),
    ("delivery", marked("The later of that and the submission")),
)
_CONSENT: Final = (
    Field("required", marked("Consent needed"), Kind.FLAG),
    Field("bases", marked("Bases taken"), Kind.LINES, marked("one a line, such as opt_in"), optional=True),
    span_of("max_age", marked("Not older than"), marked("empty: any age"), optional=True),
)


def _within(prefix: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(
        Field(f"{prefix}.{each.path}", each.label, each.kind, each.hint, each.choices, each.optional) for each in fields
    )


PARTS: Final = (
    Part(
        marked("The definition"),
        marked("What it is called, and by which clock and calendar its times run."),
        (
            Field("name", marked("Name")),
            Field("slug", marked("Short name"), hint=marked("small letters, digits, _ and -; stays as it is")),
            Field("currency", marked("Currency"), hint=marked("ISO 4217, such as GBP; stays once published")),
            Field("time_zone", marked("Time zone"), hint=marked("IANA name, such as Europe/London")),
            Field(
                "calendar",
                marked("Calendar of business days"),
                hint=marked("a country such as PT, or a part such as GB-ENG"),
            ),
            Field(
                "effective_from",
                marked("Proposed beginning"),
                Kind.INSTANT,
                marked("settled on publishing"),
                optional=True,
            ),
        ),
    ),
    Part(
        marked("Facts"),
        marked("What the supplier states about each prospect."),
        (
            Rows(
                "facts",
                marked("fact"),
                (
                    Field("name", marked("Name"), hint=marked("as submissions name it")),
                    _LABEL,
                    Field("type", marked("Type"), Kind.CHOICE, choices=words_of(terms.FactType)),
                    Field(
                        "choices",
                        marked("Choices"),
                        Kind.LINES,
                        marked("one a line; for the type choice"),
                        optional=True,
                    ),
                ),
                key="name",
            ),
        ),
    ),
    Part(
        marked("Who qualifies"),
        marked(
            "A required criterion that is refuted makes an appointment disqualified; "
            "a bonus that is confirmed earns more."
        ),
        (
            Rows(
                "criteria",
                marked("criterion"),
                (
                    Field("id", marked("Id"), hint=marked("letters, digits, _ and -")),
                    _LABEL,
                    Field("fact", marked("Fact"), hint=marked("one of those above")),
                    Field("operator", marked("Test"), Kind.CHOICE, choices=words_of(terms.Operator)),
                    Field(
                        "value",
                        marked("Value"),
                        Kind.VALUE,
                        marked("several: one a line; between: the lower first"),
                        optional=True,
                    ),
                    Field("kind", marked("Kind"), Kind.CHOICE, choices=words_of(terms.CriterionKind)),
                    Field("evidence", marked("Evidence"), Kind.CHOICE, choices=_STANDARDS),
                    Field(
                        "missing",
                        marked("If the fact is missing"),
                        Kind.CHOICE,
                        choices=(
                            ("reject", marked("The submission is refused")),
                            ("unproven", marked("It is unproven")),
                        ),
                    ),
                ),
            ),
        ),
    ),
    Part(
        marked("What may be submitted"),
        marked("A submission that breaks one of these is refused, and told which."),
        (
            Field("intake.channels", marked("Channels"), Kind.LINES, marked("one a line")),
            span_of(
                "intake.submit_before", marked("At least this long before the start"), marked("0: until the start")
            ),
            span_of("intake.backdated_grace", marked("Taken this long after the start"), marked("0: never after it")),
            span_of("intake.lead_age", marked("Lead not older than"), marked("empty: any age"), optional=True),
            Field("intake.suppressions", marked("Refuse who is on the suppression list"), Kind.FLAG),
            *_within("intake.consent", _CONSENT),
            Rows(
                "intake.consent.regions",
                marked("region with its own rule"),
                (Field("region", marked("Region"), hint=marked("ISO 3166, such as DE or GB-KEN")), *_CONSENT),
            ),
            Field(
                "intake.caps.day",
                marked("Most a day"),
                Kind.WHOLE,
                marked("per supplier, by the slot; empty: no cap"),
                (),
                True,
            ),
            Field("intake.caps.week", marked("Most a week"), Kind.WHOLE, "", (), True),
            Field("intake.caps.month", marked("Most a month"), Kind.WHOLE, "", (), True),
        ),
    ),
    Part(
        marked("Duplicates"),
        marked("The first valid submission of a prospect wins."),
        (
            Field("duplicates.keys", marked("Known again by"), Kind.MARKS, choices=words_of(terms.ContactKind)),
            span_of("duplicates.window", marked("Looking back")),
            Field(
                "duplicates.scope",
                marked("Among"),
                Kind.CHOICE,
                choices=(
                    ("definition", marked("All under this definition")),
                    ("buyer", marked("All of the buyer's")),
                    ("supplier", marked("The same supplier's")),
                ),
            ),
        ),
    ),
    Part(
        marked("What counts as attended"),
        marked("Minutes are those that both sides were there together."),
        (
            Field(
                "attendance.minimum_minutes", marked("Minimum minutes together"), Kind.WHOLE, marked("fewer: cut short")
            ),
            span_of("attendance.wait", marked("Whoever came waits")),
            Field("attendance.contact_attempts", marked("Contact attempts owed before a no-show"), Kind.WHOLE),
            Field(
                "attendance.present",
                marked("On the prospect's side it takes"),
                Kind.CHOICE,
                choices=tuple((p.value, said.capitalize()) for p, said in wording.PRESENT.items()),
            ),
            Field(
                "attendance.proof_grades",
                marked("Evidence that may prove it without the buyer"),
                Kind.MARKS,
                choices=tuple((grade, f"{grade}: {said}") for grade, said in wording.GRADES.items()),
            ),
        ),
    ),
    Part(
        marked("What each outcome is worth"),
        marked("A share of the price, in percent. An outcome without one does not publish."),
        tuple(
            Field(f"outcomes.{outcome}", said, Kind.PERCENT, optional=True)
            for outcome, said in wording.OUTCOMES.items()
        ),
    ),
    Part(
        marked("Rescheduling, rebooking, cancelling"),
        "",
        (
            Field("reschedule.limit", marked("Reschedules"), Kind.WHOLE),
            span_of("reschedule.within", marked("To a start within"), marked("of the first slot's start")),
            span_of(
                "reschedule.counts_from", marked("A change of the start counts from"), marked("less is a correction")
            ),
            Field("rebooking.limit", marked("Rebookings after a no-show"), Kind.WHOLE),
            span_of("rebooking.within", marked("Rebooked within"), marked("0: a no-show is final at once")),
            span_of("notice.late_within", marked("A cancellation by the buyer is late in the last")),
        ),
    ),
    Part(
        marked("The buyer's findings"),
        marked("Until when the buyer says what happened, and what silence means."),
        (
            span_of("verification.window", marked("Window")),
            Field("verification.anchor", marked("It runs from"), Kind.CHOICE, choices=_ANCHORS),
            Field(
                "verification.silence",
                marked("Silence"),
                Kind.CHOICE,
                choices=tuple((s.value, f"{said[:1].upper()}{said[1:]}") for s, said in wording.SILENCE.items()),
            ),
        ),
    ),
    Part(
        marked("Disputes"),
        marked("How the supplier contests, and how a dispute ends."),
        (
            span_of("dispute.contest_window", marked("The supplier contests within"), marked("of the verdict")),
            span_of("dispute.reply_window", marked("The other side replies within")),
            Field(
                "dispute.no_reply",
                marked("No reply"),
                Kind.CHOICE,
                choices=tuple((n.value, f"{said[:1].upper()}{said[1:]}") for n, said in wording.NO_REPLY.items()),
            ),
            span_of(
                "dispute.decision_window",
                marked("The arbiter decides within"),
                marked("empty: no window"),
                optional=True,
            ),
            Rows("dispute.reasons", marked("reason that counts"), _REASON),
            Field(
                "dispute.not_reasons",
                marked("What does not count"),
                Kind.LINES,
                marked("one code a line"),
                optional=True,
            ),
        ),
    ),
    Part(
        marked("Clawback"),
        marked("What the buyer may claim back after acceptance."),
        (
            span_of("clawback.window", marked("Claimed within"), marked("0: never")),
            Field("clawback.anchor", marked("It runs from"), Kind.CHOICE, choices=_ANCHORS),
            Field(
                "clawback.return_cap",
                marked("Most of a month's, in percent"),
                Kind.PERCENT,
                marked("empty: no cap"),
                (),
                True,
            ),
            Rows(
                "clawback.reasons",
                marked("reason to claim back"),
                (
                    *_REASON,
                    Field("remedy.kind", marked("Remedy"), Kind.CHOICE, choices=words_of(terms.RemedyKind)),
                    Field("remedy.share", marked("Share that remains"), Kind.PERCENT, marked("for partial"), (), True),
                    span_of("remedy.expires", marked("Replaced within"), marked("for replacement"), optional=True),
                ),
            ),
        ),
    ),
)
