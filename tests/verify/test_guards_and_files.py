"""What lies around the rows: triggers that are gone or switched off, kept files, values that nobody can read."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from invoices.storage import storage_at
from invoices.verify import sweeps
from ledger.services import verify_records
from ledger.services.verify import Report, look_over
from ledger.store import tables as t
from ledger.store import triggers
from ledger.store.engine import reading
from tests.verify.houses import MAY, House


def told(report: Report) -> set[tuple[str, str]]:
    return {(fault.check, fault.where) for fault in report.faults}


def test_every_missing_trigger_is_found(house: House) -> None:
    """One after the other is taken away and named with those before it; to all other checks it makes no difference."""
    (guards,) = (sweep for sweep in sweeps(house.storage) if verify_records.GUARDS in sweep.checks)
    missing: set[tuple[str, str]] = set()
    with house.damaged(lambda _connection: None) as connection:
        for name in sorted(triggers.inventory()):
            _take_away(connection, name)
            missing.add((verify_records.GUARDS, name))
            assert told(look_over(connection, [guards], MAY)) == missing
        assert told(house.verified(connection)) == missing


def _take_away(connection: Connection, trigger: str) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"DROP TRIGGER {trigger}"))
        return
    table = connection.execute(
        text("SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = :name"), {"name": trigger}
    ).scalar_one()
    connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}"))
    connection.connection.info.clear()  # the driver lets go of what is prepared, where a table is altered


def test_a_trigger_that_lets_everything_pass_is_none(sqlite_house: House) -> None:
    with sqlite_house.damaged(lambda _connection: None) as connection:
        connection.execute(text("DROP TRIGGER entry_no_update"))
        connection.execute(text("CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT 1; END"))
        assert told(sqlite_house.verified(connection)) == {("triggers", "entry_no_update")}


def test_one_byte_of_a_kept_file_is_enough(house: House) -> None:
    file = house.row(t.document_file)
    path = house.folder / file.location
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    try:
        with reading(house.engine) as connection:
            found = told(house.verified(connection))
    finally:
        path.write_bytes(before)
    assert found == {("stored files", f"{file.location} of document {file.document_id}")}


def test_kept_files_that_are_gone_are_found(house: House, tmp_path: Path) -> None:
    elsewhere = House.__new__(House)
    elsewhere.storage = storage_at(str(tmp_path))
    with reading(house.engine) as connection:
        faults = elsewhere.verified(connection).faults
    assert [fault.check for fault in faults] == ["stored files"] * 4


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("appointment", "slots"),
        ("appointment_event", "payload"),
        ("appointment_event", "kind"),
        ("document", "content"),
        ("prospect", "facts"),
        ("agreement_version", "document"),
        ("accrual", "effective_at"),
    ],
)
def test_what_cannot_even_be_read_is_a_fault_and_stops_nothing_else(
    sqlite_house: House, table: str, column: str
) -> None:
    statement = f"UPDATE {table} SET {column} = '{{broken'"

    def harm(connection: Connection) -> None:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(text(statement.replace(":", "\\:")))

    with sqlite_house.damaged(harm) as connection:
        report = sqlite_house.verified(connection)
        connection.execute(text("PRAGMA ignore_check_constraints = OFF"))
    assert report.faults
    assert len(report.checks) > 30
