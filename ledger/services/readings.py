"""What the evidence on record says about appointments, as the domain reads it: one query for as many as are asked.

Owns the way from rows to `ledger.domain.attendance`, and which appointments of a unit of work need it.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, select

from ledger.domain.attendance import Reading
from ledger.domain.lifecycle import Verdict
from ledger.domain.terms import Silence
from ledger.services.cases import IN_CHUNKS, Case
from ledger.store import tables as t


def decide_silence(case: Case) -> bool:
    """Whether what silence will mean depends on evidence. An appointment that was never written has none."""
    silence = case.pinned.definition.verification.silence
    return silence is Silence.EVIDENCE_THEN_ACCEPT and case.state.verdict is Verdict.PENDING and case.stored > 0


def gather(connection: Connection, appointment_ids: Iterable[UUID]) -> dict[UUID, list[Reading]]:
    """Everything received about these appointments, by appointment; one without evidence is not named."""
    item = t.evidence_item.c
    wanted = list(appointment_ids)
    found: dict[UUID, list[Reading]] = {}
    for start in range(0, len(wanted), IN_CHUNKS):
        query = select(
            item.appointment_id, item.said, item.grade, item.party, item.kind, item.occurred_at, item.received_at
        ).where(item.appointment_id.in_(wanted[start : start + IN_CHUNKS]))
        for row in connection.execute(query):
            found.setdefault(row.appointment_id, []).append(Reading(*row[1:]))
    return found
