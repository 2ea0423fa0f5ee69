"""Evidence that should have had an effect and had none is told."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from ledger.services import verify_evidence
from ledger.services.verify import look_over
from ledger.store.engine import reading
from tests.services.market import NO_SHOW, TUESDAY, Document, Market
from tests.services.meetings import PROSPECT_WAITED, TWENTY_TWO_MINUTES, at, show
from tests.verify.houses import MAY

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FOUND = TUESDAY + timedelta(hours=1)


def by_evidence(document: Document) -> None:
    document["verification"]["silence"] = "evidence_then_accept"


def told(engine: Engine) -> list[tuple[str, str]]:
    """The checks that name an appointment, with its reference."""
    with reading(engine) as connection:
        report = look_over(connection, verify_evidence.SWEEPS, MAY)
    return sorted((fault.check, fault.where.partition("(")[2]) for fault in report.faults)


def test_evidence_without_the_effect_that_it_must_have_is_told(engine: Engine) -> None:
    house = Market(engine, by_evidence)
    right, silent, disputed, given = (house.taken(reference=f"S-{number}") for number in range(4))
    show(house, right, PROSPECT_WAITED, at(40))
    house.find(disputed, NO_SHOW, FOUND)
    show(house, disputed, TWENTY_TWO_MINUTES, FOUND)
    house.find(given, NO_SHOW, FOUND)
    house.settle(TUESDAY + timedelta(days=3))
    assert told(engine) == []
    show(house, silent, PROSPECT_WAITED, at(40), weighed=False)
    show(house, given, TWENTY_TWO_MINUTES, FOUND, weighed=False)
    assert told(engine) == [("contradictions disputed", "S-3)"), ("evidence for the silent", "S-1)")]
