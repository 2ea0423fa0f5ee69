from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from ledger.domain.lifecycle import Appointment, CriterionFinding, Finding, Schedule, Verdict
from ledger.domain.terms import Outcome
from ledger.services.cases import DEADLINES, Case, changed, changing
from ledger.services.contracts import Pinned
from tests.domain.states import END, SLOT, booked, slot_at, terms

TERMS = terms()
BEFORE = booked(TERMS)
PINNED = Pinned(UUID(int=1), UUID(int=2), UUID(int=3), 1, "", TERMS, UUID(int=4), 1, cast(Any, None))
OTHER: dict[str, Any] = {
    "slots": (SLOT, slot_at(END)),
    "criteria": dict.fromkeys(BEFORE.criteria, CriterionFinding.REFUTED),
    "schedule": Schedule.CANCELLED,
    "attendance": Finding.ATTENDED,
    "verdict": Verdict.CONTESTED,
    "outcome": Outcome.ATTENDED,
    "verdict_by": "buyer",
    "verdict_at": END,
    "dispute": {"reason": "wrong_person"},
    "decided": ("attendance",),
    **dict.fromkeys(DEADLINES, END + timedelta(days=1)),
    **dict.fromkeys(("minutes", "share", "position", "price", "amount", "held", "credited"), 7),
    **dict.fromkeys(("reschedules", "rebookings"), 7),
    "counted_start": END,
    "replaces_id": UUID(int=10),
    "replaced_by_id": UUID(int=11),
    "version": 2,
}
"""For every field that a move may change, a value that it had not before."""


def test_every_field_that_moves_change_is_looked_at() -> None:
    assert set(OTHER) == set(Appointment._fields) - {"submitted_at", "claims"}


@pytest.mark.parametrize("name", OTHER)
def test_what_a_move_changed_is_written_and_nothing_else(name: str) -> None:
    after = BEFORE._replace(**{name: OTHER[name]})
    case = Case(UUID(int=9), PINNED, "S-1", after, 1, BEFORE)
    stored, wanted = changing(Case(UUID(int=9), PINNED, "S-1", BEFORE, 1)), changing(case)
    assert changed(case) == {column: value for column, value in wanted.items() if value != stored[column]} != {}
