"""Mails about money: documents that are ready, with what is to be paid or answered, and self-billing that ends."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, select

from api.languages import gettext, ngettext
from api.mail.contents import MOST_ITEMS, Contents, Item, Reader, rest
from api.web.display import FILTERS, day_of
from invoices.reminders import reminders
from ledger.domain.mailing import end_of
from ledger.reports import documents as issued
from ledger.services.access import FINANCE, SUPPLIER, visible
from ledger.services.mail_outbox import Cause
from ledger.store import tables as t


def documents(reader: Reader, causes: Collection[Cause]) -> Contents | None:
    """Documents that can be read now."""
    document = t.document.c
    mine = and_(document.id.in_({cause.source_id for cause in causes}), visible(reader.principal, t.document))
    query = issued.documents(reader.now).where(mine).order_by(document.number, document.id)
    rows = reader.connection.execute(query).mappings().all()
    if not rows:
        return None
    names = reader.names({row[f"{_other(reader)}_id"] for row in rows})
    items = tuple(
        Item(
            f"{FILTERS['document_kind'](row['kind'])} {row['number']}, {names[row[f'{_other(reader)}_id']]}",
            f"{reader.public_url}/documents/{row['id']}",
            tuple(_standing(reader, row)),
        )
        for row in rows[:MOST_ITEMS]
    )
    if len(rows) == 1:
        kind = FILTERS["document_kind"](rows[0]["kind"])
        subject = gettext("%(kind)s %(number)s is ready", kind=kind, number=rows[0]["number"])
    else:
        subject = ngettext("One document is ready", "%(n)s documents are ready", len(rows))
    lead = gettext("The pages show every line and why it was billed, and have the e-invoice for your own books.")
    ids = tuple(row["id"] for row in rows)
    return Contents(subject, lead, items, f"{reader.public_url}/documents", rest(len(rows)), ids)


def _other(reader: Reader) -> str:
    return "buyer" if SUPPLIER in reader.principal.roles else "supplier"


def _standing(reader: Reader, row: Any) -> list[str]:
    total = FILTERS["money"](row["gross"], row["currency"])
    lines = [gettext("%(amount)s, due on %(day)s", amount=total, day=day_of(row["due_on"]))]
    if row["kind"] == "credit_note":
        lines = [gettext("%(amount)s taken off", amount=total)]
    accept_by = row["accept_by"]
    if accept_by is not None and accept_by > reader.now and SUPPLIER in reader.principal.roles:
        lines.append(gettext("Accept or query it until %(when)s; silence accepts it.", when=reader.when(accept_by)))
    return lines


def self_billing(reader: Reader, causes: Collection[Cause]) -> Contents | None:
    """Self-billing agreements that end soon; those that were renewed meanwhile are not."""
    agreement = t.agreement.c
    named = {(cause.source_id, end_of(cause.source_number)) for cause in causes}
    mine = and_(agreement.id.in_({each for each, _ in named}), visible(reader.principal, t.agreement))
    theirs = set(reader.connection.execute(select(agreement.id).where(mine)).scalars())
    found = [
        each
        for each in reminders(reader.connection, reader.now)
        if each["agreement"] in theirs and (each["agreement"], each["until"]) in named
    ]
    if not found:
        return None
    slugs = {each[side] for each in found for side in ("supplier", "buyer")}
    organisation = t.organisation.c
    query = select(organisation.slug, organisation.legal_name).where(organisation.slug.in_(slugs))
    names = {row.slug: row.legal_name for row in reader.connection.execute(query)}
    page = f"{reader.public_url}/{'months' if FINANCE in reader.principal.roles else 'agreements'}"
    items = tuple(
        Item(f"{names[each['supplier']]} · {names[each['buyer']]}", _address(reader, each), (_ends(each),))
        for each in found[:MOST_ITEMS]
    )
    subject = ngettext("A self-billing agreement ends soon", "%(n)s self-billing agreements end soon", len(found))
    lead = gettext("After its end the supplier is parked: nothing is invoiced until both sides agree anew.")
    return Contents(subject, lead, items, page, rest(len(found)))


def _address(reader: Reader, each: dict[str, Any]) -> str:
    own = reader.principal.party is not None
    return f"{reader.public_url}/agreements/{each['agreement']}" if own else f"{reader.public_url}/months"


def _ends(each: dict[str, Any]) -> str:
    day, days = day_of(each["until"]), each["days_left"]
    if days < 0:
        return gettext("Ended on %(day)s", day=day)
    return ngettext("Ends on %(day)s, in one day", "Ends on %(day)s, in %(n)s days", days, day=day)
