"""Bank statements as they come: camt.053 (any version) or CSV, read into lines of one shape.

Pure. Owns what tells one line from another, so that a statement taken in twice changes nothing. Refuses files that are
neither, with the place of the fault; documents with a DTD are not read.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lxml import etree

from ledger.domain.errors import Malformed
from ledger.domain.money import is_currency, parse_amount

COLUMNS: Final = ("booked_on", "amount", "currency", "reference")
"""What a CSV must have; `counterparty`, `iban` and `id` (the bank's own reference) may follow."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """`amount` in minor units, negative where money left the account. `digest` is the same for the same line."""

    digest: str
    booked_on: date
    amount: int
    currency: str
    reference: str
    counterparty: str | None
    iban: str | None


def read(content: bytes) -> list[StatementLine]:
    """The lines of a statement. Raises `Malformed`."""
    found = _camt(content) if content.lstrip()[:1] == b"<" else _csv(content)
    seen: Counter[tuple[Any, ...]] = Counter()
    lines = []
    for identity, values in found:
        turn = seen[identity]
        seen[identity] += 1
        digest = hashlib.sha256("\n".join(map(str, (*identity, turn))).encode()).hexdigest()
        lines.append(StatementLine(digest, *values))
    return lines


Values = tuple[date, int, str, str, str | None, str | None]
Found = tuple[tuple[Any, ...], Values]


def _csv(content: bytes) -> Iterator[Found]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed(detail="the statement is neither camt.053 nor CSV in UTF-8") from None
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise Malformed(detail=f"the statement has no column {', '.join(missing)}")
    for number, row in enumerate(rows, 2):
        told = {name: (row.get(name) or "").strip() for name in (*COLUMNS, "counterparty", "iban", "id")}
        try:
            said = _with_point(told["amount"]) if delimiter == ";" else told["amount"]
            booked_on, amount = _day(told["booked_on"]), _minor(said, told["currency"])
        except ValueError as error:
            raise Malformed.at(f"/{number}", f"line {number}: {error}") from None
        iban = told["iban"].replace(" ", "").upper()
        values: Values = (
            booked_on, amount, told["currency"], told["reference"], told["counterparty"] or None, iban or None
        )  # fmt: skip
        yield ("csv", told["id"], *values), values


def _with_point(amount: str) -> str:
    """An amount as files with semicolons have it, such as 1.234,56."""
    return amount.replace(".", "").replace(",", ".") if "," in amount else amount


def _camt(content: bytes) -> Iterator[Found]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Malformed(detail=f"the statement is not well-formed XML: {error.msg}") from None
    if b"<!DOCTYPE" in content or "camt.053" not in (etree.QName(root).namespace or ""):
        raise Malformed(detail="the statement is not a camt.053 document")
    for statement in _all(root, "Stmt"):
        account = _text(statement, "Acct/Id/IBAN") or _text(statement, "Acct/Id/Othr/Id") or ""
        for entry in statement.findall("{*}Ntry"):
            if _text(entry, "Sts") in ("PDNG", "INFO") or _text(entry, "Sts/Cd") in ("PDNG", "INFO"):
                continue
            try:
                yield from _entry(account, entry)
            except ValueError as error:
                raise Malformed(detail=f"line {entry.sourceline}: {error}") from None


def _entry(account: str, entry: Any) -> Iterator[Found]:
    """An entry's transactions where it has several with amounts of their own, else the entry."""
    day = _text(entry, "BookgDt/Dt") or (_text(entry, "BookgDt/DtTm") or "")[:10]
    booked_on, direction = date.fromisoformat(day), _text(entry, "CdtDbtInd")
    if direction not in ("CRDT", "DBIT"):
        raise ValueError("an entry says neither CRDT nor DBIT")
    parts = entry.findall("{*}NtryDtls/{*}TxDtls")
    several = len(parts) > 1 and all(_amount_of(part) is not None for part in parts)
    for part in parts if several else [entry]:
        inner = part if several or not parts else parts[0]
        found = _amount_of(part)
        if found is None:
            raise ValueError("an entry has no amount")
        currency = found.get("Ccy", "")
        minor = _minor((found.text or "").strip(), currency)
        amount = minor if direction == "CRDT" else -minor
        said = [each.text or "" for name in ("Ustrd", "EndToEndId", "Ref") for each in _all(inner, name)]
        reference = " ".join(text.strip() for text in said if text.strip() and text != "NOTPROVIDED")
        side = "Cdtr" if direction == "DBIT" else "Dbtr"
        name = _text(inner, f"RltdPties/{side}/Nm") or _text(inner, f"RltdPties/{side}/Pty/Nm")
        iban = _text(inner, f"RltdPties/{side}Acct/Id/IBAN")
        own = _text(entry, "AcctSvcrRef") or _text(inner, "Refs/AcctSvcrRef") or ""
        values: Values = (booked_on, amount, currency, reference[:1000], name, iban)
        yield (account, own, *values), values


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day such as 2026-12-01") from None


def _minor(text: str, currency: str) -> int:
    if not is_currency(currency):
        raise ValueError(f"{currency!r} is not an ISO 4217 currency")
    return parse_amount(text, currency)


def _amount_of(element: Any) -> Any:
    direct = element.find("{*}Amt")
    return direct if direct is not None else element.find("{*}AmtDtls/{*}TxAmt/{*}Amt")


def _all(element: Any, name: str) -> list[Any]:
    return list(element.iter(f"{{*}}{name}"))


def _text(element: Any, path: str) -> str | None:
    found = element.find("/".join(f"{{*}}{name}" for name in path.split("/")))
    return None if found is None or found.text is None else found.text.strip() or None
