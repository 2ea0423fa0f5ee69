"""What the database itself refuses, whoever asks: records do not change, and no migration loses a trigger."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import JSON, Connection, Engine, Table, TypeDecorator, inspect, select, table, text
from sqlalchemy import column as sql_column
from sqlalchemy.exc import DatabaseError

from invoices.payments import supplier_document_hash
from ledger.domain.errors import Unavailable
from ledger.domain.journal import EntryKind
from ledger.domain.lifecycle import EventKind
from ledger.services import access, logins, private
from ledger.store import migrate, triggers
from ledger.store import tables as t
from ledger.store.engine import make_engine
from ledger.store.types import Instant, new_id

AT = datetime(2026, 10, 5, 9, tzinfo=UTC)

VALUES: Mapping[str, Mapping[str, Any]] = {
    "acceptance": {"party": "buyer"},
    "appointment_event": {"kind": next(iter(EventKind)).value},
    "bank_line_aside": {"number": 1, "reason": "x"},
    "chain_link": {"kind": "event"},
    "credit_request": {"amount": 1, "own_limit": 1},
    "deposit": {"amount": 1},
    "document": {"kind": "invoice", "mode": "statement", "line_count": 0, "corrects_id": None},
    "document_file": {"kind": "pdf"},
    "document_line": {"amount": 1, "tax_category": "S", "outcome": None},
    "document_response": {"position": "accept"},
    "entry": {"kind": next(iter(EntryKind)).value},
    "evidence": {"grade": "A", "party": "buyer"},
    "payment": {"amount": 1, "kind": "payment"},
    "supplier_document": {"net": 1},
    "transfer": {"amount": 1},
    "definition_version": {"number": 1},
    "agreement_version": {"number": 1},
}
"""What the constraints of a table ask for, where a stand-in of the column's type would not do."""

STAND_INS: Mapping[type, Callable[[], Any]] = {
    bool: lambda: False,
    bytes: lambda: b"",
    date: AT.date,
    dict: dict,
    int: lambda: 0,
    UUID: new_id,
}


def insert_row(engine: Engine, name: str, **given: Any) -> None:
    """One row on its own: foreign keys are somebody else's business here."""
    target = t.metadata.tables[name]
    row = {column.name: stand_in(target, column.name) for column in target.c} | dict(VALUES.get(name, {})) | given
    with engine.connect() as connection:
        trusting(connection)
        connection.execute(target.insert().values(row))
        connection.commit()


def stand_in(target: Table, name: str) -> Any:
    column = target.c[name]
    if column.nullable:
        return None
    if isinstance(column.type, TypeDecorator):
        return AT if isinstance(column.type, Instant) else "x"
    return {} if isinstance(column.type, JSON) else STAND_INS[column.type.python_type]()


def trusting(connection: Connection) -> None:
    """Turns foreign keys off for the insertion alone; the triggers of PostgreSQL come back with the next one."""
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
    else:
        connection.execute(text("SET LOCAL session_replication_role = replica"))


