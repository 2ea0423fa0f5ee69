"""Rules of a prospect submitted anew after his no-show: that is the rebooking of one chain, never a second one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from ledger.domain.errors import Conflict
from ledger.domain.lifecycle import Party, Verdict
from ledger.services import disputes
from tests.services.market import ATTENDED, DAY, MONDAY, NO_SHOW, TUESDAY, Document, Market

HOUR = timedelta(hours=1)
SEEN = TUESDAY + HOUR
AGAIN = TUESDAY + 3 * DAY
REFUSED = [("duplicates", "duplicate")]
ADA: dict[str, Any] = {"email": "ada@mill.example", "phone": "020 7946 0018"}


def missed(house: Market, **named: Any) -> UUID:
    """A no-show that can be rebooked until ten days after `SEEN`."""
    identity = house.taken(reference="S-1", **ADA, **named)
    house.find(identity, NO_SHOW, SEEN)
    return identity


def anew(house: Market, reference: str = "S-2", *, at: Any = SEEN + HOUR, starts_at: Any = AGAIN, **who: Any) -> UUID:
    return house.taken(reference=reference, at=at, starts_at=starts_at, **(who or {"email": ADA["email"]}))


def test_a_prospect_submitted_anew_is_rebooked_and_billed_once(engine: Engine) -> None:
    house = Market(engine)
    first = missed(house)
    assert anew(house) == first
    state = house.state(first)
    assert (state.verdict, state.rebookings, [slot.starts_at for slot in state.slots]) == (
        Verdict.PENDING,
        1,
        [TUESDAY, AGAIN],
    )
    assert house.events(first)[-1].payload["reference"] == "S-2"
    with pytest.raises(Conflict) as known:
        house.submit(reference="S-2", at=SEEN + 2 * HOUR, starts_at=AGAIN, email="somebody@else.example")
    assert (known.value.code, known.value.existing_id) == ("duplicate_reference", str(first))
    assert house.refused(reference="S-3", at=SEEN + 2 * HOUR, starts_at=AGAIN + DAY, **ADA) == REFUSED
    house.find(first, ATTENDED, AGAIN + HOUR)
    assert house.accrued(first) == [20500]
    assert house.replayed(first) == house.state(first)


def test_what_is_no_rebooking_is_a_duplicate(engine: Engine) -> None:
    house = Market(engine)
    first = missed(house)
    window_ends = house.state(first).rebooking_at
    assert window_ends is not None
    at = SEEN + HOUR
    assert house.refused("best-leads", "B-1", at=at, starts_at=AGAIN, **ADA) == REFUSED
    assert house.refused(reference="S-2", at=at, starts_at=window_ends, **ADA) == REFUSED
    assert house.refused(reference="S-3", at=window_ends, starts_at=window_ends + DAY, **ADA) == REFUSED
    house.taken(reference="S-4", phone="020 7946 0099")
    other = {"email": ADA["email"], "phone": "020 7946 0099"}
    assert house.refused(reference="S-5", at=at, starts_at=AGAIN, **other) == REFUSED, "and somebody else's contact"
    assert house.state(first).rebookings == 0


def test_while_disputed_he_is_a_duplicate(engine: Engine) -> None:
    house = Market(engine)
    first = missed(house)
    house.command(
        first,
        Party.SUPPLIER,
        SEEN,
        lambda desk, case, actor: disputes.open_dispute(desk, case, "attended_after_all", ATTENDED, None, actor, SEEN),
    )
    assert house.refused(reference="S-2", at=SEEN + HOUR, starts_at=AGAIN, **ADA) == REFUSED


def test_he_is_known_again_although_the_duplicate_window_is_over(engine: Engine) -> None:
    house = Market(engine, lambda d: d["duplicates"].update(window={"days": 10}))
    first = missed(house, at=TUESDAY - 20 * DAY)
    assert anew(house) == first


def test_other_rules_of_intake_and_full_caps_hold_for_him_too(engine: Engine) -> None:
    def capped(document: Document) -> None:
        document["intake"]["caps"] = {"day": 1, "week": 2, "month": 2}
        document["intake"]["submit_before"] = {"hours": 2}

    house = Market(engine, capped)
    first = missed(house)
    house.taken(reference="S-9", at=MONDAY, starts_at=AGAIN)
    at = SEEN + HOUR
    assert house.refused(reference="S-2", at=at, starts_at=AGAIN + HOUR, **ADA) == [("intake.caps.day", "cap_reached")]
    assert house.refused(reference="S-2", at=at, starts_at=at + HOUR, **ADA) == [
        ("intake.submit_before", "submitted_too_late")
    ]
    assert anew(house, starts_at=AGAIN + DAY) == first, "its week and month count it already"
