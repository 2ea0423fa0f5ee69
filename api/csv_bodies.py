"""Bodies of items that come as JSON or as CSV, so that a list can be uploaded from a spreadsheet as it is.

Owns the way from rows to the items that the same schema checks: a column `revenue.amount` is a member of `revenue`,
an empty cell is left out, whole numbers and true or false are read where the column is named so. Refuses bodies that
are not UTF-8, repeated or missing column names and rows of another width, by line.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Request

from api import strict_json
from ledger.domain.errors import Malformed

MEDIA_TYPE: Final = "text/csv"
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class ItemsAsCsv:
    """A reader for `Resource.command(reads=…)`: `{"items": [...]}` from JSON or CSV."""

    numbers: frozenset[str] = field(default_factory=frozenset)
    flags: frozenset[str] = field(default_factory=frozenset)

    def __call__(self, request: Request, limit: int, /, *, optional: bool = False) -> Any:
        if request.mimetype != MEDIA_TYPE:
            return strict_json.read(request, limit, optional=optional)
        raw = strict_json.body_of(request, limit)
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Malformed.at("", f"byte {error.start} is not UTF-8") from None
        return {"items": list(self._items(text))}

    def _items(self, text: str) -> Iterator[dict[str, Any]]:
        if "\0" in text:
            raise Malformed.at("", "NUL is not allowed")
        first = text.partition("\n")[0]
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
        try:
            names = [name.strip() for name in next(rows, [])]
            if not all(names) or len(set(names)) != len(names):
                raise Malformed.at("/items", "the first line needs the columns' names, each of them once")
            for row in rows:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) != len(names):
                    raise Malformed.at("/items", f"line {rows.line_num} has {len(row)} cells for {len(names)} columns")
                yield self._item(zip(names, row, strict=True))
        except csv.Error as error:
            raise Malformed.at("/items", f"line {rows.line_num} is not CSV: {error}") from None

    def _item(self, cells: Any) -> dict[str, Any]:
        item: dict[str, Any] = {}
        for name, cell in cells:
            value = cell.strip()
            if not value:
                continue
            *outer, last = name.split(".")
            inside: Any = item
            for part in outer:
                inside = inside.setdefault(part, {})
                if not isinstance(inside, dict):
                    raise Malformed.at(
                        "/items", f"the column {name!r} is a member of {part!r}, which is a column itself"
                    )
            if last in inside:
                raise Malformed.at("/items", f"the column {name!r} has members that are columns themselves")
            inside[last] = self._value(name, value)
        return item

    def _value(self, name: str, value: str) -> Any:
        if name in self.numbers and _WHOLE.fullmatch(value):
            return int(value)
        return _FLAGS.get(value.casefold(), value) if name in self.flags else value
