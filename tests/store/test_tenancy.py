"""Every table that belongs to parties carries them in a key or an index, so that no query of theirs reads another's."""

import pytest
from sqlalchemy import Table, UniqueConstraint

from ledger.store import tables as t

TENANTS = frozenset({"buyer_id", "supplier_id", "organisation_id"})
OPERATORS_OWN = frozenset(
    {
        "bank_line",
        "bank_line_aside",
        "idempotency_key",
        "chain_link",
        "delivery_hint",
        "login_identity",
        "login_session",
        "logo",
        "mail_look",
        "mail_wish",
        "month_position",
        "rate_window",
        "recovery_code",
        "transfer",
        "organisation",
    }
)
"""Tables without a tenant's column: the installation's own, or reached only through a row that has one."""


def keyed(table: Table) -> set[str]:
    """The columns that stand in a key or an index."""
    found = {column.name for column in table.primary_key.columns}
    found |= {column.name for index in table.indexes for column in index.columns}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            found |= {column.name for column in constraint.columns}
    return found


@pytest.mark.parametrize("name", sorted(t.metadata.tables))
def test_a_tenants_table_has_the_tenant_in_a_key_or_index(name: str) -> None:
    table = t.metadata.tables[name]
    tenants = TENANTS & set(table.c.keys())
    if name in OPERATORS_OWN:
        assert not tenants, "it has a tenant after all"
    else:
        assert tenants, "it has no tenant: say why in OPERATORS_OWN, or give it one"
        assert tenants & keyed(table), "its tenant is in no key and no index"


def test_every_constraint_has_a_name() -> None:
    for table in t.metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints), table.name
