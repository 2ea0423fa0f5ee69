"""The one way into the ledger: entries with their transfers, accruals, and the running balances.

Collects what a unit of work posts and writes it in bulk: one INSERT per table, one UPDATE per account touched,
in account order, so that two units of work never wait for each other in a circle. Refuses nothing itself; the
database refuses a second entry of the same source.
"""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger.domain.journal import AccountKind, EntryKind, transfers
from ledger.store import tables as t
from ledger.store.bulk import WORTH_COPYING, insert_rows
from ledger.store.prepared import Prepared, together
from ledger.store.types import new_id

Pair = tuple[UUID, UUID, str]
"""Supplier, buyer, currency: whose books an account belongs to."""


def insert_ignoring(connection: Connection, table: Any) -> Any:
    """An INSERT that leaves rows alone which are already there."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


_OF_PAIR = Prepared(
    select(t.account.c.kind, t.account.c.id).where(
        t.account.c.supplier_id == bindparam("supplier"),
        t.account.c.buyer_id == bindparam("buyer"),
        t.account.c.currency == bindparam("currency"),
    )
)
_MOVE = Prepared(
    update(t.account)
    .where(t.account.c.id == bindparam("account_id"))
    .values(balance=t.account.c.balance + bindparam("delta"))
)


class Accounts:
    """The ids of a pair's seven accounts, made when they are first needed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[Pair, dict[AccountKind, UUID]] = {}

    def of(self, pair: Pair) -> dict[AccountKind, UUID]:
        found = self._known.get(pair)
        if found is None:
            found = self._read(pair)
            if len(found) < len(AccountKind):
                self._create(pair)
                found = self._read(pair)
            self._known[pair] = found
        return found

    def _read(self, pair: Pair) -> dict[AccountKind, UUID]:
        found = _OF_PAIR.all(self._connection, dict(zip(("supplier", "buyer", "currency"), pair, strict=True)))
        return {AccountKind(kind): identity for kind, identity in found}

    def _create(self, pair: Pair) -> None:
        supplier_id, buyer_id, currency = pair
        rows = [
            {"id": new_id(), "supplier_id": supplier_id, "buyer_id": buyer_id, "currency": currency, "kind": kind.value}
            for kind in AccountKind
        ]
        self._connection.execute(insert_ignoring(self._connection, t.account), [{**row, "balance": 0} for row in rows])


@dataclass
class Postings:
    """What a unit of work posts, until `write`."""

    connection: Connection
    accounts: Accounts
    entries: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    deltas: dict[UUID, int] = field(default_factory=dict)

    def post(
        self,
        kind: EntryKind,
        pair: Pair,
        amounts: Iterable[int],
        *,
        source_id: UUID,
        effective_at: datetime,
        recorded_at: datetime,
        appointment_id: UUID | None = None,
    ) -> UUID:
        """One entry; `amounts` in minor units, one per pair of accounts in the chart for this kind."""
        entry_id = new_id()
        accounts = self.accounts.of(pair)
        self.entries.append(
            {
                "id": entry_id,
                "buyer_id": pair[1],
                "supplier_id": pair[0],
                "kind": kind.value,
                "source_id": source_id,
                "appointment_id": appointment_id,
                "currency": pair[2],
                "effective_at": effective_at,
                "recorded_at": recorded_at,
            }
        )
        for number, moved in enumerate(transfers(kind, *amounts), 1):
            debit_id, credit_id = accounts[moved.debit], accounts[moved.credit]
            self.transfers.append(
                {
                    "entry_id": entry_id,
                    "number": number,
                    "debit_id": debit_id,
                    "credit_id": credit_id,
                    "amount": moved.amount,
                }
            )
            self.deltas[debit_id] = self.deltas.get(debit_id, 0) + moved.amount
            self.deltas[credit_id] = self.deltas.get(credit_id, 0) - moved.amount
        return entry_id

    def write(self) -> None:
        """Inserts everything collected and moves the balances; the collection is empty afterwards."""
        if not self.entries:
            return
        few = len(self.transfers) < WORTH_COPYING
        with together(self.connection) if few else nullcontext():
            insert_rows(self.connection, t.entry, self.entries)
            insert_rows(self.connection, t.transfer, self.transfers)
            moved = [{"account_id": identity, "delta": self.deltas[identity]} for identity in sorted(self.deltas)]
            _MOVE.each(self.connection, moved)
        self.entries, self.transfers, self.deltas = [], [], {}
