"""how far an agreement is billed, so that a month's run need not look at what was billed years ago

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from ledger.store.types import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TRIGGERS = (("accrual_comes_late", "INSERT"), ("accrual_opens_late", "UPDATE"))
BILLED = """
    UPDATE agreement SET billed_before = (SELECT max(effective_at) FROM accrual WHERE agreement_id = agreement.id)
    WHERE NOT EXISTS (
        SELECT 1 FROM accrual WHERE agreement_id = agreement.id AND state = 'open' AND amount > 0 AND NOT EXISTS (
            SELECT 1 FROM document_line
            WHERE document_line.supplier_id = accrual.supplier_id AND document_line.accrual_id = accrual.id
        )
    )
"""
"""Where nothing waits, all that there is was billed; elsewhere the next run finds out."""


def upgrade() -> None:
    op.add_column("agreement", sa.Column("billed_before", Instant(), nullable=True))
    op.execute(BILLED)
    for statement in _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql():
        op.execute(statement)


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, _ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name}" + ("" if on_sqlite else " ON accrual"))
    if not on_sqlite:
        op.execute("DROP FUNCTION bill_from_here()")
    op.drop_column("agreement", "billed_before")


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {name} AFTER {event} ON accrual WHEN NEW.state = 'open' AND NEW.amount > 0 "
        "BEGIN UPDATE agreement SET billed_before = NEW.effective_at "
        "WHERE id = NEW.agreement_id AND billed_before > NEW.effective_at; END"
        for name, event in TRIGGERS
    ]


def _postgresql() -> list[str]:
    function = (
        "CREATE FUNCTION bill_from_here() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN UPDATE agreement SET billed_before = late.first FROM ("
        "SELECT agreement_id, min(effective_at) AS first FROM added WHERE state = 'open' AND amount > 0 "
        "GROUP BY agreement_id) AS late "
        "WHERE agreement.id = late.agreement_id AND agreement.billed_before > late.first; RETURN NULL; END $$"
    )
    return [function] + [
        f"CREATE TRIGGER {name} AFTER {event} ON accrual REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION bill_from_here()"
        for name, event in TRIGGERS
    ]
