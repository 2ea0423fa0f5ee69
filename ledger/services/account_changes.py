"""What was done to a person's account: made, disabled, a new password, another second factor.

Owns the record. Whoever changes an account notes it in the same transaction.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert, select

from ledger.store import tables as t
from ledger.store.types import new_id


class Change(StrEnum):
    """What can be done to an account."""

    CREATED = "created"
    DISABLED = "disabled"
    ENABLED = "enabled"
    UNLOCKED = "unlocked"
    PASSWORD_SET = "password_set"  # noqa: S105 - what was done, no password
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_RESET = "second_factor_reset"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    IDENTITY_BOUND = "identity_bound"
    IDENTITY_LOOSED = "identity_loosed"


def note(connection: Connection, user: RowMapping, what: Change, actor: str, now: datetime) -> None:
    """Puts a change on record."""
    connection.execute(
        insert(t.account_change).values(
            id=new_id(),
            user_id=user["id"],
            organisation_id=user["organisation_id"],
            what=what.value,
            actor=actor,
            recorded_at=now,
        )
    )


def of(connection: Connection, user_id: UUID) -> list[RowMapping]:
    """Everything on record about an account, newest first."""
    change = t.account_change
    query = select(change).where(change.c.user_id == user_id).order_by(change.c.id.desc())
    return list(connection.execute(query).mappings())
