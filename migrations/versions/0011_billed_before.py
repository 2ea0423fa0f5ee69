"""how far an agreement is billed: a mark that made runs dearer, which nobody is given any more

Revision ID: 0011
Revises: 0010
"""

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing: 0012 takes the mark away from whoever was given it."""


def downgrade() -> None:
    """Nothing, likewise."""
