"""The terms document of a definition version: what it must say, and the frozen value it becomes.

Owns the schema clause by clause and finds every fault at once, each with its JSON pointer. A key whose value may be
null may be left out, and so may labels and empty lists; nothing else has a default. Refuses unknown fields. Whether
the terms are wise is the linter's question: an outcome without a share parses, and does not publish.
"""

from collections.abc import Mapping
from typing import Any, Final

from ledger.domain.calendar import is_calendar, is_zone
from ledger.domain.canonical import canonical, content_hash
from ledger.domain.clauses import read_clawback, read_criteria, read_dispute, read_facts, read_intake
from ledger.domain.facts import check_facts, facts_from_text
from ledger.domain.money import is_currency
from ledger.domain.reading import Faults, Fields, check_plain
from ledger.domain.terms import (
    Anchor,
    Attendance,
    ContactKind,
    Definition,
    Duplicates,
    DuplicateScope,
    Outcome,
    Present,
    Rebooking,
    Reschedule,
    Silence,
    Span,
    Verification,
)

__all__ = ["SLUG", "canonical", "check_facts", "content_hash", "facts_from_text", "parse_definition"]

SLUG: Final = r"[a-z0-9][a-z0-9_-]{0,62}"
"""What a slug may look like: it goes into addresses, and a colon would read as `buyer:slug`."""
WHOLE_SHARE: Final = 10_000
_MINUTES_OF_A_DAY: Final = 1_440
_GRADES: Final = ("A", "B", "C")


def parse_definition(document: Mapping[str, Any]) -> Definition:
    """The terms of a version. Raises `Malformed` with every fault of the document."""
    faults = Faults()
    check_plain(document, faults)
    root = Fields(document, "", faults)
    facts = read_facts(root.fields("facts"))
    definition = Definition(
        slug=root.text("slug", pattern=SLUG),
        name=root.text("name"),
        currency=_currency(root),
        time_zone=_time_zone(root),
        calendar=_calendar(root),
        effective_from=root.optional_instant("effective_from"),
        facts=facts,
        criteria=read_criteria(root, facts),
        attendance=_attendance(root.fields("attendance")),
        outcomes=_outcomes(root.fields("outcomes")),
        reschedule=_reschedule(root.fields("reschedule")),
        rebooking=_rebooking(root.fields("rebooking")),
        late_within=_notice(root),
        verification=_verification(root.fields("verification")),
        dispute=read_dispute(root.fields("dispute")),
        clawback=read_clawback(root.fields("clawback")),
        duplicates=_duplicates(root.fields("duplicates")),
        intake=read_intake(root.fields("intake")),
    )
    root.close()
    faults.raise_if_any("The definition")
    return definition


def _currency(root: Fields) -> str:
    code = root.text("currency")
    if code and not is_currency(code):
        root.fault("currency", f"{code!r} is not an ISO 4217 currency")
    return code


def _time_zone(root: Fields) -> str:
    name = root.text("time_zone")
    if name and not is_zone(name):
        root.fault("time_zone", f"{name!r} is not an IANA time zone")
    return name


def _calendar(root: Fields) -> str:
    name = root.text("calendar")
    if name and not is_calendar(name):
        root.fault("calendar", f"{name!r} is no known calendar: name a country such as PT, or a part such as GB-ENG")
    return name


def _attendance(fields: Fields) -> Attendance:
    attendance = Attendance(
        minimum_minutes=fields.integer("minimum_minutes", 0, _MINUTES_OF_A_DAY),
        wait=fields.span("wait"),
        contact_attempts=fields.integer("contact_attempts", 0, 1_000),
        present=fields.choice("present", Present),
        proof_grades=fields.texts("proof_grades", optional=True),
    )
    if any(grade not in _GRADES for grade in attendance.proof_grades):
        fields.fault("proof_grades", "may name the grades A, B and C only")
    fields.close()
    return attendance


def _outcomes(fields: Fields) -> dict[Outcome, int]:
    shares = {o: fields.integer(o, 0, WHOLE_SHARE) for o in Outcome if fields.has(o)}
    fields.close()
    return shares


def _reschedule(fields: Fields) -> Reschedule:
    reschedule = Reschedule(fields.integer("limit", 0, 1_000), fields.span("within"), fields.span("counts_from"))
    fields.close()
    return reschedule


def _rebooking(fields: Fields) -> Rebooking:
    rebooking = Rebooking(fields.span("within"), fields.integer("limit", 0, 1_000))
    fields.close()
    return rebooking


def _notice(root: Fields) -> Span:
    fields = root.fields("notice")
    late_within = fields.span("late_within")
    fields.close()
    return late_within


def _verification(fields: Fields) -> Verification:
    verification = Verification(
        window=fields.span("window"),
        anchor=fields.choice("anchor", Anchor),
        silence=fields.choice("silence", Silence),
    )
    fields.close()
    return verification


def _duplicates(fields: Fields) -> Duplicates:
    duplicates = Duplicates(
        keys=fields.choices("keys", ContactKind),
        window=fields.span("window"),
        scope=fields.choice("scope", DuplicateScope),
    )
    fields.close()
    return duplicates
