"""What the evidence on record says about appointments, as the domain reads it: one query for as many as are asked.

Owns the way from rows to `ledger.domain.attendance`, which appointments of a unit of work need it, and the picture of
one appointment that its readers are given.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from ledger.domain.attendance import PROOF, Intervals, Presence, Reading, presence, shown, waiting
from ledger.domain.lifecycle import Party, Verdict
from ledger.domain.outcome import Findings
from ledger.domain.terms import Silence
from ledger.services.cases import Case
from ledger.store import tables as t
from ledger.store.prepared import Prepared, among, ids

_item = t.evidence_item.c
_RECEIVED = Prepared(
    select(
        _item.appointment_id, _item.said, _item.grade, _item.party, _item.kind, _item.occurred_at, _item.received_at
    ).where(among(_item.appointment_id, ids("appointments")))
)


def decide_silence(case: Case) -> bool:
    """Whether what silence will mean depends on evidence. An appointment that was never written has none."""
    silence = case.pinned.definition.verification.silence
    return silence is Silence.EVIDENCE_THEN_ACCEPT and case.state.verdict is Verdict.PENDING and case.stored > 0


def gather(connection: Connection, appointment_ids: Iterable[UUID]) -> dict[UUID, list[Reading]]:
    """Everything received about these appointments, by appointment; one without evidence is not named."""
    wanted, found = list(appointment_ids), dict[UUID, list[Reading]]()
    for row in _RECEIVED.all(connection, {"appointments": wanted}) if wanted else ():
        found.setdefault(row.appointment_id, []).append(Reading(*row[1:]))
    return found


@dataclass(frozen=True, slots=True)
class Picture:
    """What the evidence of one grade shows of an appointment's last slot; `findings` is for grade A alone."""

    grade: str
    presence: Presence
    findings: Findings | None


def pictures(connection: Connection, case: Case, at: datetime) -> list[Picture]:
    """By grade, as far as evidence of it saw somebody or has a log."""
    found = gather(connection, (case.id,)).get(case.id, [])
    definition, slot = case.pinned.definition, case.state.slot
    drawn = []
    for grade in sorted({reading.grade for reading in found}):
        seen = presence(slot, (reading for reading in found if reading.grade == grade))
        if seen.sessions:
            drawn.append(Picture(grade, seen, shown(definition, slot, found, at) if grade == PROOF else None))
    return drawn


def as_json(case: Case, picture: Picture) -> dict[str, Any]:
    """The picture as clients read it; `waiting` is how long the one who came must wait."""
    seen, findings = picture.presence, picture.findings
    starts_at, until = waiting(case.pinned.definition, case.state.slot)
    return {
        "grade": picture.grade,
        "minutes": seen.minutes,
        "needed": case.pinned.definition.attendance.minimum_minutes,
        "prospect": _spans(seen.of(Party.PROSPECT)),
        "buyer": _spans(seen.of(Party.BUYER)),
        "unidentified": _spans(seen.of(None)),
        "together": _spans(seen.together),
        "logged": _spans(seen.covered),
        "waiting": {"from": starts_at, "until": until},
        "shows": None if findings is None else {"attendance": findings.attendance.value, "minutes": findings.minutes},
    }


def _spans(intervals: Intervals) -> list[dict[str, datetime]]:
    return [{"from": since, "until": until} for since, until in intervals]
