"""Lines of bank statements matched with documents, by invoice number and amount, many at a time.

Owns the match: money that left pays the one document named whose open amount it is, or all that are named where it is
their sum; money that came back returns a payment of that document. Whatever is not certain is kept unmatched with the
reason and assigned by hand. A line that is known already changes nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select

from invoices import payments, setting_aside
from invoices.bank_statements import StatementLine
from invoices.payments import PAYMENT, Paid
from ledger.domain.errors import Conflict, IllegalMove, Unknown
from ledger.domain.money import Money
from ledger.reports import settlement
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.prepared import Prepared, among, ids, texts
from ledger.store.types import new_id

PORTION: Final = 1_000
MOST_WORDS: Final = 100
_DIGIT: Final = re.compile("[0-9]")
_SERIES: Final = re.compile("-[0-9]{6}")
_WORD: Final = re.compile(r"[A-Z0-9][A-Z0-9/._-]{2,59}")

document, own, payment, bank = t.document.c, t.supplier_document.c, t.payment.c, t.bank_line.c


@dataclass(slots=True)
class Taken:
    """What came of a statement: lines that are new, were known, were matched, were not."""

    new: int = 0
    known: int = 0
    matched: int = 0
    unmatched: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment that did not come back, in minor units."""

    id: UUID
    amount: int


@dataclass(slots=True)
class Open:
    """A document that can be paid, with what is open of it as the import goes on."""

    row: Any
    open: int
    payments: list[Standing]


def take_in(connection: Connection, lines: Sequence[StatementLine], *, actor: str, now: datetime) -> Taken:
    """Keeps every line that is new and books what it matches."""
    taken, iban_of = Taken(), partial(_iban, connection)
    said, named = _named(connection, lines)
    known = _known(connection, [line.digest for line in lines])
    for portion in _portions(list(zip(lines, said, strict=True))):
        rows, paid = [], list[Paid]()
        for line, words_of_line in portion:
            if line.digest in known:
                taken.known += 1
                continue
            line_id, (matched, why) = new_id(), _match(line, words_of_line, named, iban_of)
            rows.append(_row(line_id, line, why, actor, now))
            paid += (_paid(line, line_id, *match) for match in matched)
            taken.new += 1
            taken.matched += not why
            taken.unmatched += bool(why)
        insert_rows(connection, t.bank_line, rows)
        payments.book(connection, paid, actor=actor, now=now)
    return taken


def assign(connection: Connection, line_id: UUID, document_id: UUID, *, actor: str, now: datetime) -> None:
    """Books an unmatched line by hand: money that left as a payment, money that came back as a return of one.

    Raises `Unknown`, `Conflict` for a line that has its payment or is set aside, `IllegalMove`.
    """
    query = select(t.bank_line).where(bank.id == line_id).with_for_update()
    line = connection.execute(query).one_or_none()
    if line is None:
        raise Unknown("there is no such line")
    if connection.execute(select(payment.id).where(payment.bank_line_id == line_id)).first() is not None:
        raise Conflict("the line has its payment already", code="already_matched")
    setting_aside.check_waits(connection, line_id)
    stamp: dict[str, Any] = {"actor": actor, "now": now, "bank_line_id": line_id}
    if line.amount < 0:
        paid = Money(-line.amount, line.currency)
        payments.record(connection, document_id, paid, line.booked_on, line.reference[:140], **stamp)
        return
    standing = _standing(connection, [document_id]) if line.currency == _currency(connection, document_id) else []
    returnable = [each for each in standing if each.amount == line.amount]
    if not returnable:
        raise IllegalMove("no payment of that amount is there to come back", code="nothing_to_return")
    payments.give_back(connection, returnable[-1].id, line.booked_on, line.reference[:140], **stamp)


def named(connection: Connection, lines: Sequence[Any]) -> list[list[Open]]:
    """The documents that each line names in its own currency, by number: what a person would look at first."""
    said, found = _named(connection, lines)
    documents = [
        {each.row.id: each for word in words_of_line for each in found.get(word, ())} for words_of_line in said
    ]
    return [
        sorted((each for each in own.values() if each.row.currency == line.currency), key=lambda each: each.row.number)
        for line, own in zip(lines, documents, strict=True)
    ]


def words(reference: str) -> set[str]:
    """What could be a document's number. Banks break lines anywhere: neighbouring words are looked at together too."""
    parts = _parts(reference)
    joined = ["".join(parts[start : start + some]) for some in (2, 3) for start in range(len(parts) - some + 1)]
    return _candidates([*parts, *joined])


def _parts(reference: str) -> list[str]:
    return reference.upper().split()[:MOST_WORDS]


def _named(connection: Connection, lines: Sequence[Any]) -> tuple[list[set[str]], dict[str, list[Open]]]:
    """What each line could name, and the documents that are named. Words are put together only for lines that need it:
    a number that stands there whole, with its amount, is what the line is about.
    """
    said = [_candidates(_parts(line.reference)) for line in lines]
    looked_up = set[str]().union(*said)
    named = _documents(connection, looked_up)
    for place, line in enumerate(lines):
        whole = (each for word in said[place] for each in named.get(word, ()))
        if not any(each.open == -line.amount and each.row.currency == line.currency for each in whole):
            said[place] |= words(line.reference)
    return said, named | _documents(connection, set[str]().union(*said) - looked_up)


def _candidates(texts: Iterable[str]) -> set[str]:
    """A document's number has a digit; ours may have something behind it."""
    found: set[str] = set()
    for text in filter(_DIGIT.search, texts):
        for word in _WORD.findall(text):
            found.add(word.strip("./_-"))
            if (end := _SERIES.search(word)) is not None:
                found.add(word[: end.end()])
    return found


