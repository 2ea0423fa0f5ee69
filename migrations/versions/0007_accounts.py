"""accounts: sessions, recovery codes, identities at a provider; endpoints that are changed and switched off

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import ledger.store.types
from ledger.store import triggers

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "acceptance",
    "account_change",
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

GUARDED_BEFORE = tuple(name for name in APPEND_ONLY if name != "account_change")

REASONS = "ck_webhook_endpoint_disabled_because"


def upgrade() -> None:
    triggers.drop(op.get_bind(), GUARDED_BEFORE)
    op.create_table(
        "login_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("way", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("device", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("began_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("seen_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("proved_at", ledger.store.types.Instant(), nullable=False),
        sa.CheckConstraint("way IN ('password', 'provider')", name=op.f("ck_login_session_way")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_login_session_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
    )
    op.create_index(op.f("ix_login_session_user_id"), "login_session", ["user_id"], unique=False)

    op.create_table(
        "recovery_code",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("made_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("used_at", ledger.store.types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_recovery_code_user_id_user_account")),
        sa.PrimaryKeyConstraint("user_id", "digest", name=op.f("pk_recovery_code")),
    )

    op.create_table(
        "login_identity",
        sa.Column("issuer", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("bound_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_login_identity_user_id_user_account")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_login_identity")),
        sa.UniqueConstraint("user_id", "issuer", name=op.f("uq_login_identity_user_id_issuer")),
    )

    op.create_table(
        "account_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("what", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_account_change_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_account_change_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_change")),
    )
    op.create_index(op.f("ix_account_change_user_id"), "account_change", ["user_id"], unique=False)
    op.create_index(op.f("ix_account_change_organisation_id"), "account_change", ["organisation_id"], unique=False)

    _allow(("gone", "failing", "asked"), sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    triggers.recreate(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    triggers.drop(op.get_bind(), APPEND_ONLY)
    op.execute("UPDATE webhook_endpoint SET disabled_because = 'failing' WHERE disabled_because = 'asked'")
    _allow(("gone", "failing"), None)
    op.drop_table("account_change")
    op.drop_table("login_identity")
    op.drop_table("recovery_code")
    op.drop_table("login_session")
    triggers.recreate(op.get_bind(), GUARDED_BEFORE)


def _allow(reasons: tuple[str, ...], version: sa.Column[int] | None) -> None:
    """Which reasons an endpoint may be disabled for. SQLite writes the table anew; no trigger hangs on it."""
    allowed = f"disabled_because IN ({', '.join(repr(reason) for reason in reasons)})"
    with op.batch_alter_table("webhook_endpoint") as batch:
        batch.drop_constraint(op.f(REASONS), type_="check")
        batch.create_check_constraint(op.f(REASONS), sa.text(allowed))
        if version is None:
            batch.drop_column("version")
        else:
            batch.add_column(version)
