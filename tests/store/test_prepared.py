"""Statements that the driver runs give what SQLAlchemy gives: the same rows, the same errors."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, bindparam, event, func, select, update
from sqlalchemy.exc import DataError, IntegrityError

from ledger.domain.errors import Unavailable
from ledger.store import tables as t
from ledger.store.bulk import VALUES_AT_ONCE, insert_rows
from ledger.store.engine import Contended, make_engine, reading, writing
from ledger.store.prepared import Prepared, among, at_once, ids, texts, together
from ledger.store.types import new_id

NOW = datetime(2026, 3, 2, 9, 30, 0, 250_000, tzinfo=UTC)
NAMED = select(t.definition).where(among(t.definition.c.slug, texts("slugs"))).order_by(t.definition.c.slug)
SLUGS = ["a", "b", 'it\'s {c}, "d"', "\\e"]


@pytest.fixture
def buyer(engine: Engine) -> dict[str, object]:
    row = {
        "id": new_id(),
        "slug": "north-bank",
        "kind": "buyer",
        "legal_name": "North Bank",
        "address": {"country": "GB"},
        "vat_registered": False,
        "time_zone": "Europe/London",
        "version": 1,
        "created_at": NOW,
    }
    with writing(engine) as connection:
        insert_rows(connection, t.organisation, [row])
    return row


def test_rows_are_read_in_the_types_of_their_columns(engine: Engine, buyer: dict[str, object]) -> None:
    query = select(t.organisation).where(t.organisation.c.slug == bindparam("slug"))
    with reading(engine) as connection:
        (ours,) = Prepared(query).all(connection, {"slug": "north-bank"})
        theirs = connection.execute(query, {"slug": "north-bank"}).one()
    assert ours._asdict() == theirs._asdict()
    assert {name: getattr(ours, name) for name in buyer} == buyer


def test_columns_hold_what_rows_hold_whoever_listens(engine: Engine, buyer: dict[str, object]) -> None:
    query = Prepared(select(t.organisation).where(t.organisation.c.slug == bindparam("slug")))
    with reading(engine) as connection:
        (row,) = query.all(connection, {"slug": buyer["slug"]})
        alone = query.columns(connection, {"slug": buyer["slug"]})
        event.listen(engine, "before_cursor_execute", lambda *_: None)
        listened = query.columns(connection, {"slug": buyer["slug"]})
        for found in (alone, listened):
            assert {name: list(values) for name, values in found.items()} == {
                name: [value] for name, value in row._asdict().items()
            }
        assert query.columns(connection, {"slug": "unknown"}) == {}


def test_what_is_refused_at_the_end_of_a_transaction_is_raised_and_undone(engine: Engine) -> None:
    made = "CREATE TABLE pair (id INTEGER PRIMARY KEY, other INTEGER REFERENCES pair DEFERRABLE INITIALLY DEFERRED)"

    def pointing_at_nothing() -> None:
        with writing(engine) as connection:
            connection.exec_driver_sql(made)
            connection.exec_driver_sql("INSERT INTO pair VALUES (1, 2)")

    for _ in range(2):
        with pytest.raises(IntegrityError):
            pointing_at_nothing()


@pytest.mark.parametrize("wanted", [[], ["b"], SLUGS, ["b", "unknown"]], ids=["none", "one", "all", "some"])
def test_a_list_of_any_length_is_one_parameter(engine: Engine, buyer: dict[str, object], wanted: list[str]) -> None:
    rows = [{"id": new_id(), "buyer_id": buyer["id"], "slug": slug, "created_at": NOW} for slug in SLUGS]
    with writing(engine) as connection:
        insert_rows(connection, t.definition, rows)
        found = [row.slug for row in Prepared(NAMED).all(connection, {"slugs": wanted})]
    assert found == sorted(set(wanted) & set(SLUGS))


def test_many_rows_are_all_written_as_they_are(engine: Engine, buyer: dict[str, object]) -> None:
    rows = [
        {"id": new_id(), "buyer_id": buyer["id"], "slug": f"s-{number:04d}", "created_at": NOW}
        for number in range(VALUES_AT_ONCE // 4 * 2 + 3)
    ]
    wanted = [row["id"] for row in rows[::500]]
    chosen = Prepared(select(t.definition.c.slug).where(among(t.definition.c.id, ids("wanted"))))
    with writing(engine) as connection:
        insert_rows(connection, t.definition, rows)
        assert [row._asdict() for row in connection.execute(select(t.definition).order_by(t.definition.c.slug))] == rows
        assert {row.slug for row in chosen.all(connection, {"wanted": wanted})} == {row["slug"] for row in rows[::500]}


def test_a_list_is_looked_up_by_an_index(sqlite_url: str) -> None:
    key = t.contact_key.c
    query = select(key.kind).where(key.buyer_id == bindparam("buyer"), among(key.digest, texts("digests")))
    with reading(make_engine(sqlite_url)) as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query.compile(connection)}", (None, "[]"))
        assert any("(buyer_id=? AND digest=?)" in step.detail for step in plan)


def test_what_a_listener_hears_is_what_is_run(engine: Engine, buyer: dict[str, object]) -> None:
    query = Prepared(select(t.organisation.c.legal_name).where(t.organisation.c.slug == bindparam("slug")))
    with reading(engine) as connection:
        unheard = query.all(connection, {"slug": "north-bank"})
    heard: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: heard.append(statement))
    with reading(engine) as connection:
        assert query.all(connection, {"slug": "north-bank"}) == unheard == [(buyer["legal_name"],)]
    assert any("organisation" in statement for statement in heard)


def test_what_is_already_there_is_contended(engine: Engine, buyer: dict[str, object]) -> None:
    with pytest.raises((Contended, IntegrityError)), writing(engine) as connection:
        insert_rows(connection, t.organisation, [{**buyer, "id": new_id()}])
    with reading(engine) as connection:
        assert connection.execute(select(t.organisation.c.id)).scalars().all() == [buyer["id"]]


def test_a_write_is_undone_with_its_transaction(engine: Engine, buyer: dict[str, object]) -> None:
    this = t.organisation.c.id == bindparam("wanted")
    rename = Prepared(update(t.organisation).where(this).values(legal_name="Other"))
    with engine.connect() as connection, connection.begin() as transaction:
        assert rename.all(connection, {"wanted": buyer["id"]}) == []
        assert connection.execute(select(t.organisation.c.legal_name)).scalar_one() == "Other"
        transaction.rollback()
    with reading(engine) as connection:
        assert connection.execute(select(t.organisation.c.legal_name)).scalar_one() == "North Bank"


def named(buyer: dict[str, object], slug: str) -> dict[str, object]:
    return {"id": new_id(), "buyer_id": buyer["id"], "slug": slug, "created_at": NOW}


def test_what_is_asked_at_once_is_answered_each_for_itself(engine: Engine, buyer: dict[str, object]) -> None:
    names, count = Prepared(NAMED), Prepared(select(func.count().label("all")).select_from(t.definition))
    with writing(engine) as connection:
        insert_rows(connection, t.definition, [named(buyer, slug) for slug in SLUGS])
        first, second, third = at_once(connection, [(names, {"slugs": ["b"]}), (count, {}), (names, {"slugs": []})])
    assert [row.slug for row in first] == ["b"]
    assert [row.all for row in second] == [len(SLUGS)]
    assert third == []


def insert_together(engine: Engine, buyer: dict[str, object], *slugs: str) -> None:
    with writing(engine) as connection, together(connection):
        for slug in slugs:
            insert_rows(connection, t.definition, [named(buyer, slug)])


def test_what_is_written_together_is_refused_together(engine: Engine, buyer: dict[str, object]) -> None:
    with pytest.raises((Contended, IntegrityError)):
        insert_together(engine, buyer, "a", "b", "a")
    insert_together(engine, buyer, "c")
    with reading(engine) as connection:
        assert [row.slug for row in Prepared(NAMED).all(connection, {"slugs": [*SLUGS, "c"]})] == ["c"]


def test_a_text_does_not_end_at_a_nul(postgresql_url: str) -> None:
    with reading(make_engine(postgresql_url)) as connection, pytest.raises((DataError, ValueError)):
        Prepared(NAMED).all(connection, {"slugs": ["a\0b"]})


def cut_and_ask(engine: Engine) -> None:
    with writing(engine) as connection:
        own = connection.execute(select(func.pg_backend_pid())).scalar_one()
        with engine.connect() as other:
            other.execute(select(func.pg_terminate_backend(own, 10_000)))
        at_once(connection, [(Prepared(NAMED), {"slugs": ["a"]})] * 2)


def test_a_line_that_is_cut_while_several_are_asked_is_unavailable(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url)
    with pytest.raises(Unavailable):
        cut_and_ask(engine)
    with reading(engine) as connection:
        assert at_once(connection, [(Prepared(NAMED), {"slugs": ["a"]})] * 2) == [[], []]