def execute(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def assert_refused(engine: Engine, statement: str) -> None:
    with pytest.raises(DatabaseError, match=r"append-only|immutable"):
        execute(engine, statement)


@pytest.mark.parametrize("name", triggers.APPEND_ONLY)
def test_a_record_is_neither_changed_nor_deleted(engine: Engine, name: str) -> None:
    insert_row(engine, name)
    columns = [column.name for column in t.metadata.tables[name].c]
    for column in columns:
        assert_refused(engine, f"UPDATE {name} SET {column} = {column}")
    assert_refused(engine, f"DELETE FROM {name}")
    if engine.dialect.name == "postgresql":
        assert_refused(engine, f"TRUNCATE {name} CASCADE")
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() == 1


def test_a_draft_may_change_and_a_published_version_never(engine: Engine) -> None:
    insert_row(engine, "definition_version")
    execute(engine, "UPDATE definition_version SET document = '{}'")
    execute(engine, "DELETE FROM definition_version")
    insert_row(engine, "definition_version", number=2, published_at=AT, effective_from=AT, hash="sha256:x")
    assert_refused(engine, "UPDATE definition_version SET document = '{}'")
    assert_refused(engine, "UPDATE definition_version SET published_at = NULL, effective_from = NULL, hash = NULL")
    assert_refused(engine, "DELETE FROM definition_version")


def test_every_trigger_of_the_inventory_is_there(engine: Engine) -> None:
    with engine.connect() as connection:
        assert triggers.inventory() == triggers.existing(connection) - truncations()


def test_a_missing_trigger_is_noticed(engine: Engine) -> None:
    on = "" if engine.dialect.name == "sqlite" else " ON entry"
    with engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER entry_no_update{on}"))
        with pytest.raises(RuntimeError, match="entry_no_update"):
            triggers.assert_inventory(connection)
        triggers.recreate(connection)
        triggers.assert_inventory(connection)


def truncations() -> frozenset[str]:
    """What PostgreSQL has on top: SQLite knows no TRUNCATE."""
    return frozenset(f"{name}_no_truncate" for name in (*triggers.APPEND_ONLY, triggers.PUBLISHED))


def test_down_and_up_again_is_the_same_database(database_url: str) -> None:
    def shape() -> tuple[set[str], frozenset[str]]:
        engine = make_engine(database_url)
        with engine.connect() as connection:
            found = set(inspect(connection).get_table_names()), triggers.existing(connection)
        engine.dispose()
        return found

    before = shape()
    migrate.downgrade(database_url, "base")
    assert shape() == ({"alembic_version"}, frozenset())
    assert migrate.current(database_url) is None
    migrate.upgrade(database_url)
    assert shape() == before
    assert migrate.current(database_url) == migrate.newest()


def test_an_older_installation_keeps_its_evidence_from_now_on_sealed(database_url: str) -> None:
    migrate.downgrade(database_url, "0001")
    engine, appointment = make_engine(database_url), new_id()
    insert_row(engine, "prospect", appointment_id=appointment, salt="the key of this person")
    insert_row(engine, "evidence", appointment_id=appointment, content=b"what the camera saw")
    engine.dispose()
    migrate.upgrade(database_url)
    engine = make_engine(database_url)
    with engine.connect() as connection:
        kept = connection.execute(select(t.evidence_item.c.content)).scalar_one()
        assert b"camera" not in kept
        assert private.opened_content(private.key_of(connection, appointment), kept) == b"what the camera saw"
        deferred = {key["name"] for key in inspect(connection).get_foreign_keys("appointment") if key["options"]}
        assert deferred == {f"fk_appointment_{name}_appointment" for name in ("replaces_id", "replaced_by_id")}
    assert_refused(engine, "DELETE FROM evidence")
    engine.dispose()


def test_what_suppliers_issued_before_is_sealed_as_it_is_recorded(database_url: str) -> None:
    migrate.downgrade(database_url, "0003")
    row = {
        "document_id": new_id(), "buyer_id": new_id(), "supplier_id": new_id(), "number": "R-7",
        "issued_on": date(2026, 11, 2), "net": 18000, "tax": 3600, "prepaid": 0, "recorded_at": AT, "actor": "ann",
    }  # fmt: skip
    columns = [column for column in t.supplier_document.c if column.name != "hash"]
    older = table(t.supplier_document.name, *(sql_column(column.name, column.type) for column in columns))
    engine = make_engine(database_url)
    with engine.connect() as connection:
        trusting(connection)
        connection.execute(older.insert().values(row))
        connection.commit()
    engine.dispose()
    migrate.upgrade(database_url)
    engine = make_engine(database_url)
    with engine.connect() as connection:
        assert connection.execute(select(t.supplier_document.c.hash)).scalar_one() == supplier_document_hash(row)
    assert_refused(engine, "DELETE FROM supplier_document")
    engine.dispose()


def test_second_factors_of_an_older_installation_are_sealed_and_go_on(database_url: str) -> None:
    migrate.downgrade(database_url, "0007")
    engine, person = make_engine(database_url), new_id()
    insert_row(engine, "user_account", id=person, totp_secret=(plain := "JBSWY3DPEHPK3PXP"), totp_step=7)
    engine.dispose()
    with pytest.raises(CommandError, match="SECRET_KEY"):
        migrate.upgrade(database_url)
    migrate.upgrade(database_url, key="the key")
    engine = make_engine(database_url)
    with engine.connect() as connection:
        user = access.user(connection, person)
    engine.dispose()
    assert plain not in str(dict(user)) and user["totp_step"] == 7
    assert logins.opened_factor(user, "the key") == plain
    with pytest.raises(Unavailable):
        logins.opened_factor(user, "another key")
    migrate.downgrade(database_url, "0007", key="the key")
    engine = make_engine(database_url)
    with engine.connect() as connection:
        assert access.user(connection, person)["totp_secret"] == plain
    engine.dispose()


def test_the_migrations_make_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, t.metadata) == []
