"""provenance: the layout that made a file, and the hash of what a supplier issued himself

Revision ID: 0004
Revises: 0003
"""

from datetime import UTC

import sqlalchemy as sa
import sqlmodel
from alembic import op

import ledger.store.types
from ledger.domain.canonical import content_hash
from ledger.store import triggers

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GUARDED_BEFORE = (
    "acceptance",
    "activity",
    "agreement_version",
    "appointment_event",
    "bank_line",
    "branding",
    "chain_link",
    "credit_grant",
    "credit_request",
    "deposit",
    "dispute_message",
    "document",
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
APPEND_ONLY = (*GUARDED_BEFORE, "document_file")
"""The tables that were append-only as of this revision."""

OWN = sa.table(
    "supplier_document",
    sa.column("document_id", sa.Uuid()),
    sa.column("buyer_id", sa.Uuid()),
    sa.column("supplier_id", sa.Uuid()),
    sa.column("number", sa.String()),
    sa.column("issued_on", sa.Date()),
    sa.column("net", sa.BigInteger()),
    sa.column("tax", sa.BigInteger()),
    sa.column("prepaid", sa.BigInteger()),
    sa.column("recorded_at", ledger.store.types.Instant()),
    sa.column("actor", sa.String()),
    sa.column("hash", sa.String()),
)


def upgrade() -> None:
    triggers.drop(op.get_bind(), GUARDED_BEFORE)
    op.add_column("document_file", sa.Column("layout", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column("supplier_document", sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    _seal()
    with op.batch_alter_table("supplier_document", schema=None) as batch_op:
        batch_op.alter_column("hash", existing_type=sqlmodel.sql.sqltypes.AutoString(), nullable=False)
    triggers.recreate(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    triggers.drop(op.get_bind(), APPEND_ONLY)
    with op.batch_alter_table("supplier_document", schema=None) as batch_op:
        batch_op.drop_column("hash")
    op.drop_column("document_file", "layout")
    triggers.recreate(op.get_bind(), GUARDED_BEFORE)


def _seal() -> None:
    """Documents from before get the hash of what is recorded of them now."""
    bind = op.get_bind()
    for row in bind.execute(sa.select(OWN)).mappings().all():
        values = {name: row[name] for name in ("number", "net", "tax", "prepaid", "actor")}
        values |= {name: str(row[name]) for name in ("document_id", "buyer_id", "supplier_id", "issued_on")}
        sealed = content_hash({**values, "recorded_at": row["recorded_at"].astimezone(UTC).isoformat()})
        bind.execute(sa.update(OWN).where(OWN.c.document_id == row["document_id"]).values(hash=sealed))
