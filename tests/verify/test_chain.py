"""The chain: everything once, in the order of recording, by any number of builders, the same on both engines."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from invoices.verify import run_checks
from ledger.services import chain
from ledger.services.chain import head, linked_items
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading
from tests.services.market import ATTENDED, MONDAY, TUESDAY, Market
from tests.verify.houses import NOON, House

COPIED = (
    "organisation", "definition", "definition_version", "agreement", "agreement_version", "appointment",
    "appointment_event", "account", "entry", "transfer",
)  # fmt: skip


def linked(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(t.chain_link)).scalar_one()


def there(engine: Engine) -> int:
    with reading(engine) as connection:
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (t.appointment_event, t.entry)
        )


def filled(engine: Engine, count: int = 12) -> Market:
    market = Market(engine, suppliers=("acme-calls",))
    for number in range(count):
        identity = market.taken(reference=f"S-{number}", at=MONDAY, starts_at=TUESDAY)
        market.find(identity, ATTENDED, TUESDAY + NOON)
    return market


def whole(engine: Engine) -> bool:
    return not [fault for fault in run_checks(engine, None, MONDAY).faults if fault.check == "chain"]


def test_everything_is_linked_once_and_in_the_order_of_recording(engine: Engine) -> None:
    filled(engine)
    assert chain.extend(engine) == there(engine) == linked(engine)
    assert chain.extend(engine) == 0
    with reading(engine) as connection:
        order = list(connection.execute(select(t.chain_link.c.recorded_at).order_by(t.chain_link.c.sequence)).scalars())
    assert order == sorted(order)
    assert whole(engine)


def test_what_is_linked_goes_on_from_the_head(engine: Engine) -> None:
    market = filled(engine, 2)
    chain.extend(engine)
    with reading(engine) as connection:
        before = head(connection)
    market.taken(reference="later", at=TUESDAY + NOON, starts_at=TUESDAY + 2 * NOON)
    assert chain.extend(engine) == 1
    with reading(engine) as connection:
        hashes = [stored for _, stored, _ in linked_items(connection)]
    assert hashes[-2] == before
    assert whole(engine)


def test_whoever_commits_late_is_picked_up(engine: Engine) -> None:
    market = filled(engine, 2)
    chain.extend(engine)
    market.taken(reference="late", at=TUESDAY + NOON - timedelta(minutes=50), starts_at=TUESDAY + 2 * NOON)
    assert chain.extend(engine) == 1
    assert whole(engine)


def test_whoever_commits_very_late_is_found_by_a_full_sweep(engine: Engine) -> None:
    market = filled(engine, 2)
    chain.extend(engine)
    market.taken(reference="very-late", at=MONDAY, starts_at=TUESDAY)
    assert chain.extend(engine) == 0
    assert chain.extend(engine, full=True) == 1
    assert whole(engine)


def test_two_builders_at_once_link_everything_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both read the same state first, then write a few links at a time."""
    filled(engine)
    monkeypatch.setattr(chain, "BATCH", 5)
    gate = threading.Barrier(2, timeout=30)
    waited = threading.local()
    read: Callable[..., object] = chain._unlinked

    def both_read(*arguments: object) -> object:
        found = list(read(*arguments))  # type: ignore[call-overload]
        if not getattr(waited, "read", False):
            waited.read = True
            gate.wait()
        return iter(found)

    monkeypatch.setattr(chain, "_unlinked", both_read)
    counts: list[int] = []
    builders = [threading.Thread(target=lambda: counts.append(chain.extend(engine))) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(60)
    assert len(counts) == 2
    assert linked(engine) == there(engine)
    assert sum(counts) >= there(engine)
    assert whole(engine)


def test_the_same_rows_have_the_same_head_on_both_engines(sqlite_house: House, postgresql_url: str) -> None:
    target = make_engine(postgresql_url)
    with reading(sqlite_house.engine) as source, target.begin() as connection:
        for name in COPIED:
            table = t.metadata.tables[name]
            rows = [dict(row) for row in source.execute(select(table)).mappings()]
            connection.execute(table.insert(), rows)
    chain.extend(target, full=True)
    copy = _rechained(sqlite_house)
    with reading(target) as connection:
        assert head(connection) == copy
    target.dispose()


def _rechained(house: House) -> str | None:
    """The head that the house's rows have when they are linked in one go, as in the copy."""
    with reading(house.engine) as connection:
        items = sorted(
            (item for _, _, item in linked_items(connection) if item is not None),
            key=lambda item: (item.recorded_at, item.id, item.number),
        )
    previous: str | None = None
    for item in items:
        previous = chain.next_hash(previous, item)
    return previous
