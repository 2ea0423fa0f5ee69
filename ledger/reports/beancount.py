"""A month of the journal as a beancount file: the balances brought forward, every entry, and the balances after it.

Owns the names that accounts have there. The file asserts each account's balance at the month's end, without any
tolerance, so that `bean-check` proves that the two ledgers agree. Read-only, entry by entry.
"""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from ledger.domain.calendar import Period, format_instant, local_date
from ledger.domain.journal import AccountKind
from ledger.domain.money import format_plain
from ledger.reports import accounting, ledger
from ledger.store import tables as t

ROOTS: Final = {
    AccountKind.COST: "Expenses",
    AccountKind.VAT: "Assets",
    AccountKind.SETTLEMENT: "Assets",
    AccountKind.DEPOSIT: "Assets",
    AccountKind.ACCRUED: "Liabilities",
    AccountKind.HELD: "Liabilities",
    AccountKind.PAYABLE: "Liabilities",
}
"""What each account is in the buyer's books."""
HEAD: Final = (
    'option "title" "Appointment Ledger, {period}"\n'
    "; An entry stands on the day on which it became effective in the buyer's time zone.\n"
)
_PLAIN: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9]+")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def pages(connection: Connection, period: Period) -> Iterator[str]:
    """The file in pieces, each a whole number of lines."""
    accounts = connection.execute(ledger.accounts().order_by("buyer", "supplier", t.account.c.currency, "kind")).all()
    yield HEAD.format(period=period)
    day = period.first_day.isoformat()
    for names, group in groupby(sorted(accounts, key=_of), _of):
        yield f"{day} open {account_name(*names)} {','.join(row.currency for row in group)}\n"
    before = _balances(connection, period)
    for (buyer, supplier, currency), pair in groupby(accounts, lambda row: (row.buyer, row.supplier, row.currency)):
        moved = [(_of(row), before[row.id]) for row in pair if before.get(row.id)]
        if moved:
            yield _transaction(day, supplier, f"Brought forward, {buyer}", currency, moved)
    for _, transfers in groupby(accounting.movements(connection, period), lambda row: row.id):
        yield _entry(list(transfers))
    day, after = period.next().first_day.isoformat(), _balances(connection, period.next())
    for row in accounts:
        yield f"{day} balance {account_name(*_of(row))} {format_plain(after.get(row.id, 0), row.currency)} "
        yield f"~ 0 {row.currency}\n"


def account_name(buyer: str, supplier: str, kind: str) -> str:
    """Such as `Liabilities:North-bank:Acme-calls:Payable`; two pairs never share one."""
    return ":".join((ROOTS[AccountKind(kind)], _component(buyer), _component(supplier), kind.capitalize()))


def _of(row: Any) -> tuple[str, str, str]:
    return row.buyer, row.supplier, row.kind


def _component(slug: str) -> str:
    """A slug as beancount takes it; one that is written otherwise (imported ones are) is told apart by its digest."""
    if _PLAIN.fullmatch(slug):
        return slug[0].upper() + slug[1:]
    kept = _FOREIGN.sub("-", slug).strip("-")
    return f"{kept[:1].upper()}{kept[1:]}-X{sha256(slug.encode()).hexdigest()[:12].upper()}"


def _entry(transfers: Sequence[Any]) -> str:
    """An entry with all its transfers."""
    first = transfers[0]
    moved = []
    for row in transfers:
        moved.append(((row.buyer, row.supplier, row.debit), row.amount))
        moved.append(((row.buyer, row.supplier, row.credit), -row.amount))
    told = {
        "entry": str(first.id),
        "effective_at": format_instant(first.effective_at),
        "recorded_at": format_instant(first.recorded_at),
        "reference": first.reference,
        "document": first.number,
    }
    day = local_date(first.effective_at, first.time_zone).isoformat()
    return _transaction(day, first.supplier_name, first.kind.replace("_", " "), first.currency, moved, told)


def _transaction(
    day: str,
    payee: str,
    what: str,
    currency: str,
    moved: Sequence[tuple[tuple[str, str, str], int]],
    told: dict[str, str | None] | None = None,
) -> str:
    lines = [f"{day} * {_text(payee)} {_text(what)}"]
    lines += [f"  {name}: {_text(value)}" for name, value in (told or {}).items() if value is not None]
    lines += [f"  {account_name(*names)}  {format_plain(amount, currency)} {currency}" for names, amount in moved]
    return "\n".join((*lines, ""))


def _text(value: str) -> str:
    plain = _UNPRINTABLE.sub(" ", value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _balances(connection: Connection, period: Period) -> dict[UUID, int]:
    """Balances by account, in minor units, just before the period begins in each buyer's time zone."""
    zones = connection.execute(select(ledger.BUYER.c.time_zone).where(ledger.BUYER.c.kind == "buyer").distinct())
    buyer, entry = t.organisation.c, t.entry.c
    begun: list[ColumnElement[bool]] = [
        and_(
            entry.buyer_id.in_(select(buyer.id).where(buyer.time_zone == zone)),
            entry.effective_at < period.start(zone),
        )
        for zone in zones.scalars()
    ]
    return ledger.balances_where(connection, or_(*begun)) if begun else {}
