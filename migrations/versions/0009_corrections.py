"""what corrects an accrual, and what was delivered about an appointment, are found by index

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FOUND = (("accrual", "corrects_accrual_id"), ("incoming_delivery", "appointment_id"))


def upgrade() -> None:
    for table, column in FOUND:
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{table}_{column}", table, [column], postgresql_where=there, sqlite_where=there)


def downgrade() -> None:
    for table, column in reversed(FOUND):
        op.drop_index(f"ix_{table}_{column}", table_name=table)
