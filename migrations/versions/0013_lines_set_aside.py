"""lines of bank statements that concern no document are set aside with a reason, and taken back

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import ledger.store.types
from ledger.store import triggers

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

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
"""The tables that were append-only as of this revision."""

GUARDED_BEFORE = tuple(name for name in APPEND_ONLY if name != "bank_line_aside")


def upgrade() -> None:
    triggers.drop(op.get_bind(), GUARDED_BEFORE)
    op.create_table(
        "bank_line_aside",
        sa.Column("bank_line_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "number > 0 AND (number % 2 = 1) = (reason IS NOT NULL)", name=op.f("ck_bank_line_aside_in_turn")
        ),
        sa.ForeignKeyConstraint(
            ["bank_line_id"], ["bank_line.id"], name=op.f("fk_bank_line_aside_bank_line_id_bank_line")
        ),
        sa.PrimaryKeyConstraint("bank_line_id", "number", name=op.f("pk_bank_line_aside")),
    )
    triggers.recreate(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    triggers.drop(op.get_bind(), APPEND_ONLY)
    op.drop_table("bank_line_aside")
    triggers.recreate(op.get_bind(), GUARDED_BEFORE)
