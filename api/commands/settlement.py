"""`tick`: attaches evidence that waits, lets happen what has fallen due, at its deadline, and extends the chain."""

from datetime import timedelta

import click

from api.commands import current_settings, now, opened
from api.terminal import json_option, print_json, progress
from ledger.services import chain
from ledger.services.deadlines import settle_due
from ledger.services.deliveries import attach_waiting

LOOKS_BACK = timedelta(days=30)
"""How old a delivery may be that still finds its appointment here; a submission finds older ones too."""


@click.command()
@json_option
def tick(as_json: bool) -> None:
    """Settle everything that has fallen due; safe to run at any time, twice at once, or late."""
    at, told = now(), 0

    with opened() as engine, progress("Settling", None, quiet=as_json) as advance:

        def tell(moves: int) -> None:
            nonlocal told
            advance(moves - told)
            told = moves

        attached = attach_waiting(engine, at - LOOKS_BACK, at, current_settings().contact_secret)
        moves = settle_due(engine, at, at, progress=tell)
        chained = chain.extend(engine, full=True)
    if as_json:
        print_json({"settled": moves, "attached": attached, "chained": chained, "until": at})
    else:
        click.echo(f"Settled {moves} that had fallen due." if moves else "Nothing has fallen due.")