Match = tuple[Open, Standing, UUID | None]
"""The document, the payment that it gets, and the one that comes back with it, if any."""


def _match(
    line: StatementLine, said: set[str], named: dict[str, list[Open]], iban_of: Callable[[Open], str | None]
) -> tuple[list[Match], str | None]:
    """The documents that the line pays or returns, or why not."""
    found = {each.row.id: each for word in said for each in named.get(word, ())}
    if not found:
        return [], "unknown_number"
    same = [each for each in found.values() if each.row.currency == line.currency]
    if not same:
        return [], "currency_differs"
    if line.amount > 0:
        back = [(each, one) for each in same for one in each.payments if one.amount == line.amount]
        if len(back) != 1:
            return [], "ambiguous" if back else "nothing_to_return"
        each, one = back[0]
        each.payments.remove(one)
        each.open += line.amount
        return [(each, Standing(new_id(), line.amount), one.id)], None
    exact = [each for each in same if each.open == -line.amount]
    if len(exact) > 1:
        exact = [each for each in exact if line.iban is not None and iban_of(each) == line.iban]
        if len(exact) != 1:
            return [], "ambiguous"
    if not exact and len(same) > 1 and sum(each.open for each in same) == -line.amount:
        exact = [each for each in same if each.open > 0]
    if not exact or line.amount == 0:
        return [], "amount_differs"
    matched: list[Match] = [(each, Standing(new_id(), each.open), None) for each in exact]
    for each, made, _ in matched:
        each.payments.append(made)
        each.open = 0
    return matched, None


def _documents(connection: Connection, wanted: set[str]) -> dict[str, list[Open]]:
    """What can be paid or come back, by its number and by the supplier's own."""
    found: dict[str, list[Open]] = {}
    for some in _portions(sorted(wanted)):
        rows = {row.id: row for query in _NUMBERED for row in query.all(connection, {"numbers": some})}
        back: dict[UUID, list[Standing]] = {}
        for one in _standing(connection, [row.id for row in rows.values() if row.paid]):
            back.setdefault(one.document_id, []).append(Standing(one.id, one.amount))
        for row in rows.values():
            if row.claimed is None:
                continue
            each = Open(row, row.claimed - row.credited - row.paid, back.get(row.id, []))
            found.setdefault(row.number.upper(), []).append(each)
            if row.own_number is not None and row.own_number.upper() != row.number.upper():
                found.setdefault(row.own_number.upper(), []).append(each)
    return found


_COLUMNS: Final = (
    document.id, document.number, document.supplier_id, document.buyer_id, document.currency,
    document.content["time_zone"].as_string().label("zone"), own.number.label("own_number"),
    settlement.claimed().label("claimed"), settlement.credited().label("credited"), settlement.paid().label("paid"),
)  # fmt: skip
_NUMBERED: Final = tuple(
    Prepared(
        select(*_COLUMNS)
        .outerjoin(t.supplier_document, own.document_id == document.id)
        .where(numbered, document.kind != "credit_note")
    )
    for numbered in (
        among(document.number, texts("numbers")),
        document.id.in_(select(own.document_id).where(among(own.number, texts("numbers")))),
    )
)


def _iban(connection: Connection, each: Open) -> Any:
    """Where the document asks for its money. Looked up where numbers and amounts leave a choice: content is long."""
    iban = document.content["supplier"]["iban"].as_string()
    return connection.execute(select(iban).where(document.id == each.row.id)).scalar_one()


def _currency(connection: Connection, document_id: UUID) -> Any:
    return connection.execute(select(document.currency).where(document.id == document_id)).scalar_one_or_none()


def _standing(connection: Connection, documents: Sequence[UUID]) -> list[Any]:
    """Payments of these documents that did not come back, oldest first."""
    return _STANDING.all(connection, {"documents": documents}) if documents else []


_BACK: Final = t.payment.alias("back")
_STANDING: Final = Prepared(
    select(payment.id, payment.document_id, payment.amount)
    .outerjoin(_BACK, _BACK.c.returns_id == payment.id)
    .where(among(payment.document_id, ids("documents")), payment.kind == PAYMENT, _BACK.c.id.is_(None))
    .order_by(payment.id)
)


def _known(connection: Connection, digests: Sequence[str]) -> set[str]:
    rows = (_KNOWN.all(connection, {"digests": some}) for some in _portions(digests))
    return {row.digest for some in rows for row in some}


_KNOWN: Final = Prepared(select(bank.digest).where(among(bank.digest, texts("digests"))))


def _portions(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + PORTION] for start in range(0, len(items), PORTION))


def _row(line_id: UUID, line: StatementLine, why: str | None, actor: str, now: datetime) -> dict[str, Any]:
    return {
        "id": line_id,
        "digest": line.digest,
        "booked_on": line.booked_on,
        "amount": line.amount,
        "currency": line.currency,
        "reference": line.reference,
        "counterparty": line.counterparty,
        "iban": line.iban,
        "unmatched": why,
        "recorded_at": now,
        "actor": actor,
    }


def _paid(line: StatementLine, line_id: UUID, each: Open, made: Standing, returns: UUID | None) -> Paid:
    row = each.row
    return Paid(
        row.id, row.supplier_id, row.buyer_id, row.currency, row.zone, made.amount, line.booked_on,
        line.reference[:140], returns, line_id, made.id,
    )  # fmt: skip
