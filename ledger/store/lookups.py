"""Conditions that several queries share, each written so that its index is used.

Owns no rules: only how one table's row is found from another's.
"""

from sqlalchemy import ColumnElement, FromClause, and_

from ledger.store import tables as t


def line_of_accrual(line: FromClause = t.document_line) -> ColumnElement[bool]:
    """That the line is made from the accrual; `line` may be an alias."""
    return and_(line.c.supplier_id == t.accrual.c.supplier_id, line.c.accrual_id == t.accrual.c.id)
