"""people choose the language and the clock of their pages

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column("user_account", sa.Column("time_zone", sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    op.drop_column("user_account", "time_zone")
    op.drop_column("user_account", "language")
