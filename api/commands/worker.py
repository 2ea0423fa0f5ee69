"""`worker`: settles, chains, finishes billing runs that nobody began, and renders; for ever, any number side by side.

Owns the rhythm: a jittered pause while there is nothing to do, a longer one after a fault, and a graceful end on
SIGTERM and SIGINT. Work is claimed in the database, so that two workers never do the same thing twice.
"""

import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

import click
from sqlalchemy import Engine

from api.commands import current_settings, now, opened
from api.commands.rendering import store_of
from api.commands.settlement import LOOKS_BACK
from api.terminal import explained, json_option, print_json
from invoices import rendering
from invoices.run_queue import finish_abandoned
from invoices.storage import Storage
from ledger.domain.errors import Refusal
from ledger.services import chain
from ledger.services.deadlines import settle_due
from ledger.services.deliveries import attach_waiting

PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
LATELY = timedelta(minutes=15)
"""Deliveries are attached as they come; what a crash left behind is not older than this."""


@click.command()
@click.option("--once", is_flag=True, help="One round instead of for ever.")
@json_option
def worker(once: bool, as_json: bool) -> None:
    """Settle and render for ever; stop with SIGTERM or Ctrl-C."""
    settings, pause = current_settings(), PAUSE_SECONDS
    storage = store_of(settings.documents_url)
    first = True
    with opened(settings) as engine, told_to_stop() as stop:
        while not stop.is_set():
            try:
                settled, rendered = _round(engine, storage, settings.contact_secret, full=first)
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


def _round(engine: Engine, storage: Storage, secret: bytes, *, full: bool) -> tuple[int, int]:
    """One round of work; the chain looks at everything in a `full` one, else at what was recorded of late."""
    at = now()
    attach_waiting(engine, at - (LOOKS_BACK if full else LATELY), at, secret)
    settled = settle_due(engine, at, at)
    finish_abandoned(engine, at)
    chain.extend(engine, full=full)
    return settled, rendering.render_pending(engine, storage, now=now).done


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
