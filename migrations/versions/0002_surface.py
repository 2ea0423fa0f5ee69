"""the whole surface: downloads, brands, reports, webhooks, limits, erasure, sandboxes

Revision ID: 0002
Revises: 0001
"""

import secrets
from collections.abc import Callable

import sqlalchemy as sa
import sqlmodel
from alembic import op

import ledger.store.types
from ledger.domain.sealing import NONCE_BYTES, seal_bytes, unseal_bytes
from ledger.store import triggers

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = (
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
"""The tables that were append-only as of this revision."""

GUARDED_SINCE = ("activity", "branding", "download", "erasure", "logo", "sale")
GUARDED_BEFORE = tuple(name for name in APPEND_ONLY if name not in GUARDED_SINCE)

TIMES = (
    ("document", "issued_at"),
    ("document_file", "stored_at"),
    ("intake_refusal", "recorded_at"),
    ("evidence", "received_at"),
    ("payment", "recorded_at"),
    ("dispute_message", "sent_at"),
)
"""What parties are told of is looked for by these."""

POINTERS = (
    "fk_appointment_replaced_by_id_appointment",
    "fk_appointment_replaces_id_appointment",
)
DEFERRED = " DEFERRABLE INITIALLY DEFERRED"


def upgrade() -> None:
    triggers.drop(op.get_bind(), GUARDED_BEFORE)
    op.add_column("api_key", sa.Column("last_used_at", ledger.store.types.Instant(), nullable=True))
    op.add_column("incoming_delivery", sa.Column("erased_at", ledger.store.types.Instant(), nullable=True))
    for table, column in TIMES:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
    _defer(True)
    _rewrite_evidence(lambda key, content: seal_bytes(key, "content", content, secrets.token_bytes(NONCE_BYTES)))

    op.create_table(
        "download",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("path", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("downloaded_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_download_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download")),
    )
    with op.batch_alter_table("download", schema=None) as batch_op:
        batch_op.create_index("ix_download_organisation_id_id", ["organisation_id", "id"], unique=False)

    op.create_table(
        "logo",
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_logo")),
    )

    op.create_table(
        "branding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=True),
        sa.Column("brand", sa.JSON(), nullable=False),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_branding_buyer_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branding")),
    )
    with op.batch_alter_table("branding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_branding_buyer_id"), ["buyer_id"], unique=False)

    op.create_table(
        "activity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=True),
        sa.Column("definition_id", sa.Uuid(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("dials", sa.Integer(), nullable=False),
        sa.Column("conversations", sa.Integer(), nullable=False),
        sa.Column("reported_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "(buyer_id IS NULL) = (definition_id IS NULL)", name=op.f("ck_activity_buyer_of_definition")
        ),
        sa.CheckConstraint(
            "dials >= conversations AND conversations >= 0", name=op.f("ck_activity_conversations_within_dials")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_activity_buyer_id_organisation")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_activity_definition_id_definition")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["organisation.id"], name=op.f("fk_activity_supplier_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
        sa.UniqueConstraint(
            "supplier_id", "subject", "revision", name=op.f("uq_activity_supplier_id_subject_revision")
        ),
    )
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.create_index("ix_activity_buyer_id_day", ["buyer_id", "day"], unique=False)
        batch_op.create_index("ix_activity_supplier_id_day", ["supplier_id", "day"], unique=False)

    op.create_table(
        "sale",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("won", sa.Boolean(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("revenue", sa.BigInteger(), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("recorded_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("(revenue IS NULL) = (currency IS NULL)", name=op.f("ck_sale_revenue_with_currency")),
        sa.CheckConstraint("revenue >= 0", name=op.f("ck_sale_revenue")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_sale_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_sale_buyer_id_organisation")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organisation.id"], name=op.f("fk_sale_supplier_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale")),
        sa.UniqueConstraint("appointment_id", "revision", name=op.f("uq_sale_appointment_id_revision")),
    )
    with op.batch_alter_table("sale", schema=None) as batch_op:
        batch_op.create_index("ix_sale_buyer_id_id", ["buyer_id", "id"], unique=False)
        batch_op.create_index("ix_sale_supplier_id", ["supplier_id"], unique=False)

    op.create_table(
        "rate_window",
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_rate_window")),
    )

    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("types", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("secret", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("former_secret", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("former_until", ledger.store.types.Instant(), nullable=True),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("tells_from", ledger.store.types.Instant(), nullable=False),
        sa.Column("announced_until", ledger.store.types.Instant(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", ledger.store.types.Instant(), nullable=True),
        sa.Column("paused_until", ledger.store.types.Instant(), nullable=True),
        sa.Column("disabled_at", ledger.store.types.Instant(), nullable=True),
        sa.Column("disabled_because", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("deleted_at", ledger.store.types.Instant(), nullable=True),
        sa.CheckConstraint(
            "disabled_because IN ('gone', 'failing')", name=op.f("ck_webhook_endpoint_disabled_because")
        ),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_because IS NULL)", name=op.f("ck_webhook_endpoint_disabled_with_reason")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_webhook_endpoint_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    with op.batch_alter_table("webhook_endpoint", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_endpoint_organisation_id_id", ["organisation_id", "id"], unique=False)

    op.create_table(
        "outgoing_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("source_number", sa.Integer(), nullable=False),
        sa.Column("body", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("happened_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("due_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("expires_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("finished_at", ledger.store.types.Instant(), nullable=True),
        sa.CheckConstraint("(state = 'scheduled') = (body IS NULL)", name=op.f("ck_outgoing_delivery_body")),
        sa.CheckConstraint(
            "state IN ('scheduled', 'pending', 'delivered', 'failed')", name=op.f("ck_outgoing_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_outgoing_delivery_endpoint_id_webhook_endpoint")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_outgoing_delivery_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_delivery")),
        sa.UniqueConstraint(
            "endpoint_id",
            "source",
            "source_id",
            "source_number",
            name=op.f("uq_outgoing_delivery_endpoint_id_source_source_id_source_number"),
        ),
    )
    with op.batch_alter_table("outgoing_delivery", schema=None) as batch_op:
        batch_op.create_index("ix_outgoing_delivery_created_at", ["created_at"], unique=False)
        batch_op.create_index("ix_outgoing_delivery_organisation_id_id", ["organisation_id", "id"], unique=False)
        batch_op.create_index(
            "ix_outgoing_delivery_pending",
            ["endpoint_id", "due_at"],
            unique=False,
            postgresql_where=sa.text("state = 'pending'"),
            sqlite_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index(
            "ix_outgoing_delivery_scheduled",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("state = 'scheduled'"),
            sqlite_where=sa.text("state = 'scheduled'"),
        )

    op.create_table(
        "delivery_attempt",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", ledger.store.types.Instant(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("response", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["outgoing_delivery.id"], name=op.f("fk_delivery_attempt_delivery_id_outgoing_delivery")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_delivery_attempt_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_delivery_attempt")),
    )
    with op.batch_alter_table("delivery_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_attempt_organisation_id", ["organisation_id"], unique=False)

    op.create_table(
        "erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("appointments", sa.JSON(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("erased_at", ledger.store.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_erasure_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    with op.batch_alter_table("erasure", schema=None) as batch_op:
        batch_op.create_index("ix_erasure_organisation_id", ["organisation_id"], unique=False)

    op.create_table(
        "sandbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("counterpart_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("definition", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("advanced", sa.BigInteger(), nullable=False),
        sa.Column("created_at", ledger.store.types.Instant(), nullable=False),
        sa.CheckConstraint("advanced >= 0", name=op.f("ck_sandbox_never_back")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_sandbox_agreement_id_agreement")),
        sa.ForeignKeyConstraint(
            ["counterpart_id"], ["organisation.id"], name=op.f("fk_sandbox_counterpart_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_sandbox_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox")),
        sa.UniqueConstraint("counterpart_id", name=op.f("uq_sandbox_counterpart_id")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_sandbox_organisation_id")),
    )

    triggers.recreate(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    triggers.drop(op.get_bind(), APPEND_ONLY)
    op.drop_table("sandbox")
    op.drop_table("erasure")
    op.drop_table("delivery_attempt")
    op.drop_table("outgoing_delivery")
    op.drop_table("webhook_endpoint")
    op.drop_table("rate_window")
    op.drop_table("sale")
    op.drop_table("activity")
    op.drop_table("branding")
    op.drop_table("logo")
    op.drop_table("download")
    _rewrite_evidence(lambda key, content: unseal_bytes(key, "content", content))
    _defer(False)
    for table, column in reversed(TIMES):
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    op.drop_column("incoming_delivery", "erased_at")
    op.drop_column("api_key", "last_used_at")
    triggers.recreate(op.get_bind(), GUARDED_BEFORE)


def _rewrite_evidence(change: Callable[[str, bytes], bytes]) -> None:
    """Evidence is kept under the key of its prospect; its hash is that of what came in, before and after."""
    bind = op.get_bind()
    evidence = sa.table(
        "evidence",
        sa.column("id", sa.Uuid()),
        sa.column("appointment_id", sa.Uuid()),
        sa.column("content", sa.LargeBinary()),
    )
    prospect = sa.table("prospect", sa.column("appointment_id", sa.Uuid()), sa.column("salt", sa.String()))
    keys = (
        sa.select(evidence.c.id, prospect.c.salt)
        .join(prospect, prospect.c.appointment_id == evidence.c.appointment_id)
        .where(prospect.c.salt != "")
    )
    for row in bind.execute(keys).all():
        own = evidence.c.id == row.id
        content = bind.execute(sa.select(evidence.c.content).where(own)).scalar_one()
        bind.execute(sa.update(evidence).where(own).values(content=change(row.salt, content)))


def _defer(deferred: bool) -> None:
    """Lets a promise and its replacement point at each other in either order, or no longer.

    SQLite keeps constraints as the text of the table: it is edited as its manual describes (lang_altertable.html,
    section 7), because a table that is written anew would take every row and trigger with it.
    """
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        for name in POINTERS:
            op.execute(f"ALTER TABLE appointment ALTER CONSTRAINT {name}{DEFERRED if deferred else ' NOT DEFERRABLE'}")
        return
    sql = bind.execute(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'appointment'")
    ).scalar_one()
    for name in POINTERS:
        column = name.removeprefix("fk_appointment_").removesuffix("_appointment")
        plain = f"CONSTRAINT {name} FOREIGN KEY({column}) REFERENCES appointment (id)"
        before, after = (plain, plain + DEFERRED) if deferred else (plain + DEFERRED, plain)
        if before not in sql:
            raise RuntimeError(f"the table appointment does not have {before}")
        sql = sql.replace(before, after)
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    bind.execute(
        sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = 'appointment'"), {"sql": sql}
    )
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")
