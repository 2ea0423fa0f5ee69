"""What PostgreSQL writes behind its caller's back is what it would have written before his eyes, or nothing."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DataError

from ledger.domain.errors import Unavailable
from ledger.store import tables as t
from ledger.store.behind import Behind, writing_behind
from ledger.store.bulk import WORTH_COPYING, insert_rows
from ledger.store.engine import Contended, make_engine, reading, writing
from ledger.store.prepared import Prepared
from ledger.store.types import new_id

NOW = datetime(2026, 3, 2, 9, 30, 0, 250_000, tzinfo=UTC)
AWKWARD = ["plain", "", "\\N", "\\", "a\tb", "a\nb\r", "100 %s %", "née “x” 日本 😀", '{"a": "b\\"c"}', "\\t"]
MANY = 5_000
"""More than a socket holds, so that the server has to be waited for."""


@pytest.fixture
def line(postgresql_url: str) -> Iterator[Engine]:
    engine = make_engine(postgresql_url)
    yield engine
    engine.dispose()


def organisation(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "slug": f"s-{number:05d}",
        "kind": "buyer",
        "legal_name": AWKWARD[number % len(AWKWARD)] or "-",
        "address": {"country": "GB", "line1": AWKWARD[number % len(AWKWARD)]},
        "vat_id": None if number % 3 else AWKWARD[number % len(AWKWARD)],
        "vat_registered": number % 2 == 0,
        "time_zone": "Europe/London",
        "version": number,
        "created_at": (NOW + timedelta(microseconds=number)).astimezone(timezone(timedelta(hours=number % 3))),
        **changes,
    }


def stored(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    columns = [t.organisation.c[name] for name in rows[0]]
    found = connection.execute(select(*columns).order_by(t.organisation.c.slug))
    return [row._asdict() for row in found]


def test_rows_are_copied_as_they_are(engine: Engine) -> None:
    rows = [organisation(number) for number in range(WORTH_COPYING * 2)]
    with writing(engine) as connection:
        insert_rows(connection, t.organisation, rows)
        assert stored(connection, rows) == rows


def test_a_nul_is_no_part_of_what_is_copied(line: Engine) -> None:
    rows = [organisation(number, legal_name="a\0b") for number in range(WORTH_COPYING)]
    with pytest.raises((DataError, ValueError)), writing(line) as connection:
        insert_rows(connection, t.organisation, rows)


def test_whoever_asks_finds_what_was_ordered_before(line: Engine) -> None:
    first, second = ([organisation(number) for number in range(start, start + MANY)] for start in (0, MANY))
    with writing(line) as connection, writing_behind(connection) as behind:
        insert_rows(behind.connection, t.organisation, first)
        insert_rows(behind.connection, t.organisation, second[:-1])
        insert_rows(behind.connection, t.organisation, second[-1:])
        behind.go_on()
        assert stored(behind.connection, first) == [*first, *second]
    with reading(line) as connection:
        assert connection.execute(select(func.count()).select_from(t.organisation)).scalar_one() == 2 * MANY


def test_what_is_asked_behind_is_asked_in_its_turn(line: Engine) -> None:
    first, second = ([organisation(number) for number in range(start, start + MANY)] for start in (0, MANY))
    how_many = Prepared(select(func.count().label("rows")).select_from(t.organisation))
    with writing(line) as connection, writing_behind(connection) as behind:
        insert_rows(behind.connection, t.organisation, first)
        answers = behind.ask([(how_many, {}), (how_many, {})])
        insert_rows(behind.connection, t.organisation, second)
        assert [rows for ((rows,),) in answers()] == [MANY, MANY]
        ((found,),) = behind.ask([(how_many, {})])()
        assert found.rows == 2 * MANY


def clash(behind: Behind) -> None:
    rows = [organisation(number) for number in range(WORTH_COPYING)]
    insert_rows(behind.connection, t.organisation, rows)
    insert_rows(behind.connection, t.organisation, [*rows[1:], rows[1]])
    insert_rows(behind.connection, t.organisation, [organisation(number + MANY) for number in range(WORTH_COPYING)])


def ask_in_vain(behind: Behind) -> None:
    rows = [organisation(number) for number in range(WORTH_COPYING)]
    insert_rows(behind.connection, t.organisation, [*rows, rows[0]])
    behind.ask([(Prepared(select(t.organisation.c.id)), {})])()


def leave(_: Behind) -> None:
    raise Unavailable("the caller has had enough")


def cut(behind: Behind) -> None:
    own = behind.connection.execute(select(func.pg_backend_pid())).scalar_one()
    with behind.connection.engine.connect() as other:
        other.execute(select(func.pg_terminate_backend(own, 10_000)))
    clash(behind)


def insert_and(line: Engine, happens: Callable[[Behind], None]) -> None:
    with writing(line) as connection, writing_behind(connection) as behind:
        insert_rows(behind.connection, t.organisation, [organisation(2 * MANY + number) for number in range(MANY)])
        happens(behind)


@pytest.mark.parametrize(
    ("happens", "raised"), [(clash, Contended), (ask_in_vain, Contended), (leave, Unavailable), (cut, Unavailable)]
)
def test_after_an_error_nothing_is_written_and_the_engine_goes_on(
    line: Engine, happens: Callable[[Behind], None], raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        insert_and(line, happens)
    with writing(line) as connection:
        assert connection.execute(select(t.organisation.c.id)).first() is None
        insert_rows(connection, t.organisation, [organisation(number) for number in range(WORTH_COPYING)])
