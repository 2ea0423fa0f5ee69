"""Lists by keyset: the next page begins after the last row's key, so that the last page is as fast as the first.

Owns the cursor: the key's values, signed for one list with one set of filters. Refuses a cursor that was changed,
or made for another list.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, literal, tuple_

from ledger.domain.calendar import parse_instant
from ledger.domain.encoding import dumps
from ledger.domain.errors import Malformed

_MARK_BYTES: Final = 12

_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "uuid": UUID,
    "instant": parse_instant,
    "plain": lambda value: value,
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One list as it was asked for. `scope` names the list and its filters; `secret` signs its cursors."""

    limit: int
    cursor: str | None
    scope: str
    secret: str

    def rows(
        self, connection: Connection, query: Select[Any], keys: Sequence[ColumnElement[Any]]
    ) -> tuple[Sequence[RowMapping], str | None]:
        """The page's rows, newest first by `keys` (unique together, all selected), and the next page's cursor."""
        if self.cursor is not None:
            # Bound with the keys' own types: a tuple would compare instants in the driver's spelling.
            opened = self._opened(self.cursor, len(keys))
            last = [literal(value, key.type) for key, value in zip(keys, opened, strict=True)]
            query = query.where(keys[0] < last[0] if len(keys) == 1 else tuple_(*keys) < tuple_(*last))
        ordered = query.order_by(*(key.desc() for key in keys)).limit(self.limit + 1)
        rows = connection.execute(ordered).mappings().all()
        if len(rows) <= self.limit:
            return rows, None
        page = rows[: self.limit]
        return page, self._signed([page[-1][key] for key in keys])

    def after(self) -> UUID | None:
        """The id that the page begins after, where the list is ordered by id alone."""
        if self.cursor is None:
            return None
        (last,) = self._opened(self.cursor, 1)
        assert isinstance(last, UUID), "a signed cursor of a list by id holds one"
        return last

    def cursor_for(self, last: UUID) -> str:
        """The cursor of the page after this id."""
        return self._signed([last])

    def _signed(self, values: Sequence[Any]) -> str:
        payload = dumps([[_kind(value), value] for value in values])
        return base64.urlsafe_b64encode(self._mark(payload) + payload).rstrip(b"=").decode()

    def _opened(self, cursor: str, size: int) -> list[Any]:
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise self._refused() from None
        mark, payload = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
        if not hmac.compare_digest(mark, self._mark(payload)):
            raise self._refused()
        values = [_READ[kind](value) for kind, value in orjson.loads(payload)]
        if len(values) != size:
            raise self._refused()
        return values

    def _mark(self, payload: bytes) -> bytes:
        return hmac.digest(f"cursor\n{self.secret}\n{self.scope}".encode(), payload, "sha256")[:_MARK_BYTES]

    @staticmethod
    def _refused() -> Malformed:
        return Malformed.at("/cursor", "Is not a cursor of this list with these filters.")


def _kind(value: Any) -> str:
    if isinstance(value, UUID):
        return "uuid"
    return "instant" if isinstance(value, datetime) else "plain"
