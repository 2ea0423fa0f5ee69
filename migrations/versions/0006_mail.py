"""people are told by e-mail

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import ledger.store.types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = "kind IN ('digest', 'refusals', 'verdicts', 'disputes', 'decisions', 'documents', 'self_billing')"
STATES = "state IN ('pending', 'sent', 'failed', 'dropped')"


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString(), ledger.store.types.Instant()
    op.create_table(
        "mail_cause",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("kind", text, nullable=False),
        sa.Column("source", text, nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("source_number", sa.Integer(), nullable=False),
        sa.Column("happened_at", instant, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", instant, nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("expires_at", instant, nullable=True),
        sa.Column("answer", text, nullable=True),
        sa.Column("finished_at", instant, nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("ck_mail_cause_kind")),
        sa.CheckConstraint(STATES, name=op.f("ck_mail_cause_state")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_mail_cause_user_id_user_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_mail_cause_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_cause")),
        sa.UniqueConstraint(
            "user_id",
            "kind",
            "source",
            "source_id",
            "source_number",
            name=op.f("uq_mail_cause_user_id_kind_source_source_id_source_number"),
        ),
    )
    op.create_index("ix_mail_cause_organisation_id", "mail_cause", ["organisation_id"])
    op.create_index("ix_mail_cause_created_at", "mail_cause", ["created_at"])
    pending = sa.text("state = 'pending'")
    op.create_index("ix_mail_cause_pending", "mail_cause", ["due_at"], postgresql_where=pending, sqlite_where=pending)
    op.create_table(
        "mail_wish",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_mail_wish_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_mail_wish_user_id_user_account")),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_mail_wish")),
    )
    op.create_table(
        "mail_look",
        sa.Column("name", text, nullable=False),
        sa.Column("tells_from", instant, nullable=False),
        sa.Column("looked_until", instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mail_look")),
    )


def downgrade() -> None:
    for table in ("mail_look", "mail_wish", "mail_cause"):
        op.drop_table(table)
