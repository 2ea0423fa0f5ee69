"""Conditions and expressions that several queries share: so that an index is used, and alike on both engines.

Owns no rules: only how one table's row is found from another's, and what databases say differently.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, String, and_, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from ledger.store import tables as t


def line_of_accrual(line: FromClause = t.document_line) -> ColumnElement[bool]:
    """That the line is made from the accrual; `line` may be an alias."""
    return and_(line.c.supplier_id == t.accrual.c.supplier_id, line.c.accrual_id == t.accrual.c.id)


class WholeHours(GenericFunction[int]):
    """Whole hours from the second instant to the first, 0 if it comes later, null if either is."""

    type = Integer()
    inherit_cache = True


@compiles(WholeHours, "sqlite")
def _from_texts(element: WholeHours, compiler: SQLCompiler, **options: Any) -> str:
    """Instants are texts of one form there: seconds, and microseconds from the 21st character on."""
    later, earlier = (compiler.process(each, **options) for each in element.clauses)
    seconds, rest = (
        f"strftime('%s', {later}) - strftime('%s', {earlier})",
        f"substr({later}, 21, 6) - substr({earlier}, 21, 6)",
    )
    return f"max(0, (({seconds}) * 1000000 + {rest}) / 3600000000)"


@compiles(WholeHours, "postgresql")
def _from_instants(element: WholeHours, compiler: SQLCompiler, **options: Any) -> str:
    later, earlier = (compiler.process(each, **options) for each in element.clauses)
    hours = f"floor(extract(epoch FROM {later} - {earlier}) / 3600)"
    return f"CASE WHEN {later} >= {earlier} THEN {hours} WHEN {later} < {earlier} THEN 0 END::integer"


def elements_of(dialect: str, column: ColumnElement[Any], name: str) -> tuple[FromClause, ColumnElement[str]]:
    """The elements of a JSON list of objects, to be joined with the list's row, and one member of each."""
    if dialect == "sqlite":
        each = func.json_each(column).table_valued("value")
        return each, func.json_extract(each.c.value, f"$.{name}", type_=String)
    each = func.json_array_elements(column).table_valued("value").render_derived()
    return each, each.c.value.op("->>")(name)
