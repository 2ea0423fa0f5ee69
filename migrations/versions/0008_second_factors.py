"""second factors: their secrets sealed under the installation's key, as those of connections and endpoints are

Revision ID: 0008
Revises: 0007
"""

import secrets
from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from alembic import context, op
from alembic.util import CommandError

from ledger.domain.sealing import NONCE_BYTES, seal, unseal

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rewrite(lambda key, user_id, plain: seal(key, _purpose(user_id), plain, secrets.token_bytes(NONCE_BYTES)))


def downgrade() -> None:
    _rewrite(lambda key, user_id, sealed: unseal(key, _purpose(user_id), sealed))


def _purpose(user_id: UUID) -> str:
    return f"second factor of {user_id}"


def _rewrite(change: Callable[[str, UUID, str], str]) -> None:
    """Writes every secret anew. Nothing else of an account is touched: codes that were used stay used."""
    key, connection = context.config.attributes["key"], op.get_bind()
    person = sa.table("user_account", sa.column("id", sa.Uuid()), sa.column("totp_secret", sa.String()))
    found = connection.execute(sa.select(person).where(person.c.totp_secret.is_not(None))).all()
    if found and not key:
        raise CommandError("second factors are sealed under SECRET_KEY, and none was given")
    for row in found:
        kept = change(key, row.id, row.totp_secret)
        connection.execute(sa.update(person).where(person.c.id == row.id).values(totp_secret=kept))
