"""JSON as the product writes it: payloads, answers and what is hashed of a person.

Owns the one way from values to bytes: instants as RFC 3339 (UTC with Z), identifiers and enums as text. Refuses
everything else that JSON does not know.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from ledger.domain.calendar import format_instant


def dumps(value: Any, *, sort: bool = False) -> bytes:
    """The bytes of a JSON value. Raises TypeError for what has no JSON form."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z | (orjson.OPT_SORT_KEYS if sort else 0))


def _plain(value: Any) -> Any:
    """Subclasses of what orjson knows, which it does not take for their parents."""
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
