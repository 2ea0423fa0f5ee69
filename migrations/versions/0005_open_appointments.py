"""indexes of what waits for a buyer, however many appointments there are

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OPEN = "verdict = 'pending' AND schedule = 'booked'"


def upgrade() -> None:
    for name, column, other in (("start", "starts_at", "next_due_at"), ("due", "next_due_at", "starts_at")):
        op.create_index(
            f"ix_appointment_open_{name}",
            "appointment",
            ["buyer_id", column, "id", other],
            postgresql_where=sa.text(OPEN),
            sqlite_where=sa.text(OPEN),
        )


def downgrade() -> None:
    for name in ("due", "start"):
        op.drop_index(f"ix_appointment_open_{name}", table_name="appointment")
