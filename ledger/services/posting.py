"""The one way into the ledger: entries with their transfers, accruals, and the running balances.

Collects what a unit of work posts and writes it in bulk: one INSERT per table, one UPDATE per account touched,
in account order, so that two units of work never wait for each other in a circle; on PostgreSQL all of it in one
statement where it is not much. Refuses nothing itself; the database refuses a second entry of the same source.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from ledger.domain.journal import AccountKind, EntryKind, transfers
from ledger.store import tables as t
from ledger.store.bulk import execute, insert_rows, part_of
from ledger.store.engine import Contended
from ledger.store.prepared import Prepared
from ledger.store.types import new_id

AT_ONCE: Final = 16
"""Transfers, and accounts that they move, which one statement takes at most: each number of them is another one."""
MOST_REMEMBERED: Final = 1_000
"""Pairs whose accounts a database connection remembers."""
_REMEMBERED: Final = "ledger.accounts"
_MADE_IN: Final = "ledger.accounts.made_in"
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
    """The ids of a pair's seven accounts, made when they are first needed.

    Accounts stay for good: a database connection remembers those that it has seen committed. Where a backup was put in
    the place of the database meanwhile, they may be gone; whoever is refused for it forgets them, and tries again.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[Pair, dict[AccountKind, UUID]] = {}

    def of(self, pair: Pair) -> dict[AccountKind, UUID]:
        found = self._known.get(pair)
        if found is None:
            found = self._known[pair] = self._remembered.get(pair) or self._found(pair)
        return found

    def forget(self) -> None:
        self._known.clear()
        self._remembered.clear()

    @property
    def _remembered(self) -> dict[Pair, dict[AccountKind, UUID]]:
        remembered: dict[Pair, dict[AccountKind, UUID]] = self._connection.connection.info.setdefault(_REMEMBERED, {})
        return remembered

    def _found(self, pair: Pair) -> dict[AccountKind, UUID]:
        """A transaction that makes some remembers none from then on: they are gone if it comes to nothing."""
        info, transaction = self._connection.connection.info, id(self._connection.get_transaction())
        found = self._read(pair)
        if len(found) < len(AccountKind):
            info[_MADE_IN] = transaction
            self._create(pair)
            return self._read(pair)
        if info.get(_MADE_IN) != transaction:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[pair] = found
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
        """Inserts everything collected and moves the balances; the collection is empty afterwards.

        Raises `Contended` where the database refuses it, which has forgotten accounts that may be gone.
        """
        if not self.entries:
            return
        try:
            self._write()
        except IntegrityError as error:
            self.accounts.forget()
            raise Contended from error
        self.entries, self.transfers, self.deltas = [], [], {}

    def _write(self) -> None:
        moved = sorted(self.deltas.items())
        few = len(self.transfers) <= AT_ONCE and len(moved) <= AT_ONCE
        if few and self.connection.dialect.name == "postgresql":
            self._write_at_once(moved)
        else:
            insert_rows(self.connection, t.entry, self.entries)
            insert_rows(self.connection, t.transfer, self.transfers)
            _MOVE.each(self.connection, [{"account_id": identity, "delta": delta} for identity, delta in moved])

    def _write_at_once(self, moved: Sequence[tuple[UUID, int]]) -> None:
        """One statement costs half of what these cost apart, even if they go in one trip."""
        entered, entries = part_of(self.connection, t.entry, self.entries)
        given, transferred = part_of(self.connection, t.transfer, self.transfers)
        deltas = (value for identity, delta in moved for value in (delta, identity))
        execute(self.connection, _at_once(entered, given, len(moved)), [(*entries, *deltas, *transferred)])


@lru_cache(maxsize=256)
def _at_once(entered: str, given: str, accounts: int) -> str:
    """Each account's move needs the one before, which keeps them in order. `given` and `entered` are INSERTs."""
    moves = [f"entered AS ({entered})"]
    for place in range(accounts):
        after = f" AND EXISTS (SELECT FROM moved_{place - 1})" if place else ""
        move = f"UPDATE account SET balance = balance + %s WHERE id = %s{after} RETURNING id"  # noqa: S608 - places
        moves.append(f"moved_{place} AS ({move})")
    return f"WITH {', '.join(moves)} {given}"
