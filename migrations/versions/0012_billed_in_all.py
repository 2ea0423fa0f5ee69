"""takes the mark of 0011 away where an installation has it: a run looks at all of an agreement

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    if "billed_before" not in {column["name"] for column in sa.inspect(bind).get_columns("agreement")}:
        return
    on_sqlite = bind.dialect.name == "sqlite"
    for name in ("accrual_comes_late", "accrual_opens_late"):
        op.execute(f"DROP TRIGGER {name}" + ("" if on_sqlite else " ON accrual"))
    if not on_sqlite:
        op.execute("DROP FUNCTION bill_from_here()")
    op.drop_column("agreement", "billed_before")


def downgrade() -> None:
    """Nothing: the mark is only a shortcut, and no version needs it."""
