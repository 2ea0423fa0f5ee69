"""The triggers that make records immutable, for both engines, and the inventory that proves they are there.

Owns the DDL. Every migration ends with `assert_inventory`, because SQLite's batch migrations recreate tables and
drop their triggers silently.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

APPEND_ONLY = (
    "acceptance",
    "account_change",
    "activity",
    "agreement_version",
    "appointment_event",
    "bank_line",
    "bank_line_aside",
    "branding",
    "chain_link",
    "credit_grant",
    "credit_request",
    "deposit",
    "dispute_message",
    "document",
    "document_file",
    "document_line",
    "document_response",
    "document_void",
    "download",
    "entry",
    "erasure",
    "evidence",
    "linked_reference",
    "logo",
    "organisation_change",
    "payment",
    "payment_file",
    "payment_file_item",
    "sale",
    "supplier_document",
    "transfer",
)
"""Tables whose rows are never changed or deleted."""

PUBLISHED = "definition_version"
"""Rows of this table are immutable once `published_at` is set."""

LINES_ADD_UP = "document_lines_add_up"

LINES_COME_FIRST = "document_line_comes_first"
"""An issued document gets no further lines."""


def inventory(append_only: Sequence[str] = APPEND_ONLY) -> frozenset[str]:
    """The names of every trigger that must exist."""
    names = {f"{table}_no_{action}" for table in (*append_only, PUBLISHED) for action in ("update", "delete")}
    return frozenset(names | {LINES_ADD_UP, LINES_COME_FIRST})


def create_statements(dialect: str, append_only: Sequence[str] = APPEND_ONLY) -> Iterator[str]:
    """The DDL that creates all of them."""
    yield from _sqlite(append_only) if dialect == "sqlite" else _postgresql(append_only)


def drop_statements(dialect: str, append_only: Sequence[str] = APPEND_ONLY) -> Iterator[str]:
    for table in (*append_only, PUBLISHED):
        for action in ("update", "delete"):
            suffix = "" if dialect == "sqlite" else f" ON {table}"
            yield f"DROP TRIGGER IF EXISTS {table}_no_{action}{suffix}"
    yield f"DROP TRIGGER IF EXISTS {LINES_ADD_UP}" + ("" if dialect == "sqlite" else " ON document")
    yield f"DROP TRIGGER IF EXISTS {LINES_COME_FIRST}" + ("" if dialect == "sqlite" else " ON document_line")
    if dialect == "postgresql":
        for table in (*append_only, PUBLISHED):
            yield f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}"
        yield "DROP FUNCTION IF EXISTS refuse_change()"
        yield "DROP FUNCTION IF EXISTS check_document_lines()"
        yield "DROP FUNCTION IF EXISTS check_line_comes_first()"


SUM_OF_LINES = """
    (NEW.line_count, NEW.line_count, NEW.net) <> (
        SELECT COUNT(*),
            COALESCE(SUM(CASE WHEN supplier_id = NEW.supplier_id AND buyer_id = NEW.buyer_id THEN 1 ELSE 0 END), 0),
            COALESCE(SUM(amount), 0)
        FROM document_line WHERE document_id = NEW.id
    )
    OR (NEW.kind = 'credit_note' AND EXISTS (
        SELECT 1 FROM document_line AS given
        LEFT JOIN document_line AS charged
            ON charged.document_id = given.corrects_document_id AND charged.number = given.corrects_number
        WHERE given.document_id = NEW.id AND (
            charged.document_id IS NULL OR charged.document_id <> NEW.corrects_id
            OR charged.amount < (
                SELECT SUM(each.amount) FROM document_line AS each
                WHERE each.corrects_document_id = charged.document_id AND each.corrects_number = charged.number
            )
        )
    ))
"""
"""What must not be when a document is issued: lines that do not add up or are others', credits beyond their line."""


def _sqlite(append_only: Sequence[str]) -> Iterator[str]:
    for table in append_only:
        for action in ("update", "delete"):
            yield (
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    for action in ("update", "delete"):
        yield (
            f"CREATE TRIGGER {PUBLISHED}_no_{action} BEFORE {action.upper()} ON {PUBLISHED} "
            f"WHEN OLD.published_at IS NOT NULL "
            f"BEGIN SELECT RAISE(ABORT, 'a published version is immutable'); END"
        )
    yield (
        f"CREATE TRIGGER {LINES_ADD_UP} BEFORE INSERT ON document WHEN {SUM_OF_LINES} "
        "BEGIN SELECT RAISE(ABORT, 'the lines do not add up to the document'); END"
    )
    yield (
        f"CREATE TRIGGER {LINES_COME_FIRST} AFTER INSERT ON document_line "  # noqa: S608 - names of this module
        "WHEN EXISTS (SELECT 1 FROM document WHERE id = NEW.document_id) "
        "BEGIN SELECT RAISE(ABORT, 'the document is issued'); END"
    )


def _postgresql(append_only: Sequence[str]) -> Iterator[str]:
    yield (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    yield (
        "CREATE OR REPLACE FUNCTION check_document_lines() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {SUM_OF_LINES} THEN RAISE EXCEPTION 'the lines do not add up to the document' "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    for table in (*append_only, PUBLISHED):
        when = "WHEN (OLD.published_at IS NOT NULL) " if table == PUBLISHED else ""
        for action in ("update", "delete"):
            yield (
                f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
                f"FOR EACH ROW {when}EXECUTE FUNCTION refuse_change()"
            )
        yield (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    yield (
        f"CREATE TRIGGER {LINES_ADD_UP} BEFORE INSERT ON document FOR EACH ROW EXECUTE FUNCTION check_document_lines()"
    )
    yield (
        "CREATE OR REPLACE FUNCTION check_line_comes_first() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN IF EXISTS (SELECT 1 FROM document WHERE id IN (SELECT document_id FROM added)) "
        "THEN RAISE EXCEPTION 'the document is issued' USING ERRCODE = 'check_violation'; END IF; RETURN NULL; END $$"
    )
    yield (
        f"CREATE TRIGGER {LINES_COME_FIRST} AFTER INSERT ON document_line REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION check_line_comes_first()"
    )


def existing(connection: Connection) -> frozenset[str]:
    """The names of the triggers that the database has."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
    )
    return frozenset(connection.execute(text(query)).scalars())


def assert_inventory(connection: Connection, append_only: Sequence[str] = APPEND_ONLY) -> None:
    """Raises where a trigger is missing."""
    missing = inventory(append_only) - existing(connection)
    if missing:
        raise RuntimeError(f"triggers are missing: {', '.join(sorted(missing))}")


def drop(connection: Connection, append_only: Sequence[str] = APPEND_ONLY) -> None:
    """Drops all triggers, so that a migration can change what they guard."""
    _execute(connection, drop_statements(connection.dialect.name, append_only))


def recreate(connection: Connection, append_only: Sequence[str] = APPEND_ONLY) -> None:
    """Drops and creates all triggers, then checks the inventory: the last step of every migration.

    A revision that others follow names the tables that are append-only as of itself.
    """
    drop(connection, append_only)
    _execute(connection, create_statements(connection.dialect.name, append_only))
    assert_inventory(connection, append_only)


def _execute(connection: Connection, statements: Iterator[str]) -> None:
    for statement in statements:
        connection.execute(text(statement.replace(":", "\\:")))
