"""What a document's page needs for its forms: what has happened so far, what waits for a second person, the limit.

Owns the word by which a form knows whether the page that it was filled in on still holds.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from api.units import settings
from ledger.domain.calendar import local_date
from ledger.domain.money import exponent
from ledger.reports import credits as by_hand
from ledger.store import tables as t


def forms(connection: Connection, found: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What the document's page needs for its forms."""
    zone = found["parties"]["buyer"]["time_zone"]
    request_ = t.credit_request.c
    asked = by_hand.credits_by_hand().where(request_.document_id == found["id"], by_hand.in_state(by_hand.PENDING))
    pending = [by_hand.as_json(row) for row in connection.execute(asked).mappings()]
    limit = settings().credit_limit * 10 ** exponent(found["currency"])
    return {"seen": seen(connection, found), "today": local_date(now, zone), "pending": pending, "limit": limit}


def seen(connection: Connection, found: Mapping[str, Any]) -> str:
    """What has happened to the document so far, in one word."""
    asked = select(func.count()).where(t.credit_request.c.document_id == found["id"])
    answered = len(found["acceptance"]["responses"]) if found["acceptance"] else 0
    own = int(found["supplier_invoice"] is not None)
    happened = (
        len(found["payments"]),
        answered,
        len(found["corrected_by"]),
        own,
        connection.execute(asked).scalar_one(),
    )
    return "-".join(map(str, happened))
