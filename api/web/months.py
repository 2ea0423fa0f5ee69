"""Finance: months, billing runs and their documents.

Owns the start of a run from a page: its row first, then the run beside the request, so that a long one is watched
instead of waited for. Refuses to run twice what runs already; the run itself gives no second document anyway.
"""

import logging
import threading
from datetime import datetime
from typing import Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection, Engine, insert, select, update

from api.databases import database
from api.units import clock
from api.web.blueprint import led_to, pages, show
from api.web.documents import PAGE, download, storage
from api.web.inbox import identity
from api.web.sessions import only, person
from invoices import accounting_files, files, reminders
from invoices.billing_run import bill, check_ended
from ledger.domain.calendar import Period
from ledger.domain.errors import Conflict, Refusal, Refused, Unknown
from ledger.reports import documents, reconciliation
from ledger.reports import months as report
from ledger.services.access import FINANCE
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from ledger.store.types import new_id

QUERIED: Final = 50
"""Queried documents that the list of months shows, the longest first."""
WAIT_SECONDS: Final = 3.0
"""How long the answer waits for a run: most are over by then and need no second look."""
STALE_SECONDS: Final = 3_600
"""After this long a run that says it runs has stopped with its process."""

log = logging.getLogger(__name__)


@pages.get("/months")
@only(FINANCE)
def months() -> Response:
    """Every month with money in it, newest first."""
    with reading(database().engine) as connection:
        found = report.months(connection)
        runs = report.last_runs(connection, [month.period for month in found])
        balances = report.balances(connection)
        ending = reminders.reminders(connection, clock())
        queried = documents.queried(connection, clock(), limit=QUERIED)
        names = _names(connection)
    return show(
        "months",
        months=found,
        runs=runs,
        balances=balances,
        ending=ending,
        queried=queried,
        names=names,
        zone=person().time_zone,
    )


@pages.get("/months/<period>")
@only(FINANCE)
def month(period: str) -> Response:
    """One month: its figures, its run, its documents."""
    return _page(_period(period))


@pages.post("/months/<period>/run")
@only(FINANCE)
def run_month(period: str) -> Response:
    """Bill the month, or one supplier's; a dry run issues nothing."""
    wanted, now = _period(period), clock()
    supplier = request.form.get("supplier") or None
    dry_run = request.form.get("dry_run") == "yes"
    run_id = new_id()
    engine = database().engine
    with writing(engine) as connection:
        check_ended(connection, wanted, None, now)
        last = report.last_runs(connection, [wanted]).get(wanted.number)
        if last is not None and last.finished_at is None and (now - last.created_at).total_seconds() < STALE_SECONDS:
            raise Conflict(f"{wanted} is being billed already", code="run_in_progress")
        connection.execute(
            insert(t.billing_run).values(
                id=run_id,
                period=wanted.number,
                dry_run=dry_run,
                state="queued",
                actor=person().principal.actor,
                progress_done=0,
                progress_total=0,
                created_at=now,
            )
        )
    worker = threading.Thread(
        target=_run,
        args=(engine, wanted, now, person().principal.actor, supplier, dry_run, run_id),
        name=f"bill {wanted}",
    )
    worker.start()
    worker.join(WAIT_SECONDS)
    return led_to(url_for("web.month", period=str(wanted), run=run_id))


@pages.get("/months/<period>/accounting.zip")
@only(FINANCE)
def month_accounting(period: str) -> Response:
    """What an accountant imports of the month."""
    wanted = _period(period)
    with reading(database().engine) as connection:
        content = accounting_files.archive(connection, wanted)
    return download(content, f"ledger-{wanted}.zip", "application/zip")


@pages.get("/months/<period>.zip")
@only(FINANCE)
def month_archive(period: str) -> Response:
    """Every document of the month, as PDF and CSV."""
    wanted = _period(period)
    with reading(database().engine) as connection:
        content = b"".join(files.archive(connection, storage(), report.of_period(wanted)))
    return download(content, f"documents-{wanted}.zip", "application/zip")


def _run(
    engine: Engine, period: Period, now: datetime, actor: str, supplier: str | None, dry_run: bool, run_id: UUID
) -> None:
    """Bills beside the request. What refuses the run before it begins is kept in its row."""
    try:
        bill(engine, period, now=now, actor=actor, supplier=supplier, dry_run=dry_run, run_id=run_id)
    except Refusal as refusal:
        log.info("billing run %s refused: %s", run_id, refusal.code)
        with writing(engine) as connection:
            connection.execute(
                update(t.billing_run)
                .where(t.billing_run.c.id == run_id)
                .values(state="failed", error=refusal.detail, finished_at=now)
            )


def _page(period: Period) -> Response:
    now = clock()
    run_id = identity(request.args.get("run"))
    with reading(database().engine) as connection:
        found = report.months(connection, period)
        waiting = report.waiting_until(connection, period)
        last = report.last_runs(connection, [period]).get(period.number)
        watched = last if run_id is None else report.run(connection, run_id)
        own = report.of_period(period)
        rows, following = report.documents(connection, own, now, limit=PAGE, after=identity(request.args.get("after")))
        still_runs = _still_runs(connection, period, now)
        names = _names(connection)
        equations = reconciliation.equations(connection, period)
        parked = () if watched is None else watched.result.get("parked", ())
        kept_back = reconciliation.waiting(connection, period, [(each["supplier"], each["buyer"]) for each in parked])
    figures = found[0].currencies if found else []
    return show(
        "month",
        period=period,
        figures=figures,
        waiting=waiting,
        equations=equations,
        kept_back=kept_back,
        run=watched,
        is_running=watched is not None and watched.finished_at is None,
        still_runs=still_runs,
        rows=rows,
        totals=report.sums(rows),
        following=following,
        is_first=not request.args.get("after"),
        names=names,
        zone=person().time_zone,
        now=now,
    )


def _names(connection: Connection) -> dict[str, str]:
    every = select(t.organisation.c.slug, t.organisation.c.legal_name)
    return {row.slug: row.legal_name for row in connection.execute(every)}


def _still_runs(connection: Connection, period: Period, now: datetime) -> bool:
    """Whether a run would be refused because the month has not ended everywhere."""
    try:
        check_ended(connection, period, None, now)
    except Refused:
        return True
    return False


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError:
        raise Unknown("there is no such month") from None
