"""`tick`: lets everything happen that has fallen due by now, effective at its deadline, and extends the chain."""

import click

from api.commands import now, opened
from api.terminal import json_option, print_json, progress
from ledger.services import chain
from ledger.services.deadlines import settle_due


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

        moves = settle_due(engine, at, at, progress=tell)
        chained = chain.extend(engine, full=True)
    if as_json:
        print_json({"settled": moves, "chained": chained, "until": at})
    else:
        click.echo(f"Settled {moves} that had fallen due." if moves else "Nothing has fallen due.")
