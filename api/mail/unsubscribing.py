"""The token by which a mail is stopped without a login: whose mail and of which kind, signed, good for ever.

It lets whoever holds it switch off that one kind for that one person, and nothing else.
"""

import hashlib
from typing import Final
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from ledger.domain.mailing import MailKind

PATH: Final = "/unsubscribe"


def address(public_url: str, secret_key: str, user_id: UUID, kind: MailKind) -> str:
    """Where the kind is switched off for the person."""
    return f"{public_url}{PATH}/{_signer(secret_key).dumps([user_id.hex, kind.value])}"


def meant(secret_key: str, token: str) -> tuple[UUID, MailKind] | None:
    """Whose mail of which kind a token stops; None for one that is not ours."""
    try:
        user, kind = _signer(secret_key).loads(token)
        return UUID(user), MailKind(kind)
    except (BadData, ValueError, TypeError, AttributeError):
        return None


def _signer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="unsubscribe", signer_kwargs={"digest_method": hashlib.sha256})
