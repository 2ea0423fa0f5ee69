"""What happens to a document afterwards, from its page: payments, credits with four eyes, the supplier's answer.

Owns the forms and what they are read into; the same services as the API's take them. A form says what was on the page
when it was filled in, so that what was sent twice, or by two people at once, happens once.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection, select, true

from api.databases import database
from api.languages import gettext
from api.units import clock, settings
from api.web import documents
from api.web.afterwards import seen
from api.web.amounts import misread_amount, read_amount
from api.web.blueprint import led_to, pages, show
from api.web.mending import problem_shown
from api.web.sessions import only, person
from invoices import acceptance, credits_by_hand, payments
from invoices.credits_by_hand import Wanted
from ledger.domain.errors import Malformed, Refusal, Unknown, VersionMismatch
from ledger.domain.settlement import Position
from ledger.reports import credits as by_hand
from ledger.reports import documents as issued
from ledger.services import access
from ledger.services.access import FINANCE, SUPPLIER, visible
from ledger.store import tables as t
from ledger.store.engine import reading, writing

Act = Callable[[Connection, Mapping[str, Any], datetime], object]


@pages.post("/documents/<uuid:document_id>/payments")
@only(FINANCE)
def record_payment(document_id: UUID) -> Response:
    """Money that was paid on it."""

    def act(connection: Connection, found: Mapping[str, Any], now: datetime) -> None:
        amount, paid_on = _amount("amount", found["currency"]), _day("paid_on")
        reference = _text("reference")
        actor = person().principal.actor
        payments.record(connection, document_id, amount, paid_on, reference, actor=actor, now=now)

    return _command(document_id, act, gettext("The payment was not recorded"))


@pages.post("/documents/<uuid:document_id>/payments/<uuid:payment_id>/return")
@only(FINANCE)
def return_payment(document_id: UUID, payment_id: UUID) -> Response:
    """A payment that came back."""

    def act(connection: Connection, found: Mapping[str, Any], now: datetime) -> None:
        if all(each["id"] != payment_id for each in found["payments"]):
            raise Unknown("there is no such payment")
        payments.give_back(connection, payment_id, _day("returned_on"), None, actor=person().principal.actor, now=now)

    return _command(document_id, act, gettext("The return was not recorded"))


@pages.post("/documents/<uuid:document_id>/supplier-invoice")
@only(FINANCE)
def record_supplier_invoice(document_id: UUID) -> Response:
    """The supplier's own invoice for a statement, which makes it payable."""

    def act(connection: Connection, found: Mapping[str, Any], now: datetime) -> None:
        number, issued_on = _text("number"), _day("issued_on")
        if number is None:
            raise Malformed.at("number", gettext("Say the number that the supplier gave it."))
        net, tax = found["totals"]["net"], _amount("tax", found["currency"])
        payments.record_supplier_document(
            connection, document_id, number, issued_on, net, tax, actor=person().principal.actor, now=now
        )

    return _command(document_id, act, gettext("It was not recorded"))


@pages.post("/documents/<uuid:document_id>/credits")
@only(FINANCE)
def ask_for_credit(document_id: UUID) -> Response:
    """A credit by hand: of one line, or of all that is left."""

    def act(connection: Connection, found: Mapping[str, Any], now: datetime) -> None:
        line, reason = _text("line"), _text("reason")
        if reason is None:
            raise Malformed.at("reason", gettext("Say why; both sides read it."))
        wanted = None
        if line is not None:
            amount = None if _text("amount") is None else _amount("amount", found["currency"])
            wanted = [Wanted(documents.line_number(line), None, amount)]
        elif _text("amount") is not None:
            raise Malformed.at("line", gettext("Say of which line; without one, all that is left is credited."))
        who = access.person(connection, person().principal)
        limit = settings().credit_limit
        credits_by_hand.ask(connection, document_id, wanted, reason, limit=limit, person=who, now=now)

    return _command(document_id, act, gettext("The credit was not taken"))


@pages.get("/credits")
@only(FINANCE)
def credits_to_approve() -> Response:
    """Credits above the limit that wait for a second person."""
    return _waiting(None)


@pages.post("/credits/<uuid:credit_id>/approve")
@only(FINANCE)
def approve_credit(credit_id: UUID) -> Response:
    """The second pair of eyes."""
    now = clock()
    try:
        with writing(database().engine) as connection:
            who = access.person(connection, person().principal)
            credits_by_hand.approve(connection, credit_id, person=who, now=now)
            found = by_hand.one(connection, credit_id, true())
    except Unknown:
        raise
    except Refusal as refusal:
        return _waiting(refusal)
    return led_to(url_for("web.document", document_id=found["credit_note"]["id"]))


@pages.post("/documents/<uuid:document_id>/answer")
@only(SUPPLIER)
def answer_document(document_id: UUID) -> Response:
    """The supplier accepts, queries, or takes his query back."""

    def act(connection: Connection, found: Mapping[str, Any], now: datetime) -> None:
        try:
            position = Position(request.form.get("position", ""))
        except ValueError:
            raise Malformed.at("position", gettext("Choose what you say of it.")) from None
        principal = person().principal
        sees, said = visible(principal, t.document), _text("message")
        acceptance.respond(connection, document_id, sees, position, said, actor=principal.actor, now=now)

    return _command(document_id, act, gettext("Your answer was not taken"))


def _command(document_id: UUID, act: Act, refused: str) -> Response:
    """Acts on a document as it was seen; a refusal is shown beside the form that was sent."""
    now = clock()
    try:
        with writing(database().engine) as connection:
            connection.execute(select(t.document.c.id).where(t.document.c.id == document_id).with_for_update())
            found = issued.one(connection, document_id, visible(person().principal, t.document), now)
            if found is None:
                raise Unknown("there is no such document")
            if request.form.get("seen") != seen(connection, found):
                raise VersionMismatch
            act(connection, found, now)
    except Unknown:
        raise
    except Refusal as refusal:
        return documents.page(document_id, refusal=refusal, headline=refused, given=request.form)
    return led_to(url_for("web.document", document_id=document_id))


def _waiting(refusal: Refusal | None) -> Response:
    with reading(database().engine) as connection:
        query = by_hand.credits_by_hand().where(by_hand.in_state(by_hand.PENDING)).order_by(t.credit_request.c.id)
        rows = [by_hand.as_json(row) for row in connection.execute(query).mappings()]
        who = access.person(connection, person().principal)
    status = 200 if refusal is None else 409
    return show("credits", status, rows=rows, refused=problem_shown(refusal), me=who, zone=person().time_zone)


def _text(name: str) -> str | None:
    return request.form.get(name, "").strip() or None


def _amount(name: str, currency: str) -> int:
    text = _text(name) or ""
    amount = read_amount(text, currency)
    if amount is None:
        raise Malformed.at(name, misread_amount(text, currency))
    return amount


def _day(name: str) -> date:
    try:
        return date.fromisoformat(_text(name) or "")
    except ValueError:
        raise Malformed.at(name, gettext("Write the day as 2026-12-01.")) from None
