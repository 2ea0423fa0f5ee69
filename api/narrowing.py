"""What lists are narrowed to by their arguments: equal values, slugs of organisations, a span of time, and a search.

Owns the way from checked arguments to conditions, so that a list names its columns and nothing else. Arguments that
were left out narrow nothing; what may be asked for is enumerated by the list's schema.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from ledger.store import tables as t

NO_COLUMNS: Mapping[str, ColumnElement[Any]] = {}


def narrowed(
    rows: Select[Any],
    arguments: Mapping[str, Any],
    *,
    equal: Mapping[str, ColumnElement[Any]] = NO_COLUMNS,
    parties: Mapping[str, ColumnElement[Any]] = NO_COLUMNS,
    within: ColumnElement[Any] | None = None,
    search: Sequence[ColumnElement[str]] = (),
) -> Select[Any]:
    """The rows under the conditions that were asked for.

    `parties` are columns with an organisation's id, asked for by slug; `within` is the instant that `from` (included)
    and `to` (not included) are about; `q` is looked for in the `search` columns, in any case.
    """
    for name, column in equal.items():
        if arguments.get(name) is not None:
            rows = rows.where(column == arguments[name])
    for name, column in parties.items():
        if arguments.get(name) is not None:
            slug = t.organisation.c.slug == arguments[name]
            rows = rows.where(column.in_(select(t.organisation.c.id).where(slug).correlate(None)))
    if within is not None and arguments.get("from_") is not None:
        rows = rows.where(within >= arguments["from_"])
    if within is not None and arguments.get("to") is not None:
        rows = rows.where(within < arguments["to"])
    if search and arguments.get("q") is not None:
        rows = rows.where(or_(*(column.icontains(arguments["q"], autoescape=True) for column in search)))
    return rows
