"""`worker`: settles, chains, finishes billing runs, renders, sends webhooks and e-mail; for ever, any number of them.

Owns the rhythm: a jittered pause while there is nothing to do, a longer one after a fault, and a graceful end on
SIGTERM and SIGINT. Work is claimed in the database, so that two workers never do the same thing twice. Webhooks have
threads of their own: neither a long rendering nor a slow receiver holds up anything else. So have the sandboxes whose
integrators want to be told.
"""

import random
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import FrameType

import click
from sqlalchemy import Engine

from api import logs
from api.commands import current_settings, now, opened
from api.commands.rendering import store_of
from api.commands.settlement import LOOKS_BACK
from api.databases import SandboxDatabase
from api.mail.postman import Postman
from api.mail.smtp import Unreachable
from api.sending import Sender
from api.settings import Settings
from api.terminal import explained, json_option, print_json
from invoices import reminders, rendering
from invoices.run_queue import finish_abandoned
from invoices.storage import Storage
from ledger.domain.errors import Refusal
from ledger.services import announcing, chain, mail_causes, sandboxes
from ledger.services.deadlines import settle_due
from ledger.services.deliveries import attach_waiting

PAUSE_SECONDS = 2.0
MAIL_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 60.0
LATELY = timedelta(minutes=15)
"""Deliveries are attached as they come; what a crash left behind is not older than this."""
FULL_LOOK_EVERY = timedelta(hours=1)


@click.command()
@click.option("--once", is_flag=True, help="One round instead of for ever.")
@json_option
def worker(once: bool, as_json: bool) -> None:
    """Settle, render, send webhooks and e-mail for ever; stop with SIGTERM or Ctrl-C."""
    settings, pause = current_settings(), PAUSE_SECONDS
    logs.configure(settings)
    storage = store_of(settings.documents_url)
    first = True
    with opened(settings) as engine, told_to_stop() as stop, beside(engine, settings, stop, once=once) as check:
        while not stop.is_set():
            check()
            try:
                settled, rendered = _round(engine, storage, settings.contact_secret, stop, full=first)
                first, pause = False, PAUSE_SECONDS
            except Refusal as refusal:
                if once:
                    raise
                for line in explained(refusal):
                    click.echo(line, err=True)
                settled, rendered, pause = 0, 0, min(2 * pause, LONGEST_PAUSE_SECONDS)
            if settled or rendered or once:
                _tell(settled, rendered, as_json)
            if once:
                return
            stop.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads workers, guards nothing


def _round(engine: Engine, storage: Storage, secret: bytes, stop: threading.Event, *, full: bool) -> tuple[int, int]:
    """One round of work; the chain looks at everything in a `full` one, else at what was recorded of late."""
    at = now()
    attach_waiting(engine, at - (LOOKS_BACK if full else LATELY), at, secret)
    settled = settle_due(engine, at, at)
    finish_abandoned(engine, at)
    chain.extend(engine, full=full)
    return settled, rendering.render_pending(engine, storage, now=now, stopped=stop.is_set).done


@contextmanager
def beside(engine: Engine, settings: Settings, stop: threading.Event, *, once: bool) -> Iterator[Callable[[], None]]:
    """Tells what was recorded and sends it beside everything else, or `once` at the end; what is given raises a fault.

    On the way out, what is under way is finished.
    """
    sender, playground = (
        Sender(engine, settings, now),
        SandboxDatabase(settings.sandbox_database_url, key=settings.secret_key),
    )
    postman = Postman(engine, settings, store_of(settings.documents_url), now)
    if once:
        yield lambda: None
        announcing.announce(engine, now(), full=True)
        sender.send_due()
        if (there := playground.existing()) is not None:
            sandboxes.go_round(there, now(), full=True)
            replace(sender, engine=there).send_due()
        playground.dispose()
        if settings.sends_mail:
            _look_for_mail(engine, now(), full=True)
            try:
                postman.send_due()
            except Unreachable as error:
                click.echo(f"the mail server was not reached ({error}); the mails wait", err=True)
        return
    with ThreadPoolExecutor(6, thread_name_prefix="beside") as pool:
        running: list[Future[None]] = [
            pool.submit(_announce, engine, stop),
            pool.submit(sender.run, stop),
            pool.submit(_visit_sandboxes, playground, stop),
            pool.submit(_send_from_sandboxes, playground, sender, stop),
        ]
        if settings.sends_mail:
            running += [pool.submit(_gather_mail, engine, stop), pool.submit(postman.run, stop)]

        def check() -> None:
            for each in running:
                if each.done():
                    each.result()

        try:
            yield check
        finally:
            stop.set()
    playground.dispose()


def _announce(engine: Engine, stop: threading.Event) -> None:
    """Makes deliveries of what was recorded, for ever; a full look at first and every hour."""
    looked: datetime | None = None
    while not stop.is_set():
        at = now()
        full = looked is None or at - looked >= FULL_LOOK_EVERY
        with suppress(Refusal):
            announcing.announce(engine, at, full=full)
            if full:
                announcing.clear_away(engine, at)
                looked = at
        stop.wait(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - spreads workers, guards nothing


def _gather_mail(engine: Engine, stop: threading.Event) -> None:
    """Writes down who is to be told of what by e-mail, for ever; a full look at first and every hour."""
    looked: datetime | None = None
    while not stop.is_set():
        at = now()
        full = looked is None or at - looked >= FULL_LOOK_EVERY
        with suppress(Refusal):
            _look_for_mail(engine, at, full=full)
            if full:
                mail_causes.clear_away(engine, at)
                looked = at
        stop.wait(MAIL_PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - spreads workers, guards nothing


def _look_for_mail(engine: Engine, at: datetime, *, full: bool) -> None:
    mail_causes.gather(engine, at, full=full)
    if full:
        reminders.remind(engine, at)


def _visit_sandboxes(playground: SandboxDatabase, stop: threading.Event) -> None:
    """Settles and tells in sandboxes, for ever; a full look at first."""
    full = True
    while (engine := _awaited(playground, stop)) is not None and not stop.is_set():
        with suppress(Refusal):
            sandboxes.go_round(engine, now(), full=full)
            full = False
        stop.wait(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - spreads workers, guards nothing


def _send_from_sandboxes(playground: SandboxDatabase, sender: Sender, stop: threading.Event) -> None:
    engine = _awaited(playground, stop)
    if engine is not None:
        replace(sender, engine=engine).run(stop)


def _awaited(playground: SandboxDatabase, stop: threading.Event) -> Engine | None:
    """The sandboxes' database, once it is there; nothing where the end comes first."""
    while not stop.is_set():
        with suppress(Refusal):
            if (engine := playground.existing()) is not None:
                return engine
        stop.wait(PAUSE_SECONDS)
    return None


def _tell(settled: int, rendered: int, as_json: bool) -> None:
    if as_json:
        print_json({"settled": settled, "rendered": rendered})
    else:
        click.echo(f"{now():%Y-%m-%d %H:%M:%S} settled {settled}, rendered {rendered}")


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Set by SIGTERM and SIGINT; what is under way is finished first."""
    stop = threading.Event()

    def handler(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {name: signal.signal(name, handler) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for name, each in before.items():
            signal.signal(name, each)
