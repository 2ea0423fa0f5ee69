"""SEPA files by page: what of a buyer's debts would be paid, the file made of it, and the files made before.

Owns the look before the click: nobody makes a file over another sum than the page showed. What may go into a file is
`invoices.payment_files`' to say.
"""

from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection, select

from api.databases import database
from api.languages import gettext
from api.problems import problem_of
from api.units import clock
from api.web.blueprint import led_to, pages, show
from api.web.documents import download
from api.web.inbox import identity
from api.web.mending import problem_shown
from api.web.sessions import only, person
from invoices import payment_files
from ledger.domain.calendar import local_date
from ledger.domain.errors import Malformed, Refusal, Refused, Unknown, VersionMismatch
from ledger.services import parties
from ledger.services.access import FINANCE
from ledger.store import tables as t
from ledger.store.engine import reading, writing

PAGE: Final = 50


@pages.get("/payment-files")
@only(FINANCE)
def sepa_files() -> Response:
    """What could be paid, and the files that were made."""
    return _page()


@pages.post("/payment-files")
@only(FINANCE)
def make_sepa_file() -> Response:
    """Make the file that the page showed."""
    try:
        with writing(database().engine) as connection:
            made = payment_files.make(
                connection,
                parties.organisation(connection, request.form.get("buyer", ""))["id"],
                _day("due_by"),
                _day("pay_on"),
                again=_again(),
                actor=person().principal.actor,
                now=clock(),
            )
            if str(made.amount) != request.form.get("seen"):
                raise VersionMismatch
    except Unknown:
        raise
    except Refusal as refusal:
        return _page(refusal)
    return led_to(url_for("web.sepa_files", done=made.id))


@pages.get("/payment-files/<uuid:file_id>.xml")
@only(FINANCE)
def download_sepa_file(file_id: UUID) -> Response:
    """The file as the bank takes it."""
    with reading(database().engine) as connection:
        content = payment_files.content(connection, file_id)
    return download(content.encode(), f"payments-{file_id}.xml", "application/xml")


def _page(refusal: Refusal | None = None) -> Response:
    asked, now = request.values, clock()
    after, file = identity(request.args.get("after")), t.payment_file.c
    with reading(database().engine) as connection:
        buyers = _buyers(connection)
        buyer = asked.get("buyer") or (next(iter(buyers)) if len(buyers) == 1 else "")
        debtor = parties.organisation(connection, buyer) if buyer in buyers else None
        zone = person().time_zone if debtor is None else debtor["time_zone"]
        given = {name: asked.get(name) or local_date(now, zone).isoformat() for name in ("due_by", "pay_on")}
        query = payment_files.files().order_by(file.id.desc()).limit(PAGE + 1)
        files = connection.execute(query if after is None else query.where(file.id < after)).mappings().all()
        planned = None
        if debtor is not None:
            try:
                due_by, pay_on = _day("due_by", given), _day("pay_on", given)
                payment_files.check_day(pay_on, zone, now)
                planned = payment_files.plan(connection, debtor["id"], due_by, again=_again(), now=now)
            except (Malformed, Refused) as found:
                refusal = refusal or found
    shown: dict[str, Any] = {"following": files[PAGE - 1]["id"] if len(files) > PAGE else None, "files": files[:PAGE]}
    return show(
        "payment_files",
        200 if refusal is None else problem_of(refusal).status,
        buyers=buyers,
        buyer=buyer,
        planned=planned,
        again=[str(each) for each in _again()],
        **given,
        **shown,
        is_first=after is None,
        done=identity(request.args.get("done")),
        refused=problem_shown(refusal),
        headline=gettext("No file was made"),
        euro=payment_files.EURO,
    )


def _buyers(connection: Connection) -> dict[str, str]:
    organisation = t.organisation.c
    query = select(organisation.slug, organisation.legal_name).where(organisation.kind == "buyer")
    return {row.slug: row.legal_name for row in connection.execute(query.order_by(organisation.legal_name))}


def _again() -> list[UUID]:
    return [each for each in map(identity, request.values.getlist("again")) if each is not None]


def _day(name: str, given: dict[str, str] | None = None) -> date:
    try:
        return date.fromisoformat((given or request.form).get(name, ""))
    except ValueError:
        raise Malformed.at(name, gettext("Write the day as 2026-12-01.")) from None
