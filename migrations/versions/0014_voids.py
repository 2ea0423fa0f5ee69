"""who voided a document, and why

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import ledger.store.types
from ledger.store import triggers

revision = "0014"
down_revision = "0013"
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
"""The tables that were append-only as of this revision."""

GUARDED_BEFORE = tuple(name for name in APPEND_ONLY if name != "document_void")


def upgrade() -> None:
    triggers.drop(op.get_bind(), GUARDED_BEFORE)
    op.create_table(
        "document_void",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_document_void_document_id_document")),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_document_void_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_document_void_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_void")),
    )
    op.create_index(op.f("ix_document_void_supplier_id_buyer_id"), "document_void", ["supplier_id", "buyer_id"])
    triggers.recreate(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    triggers.drop(op.get_bind(), APPEND_ONLY)
    op.drop_table("document_void")
    triggers.recreate(op.get_bind(), GUARDED_BEFORE)
