"""the spine: parties, contracts, appointments, journal, billing

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import ledger.store.types
from ledger.store import triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "acceptance",
    "agreement_version",
    "appointment_event",
    "bank_line",
    "chain_link",
    "credit_grant",
    "credit_request",
    "deposit",
    "dispute_message",
    "document",
    "document_line",
    "document_response",
    "entry",
    "evidence",
    "linked_reference",
    "organisation_change",
    "payment",
    "payment_file",
    "payment_file_item",
    "supplier_document",
    "transfer",
)


def upgrade() -> None:
    op.create_table(
        "chain_link",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("item_number", sa.Integer(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("kind IN ('event', 'entry')", name=op.f("ck_chain_link_kind")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_chain_link")),
        sa.UniqueConstraint("item_id", "item_number", name=op.f("uq_chain_link_item_id_item_number")),
    )
    op.create_table(
        "document_line",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("accrual_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("service_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("effective_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("confirmed", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("definition", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("definition_version", sa.Integer(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("bonus", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax_category", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column("corrects_document_id", sa.Uuid(), nullable=True),
        sa.Column("corrects_number", sa.Integer(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_document_line_amount")),
        sa.CheckConstraint("tax_category IN ('S', 'Z', 'E', 'AE', 'O')", name=op.f("ck_document_line_tax_category")),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_document_line")),
        sa.UniqueConstraint("supplier_id", "accrual_id", name=op.f("uq_document_line_supplier_id_accrual_id")),
    )
    with op.batch_alter_table("document_line", schema=None) as batch_op:
        batch_op.create_index(
            "ix_document_line_corrects",
            ["corrects_document_id", "corrects_number"],
            unique=False,
            postgresql_where=sa.text("corrects_document_id IS NOT NULL"),
            sqlite_where=sa.text("corrects_document_id IS NOT NULL"),
        )

    op.create_table(
        "idempotency_key",
        sa.Column("principal", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("request_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("legal_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("vat_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("vat_registered", sa.Boolean(), nullable=False),
        sa.Column("vat_checked_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("vat_check", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("tax_number", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("registration_number", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("iban", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("bic", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("time_zone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.CheckConstraint("kind IN ('buyer', 'supplier')", name=op.f("ck_organisation_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("slug", name=op.f("uq_organisation_slug")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('cost', 'accrued', 'held', 'vat', 'payable', 'settlement', 'deposit')",
            name=op.f("ck_account_kind"),
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_account_buyer_id_organisation")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organisation.id"], name=op.f("fk_account_supplier_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint(
            "supplier_id", "buyer_id", "currency", "kind", name=op.f("uq_account_supplier_id_buyer_id_currency_kind")
        ),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_buyer_id"), ["buyer_id"], unique=False)

    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("prefix", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("expires_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("revoked_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(role IN ('buyer', 'supplier')) = (organisation_id IS NOT NULL)",
            name=op.f("ck_api_key_organisation_for_parties"),
        ),
        sa.CheckConstraint(
            "role IN ('admin', 'finance', 'arbiter', 'buyer', 'supplier')", name=op.f("ck_api_key_role")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_api_key_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["replaced_by"], ["api_key.id"], name=op.f("fk_api_key_replaced_by_api_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
    )
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_key_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "billing_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("progress_done", sa.Integer(), nullable=False),
        sa.Column("progress_total", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("finished_at", ledger.store.types.Instant(), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_billing_run_state")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_billing_run_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_run")),
    )
    with op.batch_alter_table("billing_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_billing_run_supplier_id"), ["supplier_id"], unique=False)

    op.create_table(
        "definition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_definition_buyer_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition")),
        sa.UniqueConstraint("buyer_id", "slug", name=op.f("uq_definition_buyer_id_slug")),
    )
    op.create_table(
        "number_series",
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("prefix", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('invoice', 'credit_note', 'statement')", name=op.f("ck_number_series_kind")),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_number_series_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_number_series_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("buyer_id", "supplier_id", "kind", name=op.f("pk_number_series")),
        sa.UniqueConstraint("supplier_id", "prefix", name=op.f("uq_number_series_supplier_id_prefix")),
    )
    op.create_table(
        "organisation_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_organisation_change_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_change")),
        sa.UniqueConstraint("organisation_id", "version", name=op.f("uq_organisation_change_organisation_id_version")),
    )
    op.create_table(
        "suppression",
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('email', 'phone', 'company_domain', 'company_number')", name=op.f("ck_suppression_kind")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_suppression_buyer_id_organisation")),
        sa.PrimaryKeyConstraint("buyer_id", "digest", name=op.f("pk_suppression")),
    )
    with op.batch_alter_table("suppression", schema=None) as batch_op:
        batch_op.create_index(
            "ix_suppression_buyer_id_created_at_digest", ["buyer_id", "created_at", "digest"], unique=False
        )

    op.create_table(
        "user_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("password_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("totp_secret", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("session_token", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", ledger.store.types.Instant(), nullable=True),
        sa.Column("disabled_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_user_account_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
    )
    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_account_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("ended_from", ledger.store.types.Instant(), nullable=True),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_agreement_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_agreement_definition_id_definition")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_agreement_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint(
            "supplier_id", "buyer_id", "definition_id", name=op.f("uq_agreement_supplier_id_buyer_id_definition_id")
        ),
    )
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_buyer_id"), ["buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_definition_id"), ["definition_id"], unique=False)

    op.create_table(
        "definition_version",
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("effective_from", ledger.store.types.Instant(), nullable=True),
        sa.Column("published_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("published_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("updated_at", ledger.store.types.Instant(), nullable=False),
        sa.CheckConstraint(
            "(published_at IS NULL) = (effective_from IS NULL) AND (published_at IS NULL) = (hash IS NULL)",
            name=op.f("ck_definition_version_published_whole"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_definition_version_number")),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisation.id"], name=op.f("fk_definition_version_buyer_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_definition_version_definition_id_definition")
        ),
        sa.PrimaryKeyConstraint("definition_id", "number", name=op.f("pk_definition_version")),
    )
    with op.batch_alter_table("definition_version", schema=None) as batch_op:
        batch_op.create_index("ix_definition_version_buyer_id", ["buyer_id"], unique=False)

    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("mode", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("run_period", sa.Integer(), nullable=True),
        sa.Column("billing_group", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("prepaid", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("issued_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("accept_by", ledger.store.types.Instant(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("(kind = 'credit_note') = (corrects_id IS NOT NULL)", name=op.f("ck_document_corrects")),
        sa.CheckConstraint("kind IN ('invoice', 'credit_note', 'statement')", name=op.f("ck_document_kind")),
        sa.CheckConstraint("mode IN ('self_billed', 'statement')", name=op.f("ck_document_mode")),
        sa.CheckConstraint("gross = net + tax AND due = gross - prepaid", name=op.f("ck_document_totals")),
        sa.CheckConstraint(
            "net >= 0 AND tax >= 0 AND prepaid >= 0 AND due >= 0", name=op.f("ck_document_not_negative")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_document_buyer_id_organisation")),
        sa.CheckConstraint("replaces_id IS NULL OR corrects_id IS NULL", name=op.f("ck_document_replaces")),
        sa.ForeignKeyConstraint(["corrects_id"], ["document.id"], name=op.f("fk_document_corrects_id_document")),
        sa.ForeignKeyConstraint(["replaces_id"], ["document.id"], name=op.f("fk_document_replaces_id_document")),
        sa.ForeignKeyConstraint(["run_id"], ["billing_run.id"], name=op.f("fk_document_run_id_billing_run")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_document_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("billing_group", "run_period", name=op.f("uq_document_billing_group_run_period")),
        sa.UniqueConstraint(
            "supplier_id", "buyer_id", "kind", "sequence", name=op.f("uq_document_supplier_id_buyer_id_kind_sequence")
        ),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_document_replaces_id")),
        sa.UniqueConstraint("supplier_id", "number", name=op.f("uq_document_supplier_id_number")),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index("ix_document_buyer_id_id", ["buyer_id", "id"], unique=False)
        batch_op.create_index("ix_document_corrects_id", ["corrects_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_number"), ["number"], unique=False)
        batch_op.create_index("ix_document_period_id", ["period", "id"], unique=False)
        batch_op.create_index("ix_document_supplier_id_id", ["supplier_id", "id"], unique=False)

    op.create_table(
        "intake_refusal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=True),
        sa.Column("definition_id", sa.Uuid(), nullable=True),
        sa.Column("definition_version", sa.Integer(), nullable=True),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("violations", sa.JSON(), nullable=False),
        sa.Column("submitted_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("source_key", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisation.id"], name=op.f("fk_intake_refusal_buyer_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_intake_refusal_definition_id_definition")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_intake_refusal_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_refusal")),
        sa.UniqueConstraint("supplier_id", "source_key", name=op.f("uq_intake_refusal_supplier_id_source_key")),
    )
    with op.batch_alter_table("intake_refusal", schema=None) as batch_op:
        batch_op.create_index("ix_intake_refusal_buyer_id_id", ["buyer_id", "id"], unique=False)
        batch_op.create_index("ix_intake_refusal_supplier_id_id", ["supplier_id", "id"], unique=False)

    op.create_table(
        "agreement_version",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("effective_from", ledger.store.types.Instant(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_agreement_version_number")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_version_agreement_id_agreement")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisation.id"], name=op.f("fk_agreement_version_buyer_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_agreement_version_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("agreement_id", "number", name=op.f("pk_agreement_version")),
    )
    with op.batch_alter_table("agreement_version", schema=None) as batch_op:
        batch_op.create_index("ix_agreement_version_supplier_id_buyer_id", ["supplier_id", "buyer_id"], unique=False)

    op.create_table(
        "deposit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_deposit_amount")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_deposit_agreement_id_agreement")),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_deposit_buyer_id_organisation")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organisation.id"], name=op.f("fk_deposit_supplier_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit")),
    )
    with op.batch_alter_table("deposit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deposit_supplier_id_buyer_id"), ["supplier_id", "buyer_id"], unique=False)

    op.create_table(
        "document_file",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("location", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stored_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_document_file_buyer_id_organisation")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_document_file_document_id_document")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_document_file_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("document_id", "kind", name=op.f("pk_document_file")),
    )
    with op.batch_alter_table("document_file", schema=None) as batch_op:
        batch_op.create_index("ix_document_file_supplier_id_buyer_id", ["supplier_id", "buyer_id"], unique=False)

    op.create_table(
        "month_position",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_month_position_agreement_id_agreement")
        ),
        sa.PrimaryKeyConstraint("agreement_id", "month", name=op.f("pk_month_position")),
    )
    op.create_table(
        "rendering",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("leased_until", ledger.store.types.Instant(), nullable=True),
        sa.Column("finished_at", ledger.store.types.Instant(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'done', 'failed')", name=op.f("ck_rendering_state")),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_rendering_buyer_id_organisation")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_rendering_document_id_document")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_rendering_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_rendering")),
    )
    with op.batch_alter_table("rendering", schema=None) as batch_op:
        batch_op.create_index("ix_rendering_state", ["state", "document_id"], unique=False)
        batch_op.create_index("ix_rendering_supplier_id_buyer_id", ["supplier_id", "buyer_id"], unique=False)

    op.create_table(
        "acceptance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_version", sa.Integer(), nullable=False),
        sa.Column("definition_version", sa.Integer(), nullable=False),
        sa.Column("party", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("accepted_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("party IN ('buyer', 'supplier')", name=op.f("ck_acceptance_party")),
        sa.ForeignKeyConstraint(
            ["agreement_id", "agreement_version"],
            ["agreement_version.agreement_id", "agreement_version.number"],
            name=op.f("fk_acceptance_agreement_id_agreement_version"),
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_acceptance_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_acceptance_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptance")),
        sa.UniqueConstraint(
            "agreement_id",
            "agreement_version",
            "definition_version",
            "party",
            name=op.f("uq_acceptance_agreement_id_agreement_version_definition_version_party"),
        ),
    )
    with op.batch_alter_table("acceptance", schema=None) as batch_op:
        batch_op.create_index("ix_acceptance_supplier_id_buyer_id", ["supplier_id", "buyer_id"], unique=False)

    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("definition_version", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_version", sa.Integer(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("submitted_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("starts_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("ends_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("schedule", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("qualified", sa.Boolean(), nullable=False),
        sa.Column("attendance", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("verdict", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("verdict_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("verdict_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("share", sa.Integer(), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("credited", sa.BigInteger(), nullable=False),
        sa.Column("reschedules", sa.Integer(), nullable=False),
        sa.Column("rebookings", sa.Integer(), nullable=False),
        sa.Column("counted_start", ledger.store.types.Instant(), nullable=False),
        sa.Column("findings_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("rebooking_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("contest_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("clawback_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("reply_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("decision_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("replacement_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("replaced_by_id", sa.Uuid(), nullable=True),
        sa.Column("next_due_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("dispute", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("decided", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "attendance IN ('unknown', 'attended', 'prospect_no_show', 'buyer_no_show', 'both_absent', 'supplier_fault', 'access_failure', 'technical_failure')",
            name=op.f("ck_appointment_attendance"),
        ),
        sa.CheckConstraint(
            "outcome IN ('attended', 'cut_short', 'prospect_no_show', 'buyer_no_show', 'both_absent', 'supplier_fault', 'access_failure', 'technical_failure', 'cancelled_by_prospect', 'cancelled_by_buyer', 'cancelled_by_buyer_late', 'cancelled_by_supplier', 'disqualified')",
            name=op.f("ck_appointment_outcome"),
        ),
        sa.CheckConstraint("schedule IN ('booked', 'cancelled')", name=op.f("ck_appointment_schedule")),
        sa.CheckConstraint(
            "verdict IN ('pending', 'given', 'deemed', 'contested', 'decided')", name=op.f("ck_appointment_verdict")
        ),
        sa.CheckConstraint(
            "amount = 0 OR (amount > 0 AND price IS NOT NULL AND amount <= price)",
            name=op.f("ck_appointment_amount_within_price"),
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_appointment_slot")),
        sa.CheckConstraint("credited >= 0", name=op.f("ck_appointment_credited")),
        sa.CheckConstraint("held >= 0 AND held <= amount", name=op.f("ck_appointment_held_within_amount")),
        sa.CheckConstraint("share BETWEEN 0 AND 10000", name=op.f("ck_appointment_share")),
        sa.ForeignKeyConstraint(
            ["agreement_id", "agreement_version"],
            ["agreement_version.agreement_id", "agreement_version.number"],
            name=op.f("fk_appointment_agreement_id_agreement_version"),
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_appointment_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["definition_id", "definition_version"],
            ["definition_version.definition_id", "definition_version.number"],
            name=op.f("fk_appointment_definition_id_definition_version"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_appointment_supplier_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by_id"], ["appointment.id"], name=op.f("fk_appointment_replaced_by_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["appointment.id"], name=op.f("fk_appointment_replaces_id_appointment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("supplier_id", "reference", name=op.f("uq_appointment_supplier_id_reference")),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index("ix_appointment_agreement_starts_at", ["agreement_id", "starts_at"], unique=False)
        batch_op.create_index("ix_appointment_buyer_id_id", ["buyer_id", "id"], unique=False)
        batch_op.create_index(
            "ix_appointment_due",
            ["agreement_id", "next_due_at"],
            unique=False,
            postgresql_where=sa.text("next_due_at IS NOT NULL"),
            sqlite_where=sa.text("next_due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_appointment_promised",
            ["agreement_id"],
            unique=False,
            postgresql_where=sa.text("replacement_at IS NOT NULL"),
            sqlite_where=sa.text("replacement_at IS NOT NULL"),
        )
        batch_op.create_index("ix_appointment_supplier_id_id", ["supplier_id", "id"], unique=False)
        batch_op.create_index(
            "uq_appointment_replaces_id",
            ["replaces_id"],
            unique=True,
            postgresql_where=sa.text("replaces_id IS NOT NULL"),
            sqlite_where=sa.text("replaces_id IS NOT NULL"),
        )

    op.create_table(
        "accrual",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("effective_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("service_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("confirmed", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("definition", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("definition_version", sa.Integer(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("bonus", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("corrects_accrual_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(kind = 'credit') = (amount < 0) AND amount <> 0", name=op.f("ck_accrual_sign")),
        sa.CheckConstraint("(kind = 'credit') = (corrects_accrual_id IS NOT NULL)", name=op.f("ck_accrual_corrects")),
        sa.CheckConstraint(
            "kind IN ('outcome', 'shortfall', 'released', 'credit', 'reissued')", name=op.f("ck_accrual_kind")
        ),
        sa.CheckConstraint(
            "outcome IN ('attended', 'cut_short', 'prospect_no_show', 'buyer_no_show', 'both_absent', 'supplier_fault', 'access_failure', 'technical_failure', 'cancelled_by_prospect', 'cancelled_by_buyer', 'cancelled_by_buyer_late', 'cancelled_by_supplier', 'disqualified')",
            name=op.f("ck_accrual_outcome"),
        ),
        sa.CheckConstraint("state IN ('open', 'held', 'closed')", name=op.f("ck_accrual_state")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_accrual_agreement_id_agreement")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_accrual_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_accrual_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["corrects_accrual_id"], ["accrual.id"], name=op.f("fk_accrual_corrects_accrual_id_accrual")
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["organisation.id"], name=op.f("fk_accrual_supplier_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accrual")),
    )
    with op.batch_alter_table("accrual", schema=None) as batch_op:
        batch_op.create_index("ix_accrual_agreement_effective_at", ["agreement_id", "effective_at"], unique=False)
        batch_op.create_index("ix_accrual_appointment_id", ["appointment_id"], unique=False)
        batch_op.create_index(
            "ix_accrual_credit",
            ["agreement_id", "effective_at"],
            unique=False,
            postgresql_where=sa.text("kind = 'credit'"),
            sqlite_where=sa.text("kind = 'credit'"),
        )
        batch_op.create_index("ix_accrual_supplier_id_buyer_id", ["supplier_id", "buyer_id"], unique=False)
        batch_op.create_index(
            "uq_accrual_shortfall",
            ["agreement_id", "month"],
            unique=True,
            postgresql_where=sa.text("kind = 'shortfall'"),
            sqlite_where=sa.text("kind = 'shortfall'"),
        )

    op.create_table(
        "appointment_event",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("effective_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('submitted', 'rescheduled', 'rebooked', 'cancelled', 'found', 'deemed', 'no_show_final', 'dispute_opened', 'dispute_replied', 'dispute_escalated', 'dispute_decided', 'dispute_withdrawn', 'replacement_ended', 'replacement_revived', 'credited')",
            name=op.f("ck_appointment_event_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_appointment_event_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisation.id"], name=op.f("fk_appointment_event_buyer_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_appointment_event_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("appointment_id", "number", name=op.f("pk_appointment_event")),
    )
    with op.batch_alter_table("appointment_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_appointment_event_recorded_at"), ["recorded_at"], unique=False)
        batch_op.create_index("ix_appointment_event_supplier_id_buyer_id", ["supplier_id", "buyer_id"], unique=False)

    op.create_table(
        "contact_key",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("blocks", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", ledger.store.types.Instant(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('email', 'phone', 'company_domain', 'company_number')", name=op.f("ck_contact_key_kind")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_contact_key_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_contact_key_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_contact_key_definition_id_definition")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_contact_key_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("appointment_id", "kind", name=op.f("pk_contact_key")),
    )
    with op.batch_alter_table("contact_key", schema=None) as batch_op:
        batch_op.create_index("ix_contact_key_buyer_id_digest", ["buyer_id", "digest"], unique=False)
        batch_op.create_index(
            "uq_contact_key_scope_digest",
            ["scope", "digest"],
            unique=True,
            postgresql_where=sa.text("blocks"),
            sqlite_where=sa.text("blocks"),
        )

    op.create_table(
        "linked_reference",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("submitted_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("starts_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("ends_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_linked_reference_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisation.id"], name=op.f("fk_linked_reference_buyer_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_linked_reference_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("supplier_id", "reference", name=op.f("pk_linked_reference")),
    )
    with op.batch_alter_table("linked_reference", schema=None) as batch_op:
        batch_op.create_index(
            "ix_linked_reference_buyer_id_appointment_id", ["buyer_id", "appointment_id"], unique=False
        )

    op.create_table(
        "entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("effective_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('accrual', 'hold', 'release', 'reversal', 'reduction', 'invoice', 'credit_note', 'payment', 'payment_returned', 'deposit', 'deposit_drawn')",
            name=op.f("ck_entry_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_entry_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_entry_buyer_id_organisation")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organisation.id"], name=op.f("fk_entry_supplier_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("source_id", "kind", name=op.f("uq_entry_source_id_kind")),
    )
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_entry_recorded_at"), ["recorded_at"], unique=False)
        batch_op.create_index("ix_entry_supplier_id_buyer_id_id", ["supplier_id", "buyer_id", "id"], unique=False)

    op.create_table(
        "connection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("secret", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("former_secret", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("former_until", ledger.store.types.Instant(), nullable=True),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("disabled_at", ledger.store.types.Instant(), nullable=True),
        sa.CheckConstraint(
            "provider IN ('cal_com', 'calendly', 'zoom', 'twilio', 'standard_webhooks')",
            name=op.f("ck_connection_provider"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_connection_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("slug", name=op.f("uq_connection_slug")),
    )
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_connection_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "calendar_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("shown", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("added_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("kind IN ('external_id', 'link', 'session')", name=op.f("ck_calendar_link_kind")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_calendar_link_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_calendar_link_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_calendar_link_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_calendar_link_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_link")),
        sa.UniqueConstraint("appointment_id", "kind", "value", name=op.f("uq_calendar_link_appointment_id_kind_value")),
    )
    with op.batch_alter_table("calendar_link", schema=None) as batch_op:
        batch_op.create_index("ix_calendar_link_supplier_id_buyer_id", ["supplier_id", "buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_calendar_link_value"), ["value"], unique=False)

    op.create_table(
        "incoming_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("dedupe_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("event", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("signed_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("occurred_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'attached') = (appointment_id IS NOT NULL)",
            name=op.f("ck_incoming_delivery_attached_to_something"),
        ),
        sa.CheckConstraint(
            "state IN ('attached', 'unmatched', 'quarantined', 'ignored')", name=op.f("ck_incoming_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_incoming_delivery_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_incoming_delivery_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_incoming_delivery_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_delivery")),
        sa.UniqueConstraint("connection_id", "dedupe_key", name=op.f("uq_incoming_delivery_connection_id_dedupe_key")),
    )
    with op.batch_alter_table("incoming_delivery", schema=None) as batch_op:
        batch_op.create_index("ix_incoming_delivery_connection_id_id", ["connection_id", "id"], unique=False)
        batch_op.create_index("ix_incoming_delivery_organisation_id_id", ["organisation_id", "id"], unique=False)
        batch_op.create_index(
            "ix_incoming_delivery_waiting",
            ["received_at"],
            unique=False,
            postgresql_where=sa.text("state = 'unmatched'"),
            sqlite_where=sa.text("state = 'unmatched'"),
        )

    op.create_table(
        "delivery_hint",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('external_id', 'link', 'session', 'email', 'phone', 'appointment')",
            name=op.f("ck_delivery_hint_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["incoming_delivery.id"], name=op.f("fk_delivery_hint_delivery_id_incoming_delivery")
        ),
        sa.PrimaryKeyConstraint("delivery_id", "kind", "value", name=op.f("pk_delivery_hint")),
    )
    with op.batch_alter_table("delivery_hint", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_hint_value"), ["value"], unique=False)

    op.create_table(
        "evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("party", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("grade", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("received_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("file_name", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("said", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("grade IN ('A', 'B', 'C')", name=op.f("ck_evidence_grade")),
        sa.CheckConstraint("party IN ('buyer', 'supplier', 'operator')", name=op.f("ck_evidence_party")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_evidence_size")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_evidence_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_evidence_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["incoming_delivery.id"], name=op.f("fk_evidence_delivery_id_incoming_delivery")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_evidence_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index("ix_evidence_delivery_id", ["delivery_id"], unique=False)
        batch_op.create_index("ix_evidence_appointment_id_id", ["appointment_id", "id"], unique=False)
        batch_op.create_index("ix_evidence_supplier_id_buyer_id", ["supplier_id", "buyer_id"], unique=False)

    op.create_table(
        "dispute",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("opened_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("claim", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("month", sa.Integer(), nullable=True),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("reply_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("position", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("decision_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("resolution", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        sa.Column("decision", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("decision_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("closed_at", ledger.store.types.Instant(), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (resolution IS NOT NULL)", name=op.f("ck_dispute_closed_with_resolution")
        ),
        sa.CheckConstraint(
            "kind IN ('contest', 'clawback', 'contradiction', 'escalated_silence')", name=op.f("ck_dispute_kind")
        ),
        sa.CheckConstraint(
            "resolution IN ('conceded', 'upheld', 'dismissed', 'decided', 'withdrawn')",
            name=op.f("ck_dispute_resolution"),
        ),
        sa.CheckConstraint("state IN ('awaiting_reply', 'with_arbiter', 'closed')", name=op.f("ck_dispute_state")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_dispute_held")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_dispute_agreement_id_agreement")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_dispute_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_dispute_buyer_id_organisation")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organisation.id"], name=op.f("fk_dispute_supplier_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
    )
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.create_index("ix_dispute_agreement_id_month", ["agreement_id", "month"], unique=False)
        batch_op.create_index("ix_dispute_appointment_id_id", ["appointment_id", "id"], unique=False)
        batch_op.create_index("ix_dispute_buyer_id_id", ["buyer_id", "id"], unique=False)
        batch_op.create_index("ix_dispute_supplier_id_id", ["supplier_id", "id"], unique=False)
        batch_op.create_index(
            "uq_dispute_open",
            ["appointment_id"],
            unique=True,
            postgresql_where=sa.text("state <> 'closed'"),
            sqlite_where=sa.text("state <> 'closed'"),
        )

    op.create_table(
        "bank_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("counterparty", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("iban", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("unmatched", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_line")),
        sa.UniqueConstraint("digest", name=op.f("uq_bank_line_digest")),
    )
    op.create_table(
        "payment_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("pay_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("content", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_payment_file_buyer_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_file")),
    )
    with op.batch_alter_table("payment_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_file_buyer_id"), ["buyer_id"], unique=False)

    op.create_table(
        "credit_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("own_limit", sa.BigInteger(), nullable=False),
        sa.Column("over_limit", sa.Boolean(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("requested_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("requested_at", ledger.store.types.Instant(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_credit_request_amount")),
        sa.CheckConstraint("over_limit = (amount > own_limit)", name=op.f("ck_credit_request_over_limit")),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisation.id"], name=op.f("fk_credit_request_buyer_id_organisation")
        ),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_credit_request_document_id_document")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_credit_request_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_request")),
        sa.UniqueConstraint(
            "id", "requested_by", "over_limit", name=op.f("uq_credit_request_id_requested_by_over_limit")
        ),
    )
    with op.batch_alter_table("credit_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credit_request_document_id"), ["document_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_credit_request_supplier_id_buyer_id"), ["supplier_id", "buyer_id"], unique=False
        )

    op.create_table(
        "document_response",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("position", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("message", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("position IN ('accept', 'query', 'withdraw')", name=op.f("ck_document_response_position")),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisation.id"], name=op.f("fk_document_response_buyer_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_response_document_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_document_response_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_document_response")),
    )
    with op.batch_alter_table("document_response", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_document_response_supplier_id_buyer_id"), ["supplier_id", "buyer_id"], unique=False
        )

    op.create_table(
        "payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("returns_id", sa.Uuid(), nullable=True),
        sa.Column("bank_line_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("(kind = 'returned') = (returns_id IS NOT NULL)", name=op.f("ck_payment_returns")),
        sa.CheckConstraint("kind IN ('payment', 'returned')", name=op.f("ck_payment_kind")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_amount")),
        sa.ForeignKeyConstraint(["bank_line_id"], ["bank_line.id"], name=op.f("fk_payment_bank_line_id_bank_line")),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_payment_buyer_id_organisation")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_payment_document_id_document")),
        sa.ForeignKeyConstraint(["returns_id"], ["payment.id"], name=op.f("fk_payment_returns_id_payment")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organisation.id"], name=op.f("fk_payment_supplier_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("bank_line_id", "document_id", name=op.f("uq_payment_bank_line_id_document_id")),
        sa.UniqueConstraint("returns_id", name=op.f("uq_payment_returns_id")),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_supplier_id_buyer_id"), ["supplier_id", "buyer_id"], unique=False)

    op.create_table(
        "payment_file_item",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisation.id"], name=op.f("fk_payment_file_item_buyer_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_payment_file_item_document_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["payment_file.id"], name=op.f("fk_payment_file_item_file_id_payment_file")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_payment_file_item_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("document_id", "turn", name=op.f("pk_payment_file_item")),
    )
    with op.batch_alter_table("payment_file_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_file_item_file_id"), ["file_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_payment_file_item_supplier_id_buyer_id"), ["supplier_id", "buyer_id"], unique=False
        )

    op.create_table(
        "supplier_document",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("prepaid", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("net > 0 AND tax >= 0 AND prepaid >= 0", name=op.f("ck_supplier_document_not_negative")),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisation.id"], name=op.f("fk_supplier_document_buyer_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_supplier_document_document_id_document")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_supplier_document_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_supplier_document")),
        sa.UniqueConstraint("supplier_id", "number", name=op.f("uq_supplier_document_supplier_id_number")),
    )
    with op.batch_alter_table("supplier_document", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_supplier_document_supplier_id_buyer_id"), ["supplier_id", "buyer_id"], unique=False
        )

    op.create_table(
        "credit_grant",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("over_limit", sa.Boolean(), nullable=False),
        sa.Column("granted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("granted_at", ledger.store.types.Instant(), nullable=False),
        sa.CheckConstraint("NOT over_limit OR granted_by <> requested_by", name=op.f("ck_credit_grant_four_eyes")),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_credit_grant_buyer_id_organisation")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_credit_grant_document_id_document")),
        sa.ForeignKeyConstraint(
            ["request_id", "requested_by", "over_limit"],
            ["credit_request.id", "credit_request.requested_by", "credit_request.over_limit"],
            name=op.f("fk_credit_grant_request_id_credit_request"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_credit_grant_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_credit_grant")),
        sa.UniqueConstraint("document_id", name=op.f("uq_credit_grant_document_id")),
    )
    with op.batch_alter_table("credit_grant", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_credit_grant_supplier_id_buyer_id"), ["supplier_id", "buyer_id"], unique=False
        )

    op.create_table(
        "dispute_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("party", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("body", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sent_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["organisation.id"], name=op.f("fk_dispute_message_buyer_id_organisation")
        ),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name=op.f("fk_dispute_message_dispute_id_dispute")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_dispute_message_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_message")),
    )
    with op.batch_alter_table("dispute_message", schema=None) as batch_op:
        batch_op.create_index("ix_dispute_message_dispute_id_id", ["dispute_id", "id"], unique=False)
        batch_op.create_index("ix_dispute_message_supplier_id_buyer_id", ["supplier_id", "buyer_id"], unique=False)

    op.create_table(
        "prospect",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("company_name", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("company_domain", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("company_number", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("region", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("consent", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("lead_created_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("salt", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("erased_at", ledger.store.types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_prospect_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_prospect_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_prospect_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_prospect")),
    )
    with op.batch_alter_table("prospect", schema=None) as batch_op:
        batch_op.create_index("ix_prospect_supplier_id_buyer_id", ["supplier_id", "buyer_id"], unique=False)

    op.create_table(
        "transfer",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("debit_id", sa.Uuid(), nullable=False),
        sa.Column("credit_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint("debit_id <> credit_id", name=op.f("ck_transfer_two_accounts")),
        sa.ForeignKeyConstraint(["credit_id"], ["account.id"], name=op.f("fk_transfer_credit_id_account")),
        sa.ForeignKeyConstraint(["debit_id"], ["account.id"], name=op.f("fk_transfer_debit_id_account")),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_transfer_entry_id_entry")),
        sa.PrimaryKeyConstraint("entry_id", "number", name=op.f("pk_transfer")),
    )
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.create_index("ix_transfer_credit_id", ["credit_id"], unique=False)
        batch_op.create_index("ix_transfer_debit_id", ["debit_id"], unique=False)

    triggers.recreate(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    triggers.drop(op.get_bind(), APPEND_ONLY)
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.drop_index("ix_transfer_debit_id")
        batch_op.drop_index("ix_transfer_credit_id")

    op.drop_table("transfer")
    with op.batch_alter_table("prospect", schema=None) as batch_op:
        batch_op.drop_index("ix_prospect_supplier_id_buyer_id")

    op.drop_table("evidence")
    op.drop_table("delivery_hint")
    op.drop_table("incoming_delivery")
    op.drop_table("calendar_link")
    op.drop_table("connection")
    op.drop_table("dispute_message")
    with op.batch_alter_table("credit_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credit_grant_supplier_id_buyer_id"))

    op.drop_table("credit_grant")
    with op.batch_alter_table("supplier_document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_supplier_document_supplier_id_buyer_id"))

    op.drop_table("supplier_document")
    with op.batch_alter_table("payment_file_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_file_item_supplier_id_buyer_id"))
        batch_op.drop_index(batch_op.f("ix_payment_file_item_file_id"))

    op.drop_table("payment_file_item")
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_supplier_id_buyer_id"))
        batch_op.drop_index(batch_op.f("ix_payment_document_id"))

    op.drop_table("payment")
    with op.batch_alter_table("document_response", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_document_response_supplier_id_buyer_id"))

    op.drop_table("document_response")
    with op.batch_alter_table("credit_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credit_request_supplier_id_buyer_id"))
        batch_op.drop_index(batch_op.f("ix_credit_request_document_id"))

    op.drop_table("credit_request")
    with op.batch_alter_table("payment_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_file_buyer_id"))

    op.drop_table("payment_file")
    op.drop_table("bank_line")
    op.drop_table("dispute")
    op.drop_table("prospect")
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.drop_index("ix_entry_supplier_id_buyer_id_id")
        batch_op.drop_index(batch_op.f("ix_entry_recorded_at"))

    op.drop_table("entry")
    with op.batch_alter_table("linked_reference", schema=None) as batch_op:
        batch_op.drop_index("ix_linked_reference_buyer_id_appointment_id")

    op.drop_table("linked_reference")
    with op.batch_alter_table("contact_key", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_contact_key_scope_digest", postgresql_where=sa.text("blocks"), sqlite_where=sa.text("blocks")
        )
        batch_op.drop_index("ix_contact_key_buyer_id_digest")

    op.drop_table("contact_key")
    with op.batch_alter_table("appointment_event", schema=None) as batch_op:
        batch_op.drop_index("ix_appointment_event_supplier_id_buyer_id")
        batch_op.drop_index(batch_op.f("ix_appointment_event_recorded_at"))

    op.drop_table("appointment_event")
    with op.batch_alter_table("accrual", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_accrual_shortfall",
            postgresql_where=sa.text("kind = 'shortfall'"),
            sqlite_where=sa.text("kind = 'shortfall'"),
        )
        batch_op.drop_index(
            "ix_accrual_credit", postgresql_where=sa.text("kind = 'credit'"), sqlite_where=sa.text("kind = 'credit'")
        )
        batch_op.drop_index("ix_accrual_supplier_id_buyer_id")
        batch_op.drop_index("ix_accrual_appointment_id")
        batch_op.drop_index("ix_accrual_agreement_effective_at")

    op.drop_table("accrual")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_appointment_replaces_id",
            postgresql_where=sa.text("replaces_id IS NOT NULL"),
            sqlite_where=sa.text("replaces_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_appointment_supplier_id_id")
        batch_op.drop_index(
            "ix_appointment_promised",
            postgresql_where=sa.text("replacement_at IS NOT NULL"),
            sqlite_where=sa.text("replacement_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_appointment_due",
            postgresql_where=sa.text("next_due_at IS NOT NULL"),
            sqlite_where=sa.text("next_due_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_appointment_buyer_id_id")
        batch_op.drop_index("ix_appointment_agreement_starts_at")

    op.drop_table("appointment")
    with op.batch_alter_table("acceptance", schema=None) as batch_op:
        batch_op.drop_index("ix_acceptance_supplier_id_buyer_id")

    op.drop_table("acceptance")
    with op.batch_alter_table("rendering", schema=None) as batch_op:
        batch_op.drop_index("ix_rendering_supplier_id_buyer_id")
        batch_op.drop_index("ix_rendering_state")

    op.drop_table("rendering")
    op.drop_table("month_position")
    with op.batch_alter_table("document_file", schema=None) as batch_op:
        batch_op.drop_index("ix_document_file_supplier_id_buyer_id")

    op.drop_table("document_file")
    with op.batch_alter_table("deposit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deposit_supplier_id_buyer_id"))

    op.drop_table("deposit")
    with op.batch_alter_table("agreement_version", schema=None) as batch_op:
        batch_op.drop_index("ix_agreement_version_supplier_id_buyer_id")

    op.drop_table("agreement_version")
    with op.batch_alter_table("intake_refusal", schema=None) as batch_op:
        batch_op.drop_index("ix_intake_refusal_supplier_id_id")
        batch_op.drop_index("ix_intake_refusal_buyer_id_id")

    op.drop_table("intake_refusal")
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_index("ix_document_supplier_id_id")
        batch_op.drop_index("ix_document_period_id")
        batch_op.drop_index("ix_document_corrects_id")
        batch_op.drop_index("ix_document_buyer_id_id")

    op.drop_table("document")
    with op.batch_alter_table("definition_version", schema=None) as batch_op:
        batch_op.drop_index("ix_definition_version_buyer_id")

    op.drop_table("definition_version")
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agreement_definition_id"))
        batch_op.drop_index(batch_op.f("ix_agreement_buyer_id"))

    op.drop_table("agreement")
    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_account_organisation_id"))

    op.drop_table("user_account")
    with op.batch_alter_table("suppression", schema=None) as batch_op:
        batch_op.drop_index("ix_suppression_buyer_id_created_at_digest")

    op.drop_table("suppression")
    op.drop_table("organisation_change")
    op.drop_table("number_series")
    op.drop_table("definition")
    with op.batch_alter_table("billing_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_run_supplier_id"))

    op.drop_table("billing_run")
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_key_organisation_id"))

    op.drop_table("api_key")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_buyer_id"))

    op.drop_table("account")
    op.drop_table("organisation")
    op.drop_table("idempotency_key")
    with op.batch_alter_table("document_line", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_document_line_corrects",
            postgresql_where=sa.text("corrects_document_id IS NOT NULL"),
            sqlite_where=sa.text("corrects_document_id IS NOT NULL"),
        )

    op.drop_table("document_line")
    op.drop_table("chain_link")
