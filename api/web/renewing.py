"""Self-billing as it stands on an agreement's page, and its renewal: the terms that count, for another time.

Owns that a renewal changes nothing else, and that a buyer who offers one has said yes to it. Refuses to renew beside
a version that waits for somebody, which the renewal would replace.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy import Connection, select

from api.languages import gettext
from api.web.sessions import person
from invoices import groups
from ledger.domain.calendar import local_date
from ledger.domain.errors import IllegalMove, Malformed
from ledger.domain.terms import BillingMode
from ledger.services import agreement_reading, agreements, contracts
from ledger.services.access import BUYER
from ledger.services.agreement_reading import AgreementView
from ledger.store import tables as t


def standing(connection: Connection, view: AgreementView, now: datetime) -> dict[str, Any] | None:
    """The term that counts, why nothing could be invoiced today, and whether the reader may renew it; None without."""
    head = view.head
    terms = contracts.in_force(connection, now, [head["id"]]).get(head["id"])
    if terms is None or terms.agreement.billing.mode is not BillingMode.SELF_BILLED:
        return None
    organisation = t.organisation.c
    query = select(organisation.id, organisation.vat_id, organisation.time_zone)
    parties = {
        row.id: row for row in connection.execute(query.where(organisation.id.in_([terms.supplier_id, terms.buyer_id])))
    }
    return {
        "agreed": terms.agreement.billing.self_billing,
        "obstacles": groups.obstacles(connection, terms, now),
        "renewable": head["ended_from"] is None and _newest(view) == terms.version,
        "today": local_date(now, parties[terms.buyer_id].time_zone),
        "vat_id": parties[terms.supplier_id].vat_id,
    }


def renew(connection: Connection, agreement_id: UUID, now: datetime) -> None:
    """Offers the version that counts with the self-billing terms of the form. Raises `IllegalMove` or `Malformed`."""
    principal = person().principal
    view = agreement_reading.view(connection, agreement_id, principal, now)
    if view.head["ended_from"] is not None:
        raise IllegalMove("the agreement has ended")
    if view.counts is None or view.counts[0] != _newest(view):
        raise IllegalMove(gettext("a newer version waits to be accepted; its self-billing terms come with it"))
    counting = view.versions[view.counts[0] - 1].document
    if counting["billing"]["mode"] != BillingMode.SELF_BILLED:
        raise IllegalMove(gettext("only a self-billed agreement has self-billing terms"))
    until = request.form.get("until", "").strip()
    agreed = {
        "from": _day("from").isoformat(),
        "until": _day("until").isoformat() if until else None,
        "supplier_vat_id": request.form.get("vat_id", "").strip() or None,
    }
    document = {
        **counting,
        "effective_from": None,
        "billing": {**counting["billing"], "self_billing": agreed},
    }
    number = agreements.add_version(connection, agreement_id, document, now=now, actor=principal.actor)
    if principal.party == BUYER:
        agreements.accept(
            connection,
            agreement_id,
            number,
            BUYER,
            at=now,
            now=now,
            actor=principal.actor,
            definition_version=view.counts[1],
        )


def _newest(view: AgreementView) -> int:
    return max(version.number for version in view.versions)


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, "").strip())
    except ValueError:
        raise Malformed.at(name, gettext("Write the day as 2026-12-01.")) from None
