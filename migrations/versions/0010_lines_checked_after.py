"""SQLite sees that a line comes before its document once the line is written, which copies it once less

Revision ID: 0010
Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _check("AFTER")


def downgrade() -> None:
    _check("BEFORE")


def _check(moment: str) -> None:
    """PostgreSQL looks once a statement, as ever."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER document_line_comes_first")
        op.execute(
            f"CREATE TRIGGER document_line_comes_first {moment} INSERT ON document_line "
            "WHEN EXISTS (SELECT 1 FROM document WHERE id = NEW.document_id) "
            "BEGIN SELECT RAISE(ABORT, 'the document is issued'); END"
        )
