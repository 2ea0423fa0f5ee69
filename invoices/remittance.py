"""Remittance advice: what a supplier was paid on one day, document by document, in the look of the documents.

Made when it is asked for and kept nowhere: payments are the record, this is their paper. Owns what it says; the same
payments under the same brand give the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from hashlib import md5
from typing import Any
from uuid import UUID

import jinja2
from sqlalchemy import ColumnElement, Connection, select

from invoices import branding, display
from invoices.brand import LOGO_ROOM, Brand
from invoices.document import Party
from invoices.engine import Imprint, produce
from invoices.groups import organisations
from invoices.languages import language_of, tongue
from invoices.text import clean
from ledger.store import tables as t


@dataclass(frozen=True, slots=True)
class Item:
    """A payment and the document that it pays; minor units."""

    number: str
    issued_at: datetime
    gross: int
    paid: int
    reference: str | None


@dataclass(frozen=True, slots=True)
class Remittance:
    """Everything that a buyer paid a supplier on one day in one currency."""

    supplier: Party
    buyer: Party
    currency: str
    paid_on: date
    recorded_at: datetime
    items: tuple[Item, ...]
    brand: Brand
    logo: bytes | None


def find(
    connection: Connection, supplier: str, buyer: str, currency: str, paid_on: date, sees: ColumnElement[bool]
) -> Remittance | None:
    """What was paid, as far as who asks may see it; None where nothing was."""
    payment, document, organisation = t.payment.c, t.document.c, t.organisation.c
    ids: dict[str, UUID] = {
        row.slug: row.id
        for row in connection.execute(
            select(organisation.slug, organisation.id).where(organisation.slug.in_((supplier, buyer)))
        )
    }
    query = (
        select(
            document.number, document.issued_at, document.gross, payment.amount, payment.reference, payment.recorded_at
        )
        .join_from(t.payment, t.document, document.id == payment.document_id)
        .where(payment.supplier_id == ids.get(supplier), payment.buyer_id == ids.get(buyer), payment.kind == "payment")
        .where(payment.currency == currency, payment.paid_on == paid_on, sees)
        .order_by(document.number, payment.id)
    )
    rows = connection.execute(query).all()
    if not rows:
        return None
    parties, brand = organisations(connection, ids.values()), branding.brand_of(connection, ids[buyer])
    return Remittance(
        parties[ids[supplier]].party,
        parties[ids[buyer]].party,
        currency,
        paid_on,
        max(row.recorded_at for row in rows),
        tuple(Item(*row[:5]) for row in rows),
        brand,
        branding.logo(connection, {"brand": brand.to_json()}),
    )


def render(paid: Remittance) -> bytes:
    """The advice as a PDF/A-3b file, in the supplier's language."""
    say = tongue(language_of(paid.supplier.address.country))
    name = f"{paid.supplier.slug}/{paid.buyer.slug}/{paid.currency}/{paid.paid_on}"
    html = _template().render(
        say=say,
        lang=say.locale.replace("_", "-"),
        brand=paid.brand,
        logo_box=None if paid.brand.logo is None else paid.brand.logo.box(*LOGO_ROOM),
        parties=[_block(say("Supplier"), paid.supplier, say), _block(say("Buyer"), paid.buyer, say)],
        day=display.day(paid.paid_on, say.locale),
        iban=paid.supplier.iban and display.iban(paid.supplier.iban),
        total=display.money(sum(item.paid for item in paid.items), paid.currency, say.locale),
        rows=_rows(paid, say.locale),
        sum=display.amount(sum(item.paid for item in paid.items), paid.currency, say.locale),
        currency=paid.currency,
        footer=[clean(line) for line in paid.brand.footer],
        page_words=say("Page {place} of {count}", place="|", count="").replace(" ", "").split("|"),
    )
    identifier = md5(name.encode(), usedforsecurity=False).digest()
    imprint = Imprint(identifier, paid.recorded_at, paper=paid.brand.paper, logo=paid.logo)
    return produce(html, furniture=True, imprint=imprint)


def _rows(paid: Remittance, locale: str) -> Sequence[tuple[str, ...]]:
    return [
        (
            clean(item.number),
            display.local_day(item.issued_at, paid.buyer.time_zone, locale),
            clean(item.reference),
            display.amount(item.gross, paid.currency, locale),
            display.amount(item.paid, paid.currency, locale),
        )
        for item in paid.items
    ]


def _block(role: str, party: Party, say: Any) -> dict[str, Any]:
    lines = display.address(party.address, say.locale)
    return {"role": role, "name": clean(party.legal_name) or party.slug, "lines": lines}


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("invoices"), autoescape=True, undefined=jinja2.StrictUndefined, auto_reload=False
    )
    return environment.get_template("remittance.html.j2")
