"""`simulate`: plays a market that is honest and a market that cheats, and says what went wrong, if anything.

Owns where it plays: a database of its own that is thrown away, or an empty one that is named. Refuses one that holds
organisations already. The seed repeats the story to the letter.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import click
from sqlalchemy import exists, select

from api.commands import opened
from api.commands.history import counting
from api.databases import migrate_database
from api.settings import Settings
from api.simulation import WORKERS, Outcome, simulate
from api.terminal import json_option, print_json, print_table
from ledger.domain.errors import Conflict
from ledger.store import tables as t
from ledger.store.engine import reading


@click.command("simulate")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed tells the same story.")
@click.option("--days", type=click.IntRange(1, 366), default=10, show_default=True, help="Days with submissions.")
@click.option("--worker", type=click.Choice(list(WORKERS)), default="rarely", show_default=True)
@click.option("--database", metavar="URL", help="An empty database to play in, and to keep; default: a temporary one.")
@json_option
@click.pass_context
def play(context: click.Context, seed: int, days: int, worker: str, database: str | None, as_json: bool) -> None:
    """Play suppliers, buyers and arbiters, honest and cheating, and check every invariant after every step.

    The digest of the story depends on the seed and the days alone: not on the engine, not on how often the worker runs.
    """
    with _somewhere(database) as url, counting("Simulating", as_json) as tell:
        outcome = simulate(url, seed, days, worker=worker, progress=tell)
    if as_json:
        print_json({**asdict(replace(outcome, violation=None)), "violation": _told(outcome)})
    else:
        _show(outcome)
    if outcome.violation is not None:
        context.exit(1)


@contextmanager
def _somewhere(database: str | None) -> Iterator[str]:
    if database is None:
        with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
            url = f"sqlite:///{Path(folder) / 'ledger.sqlite'}"
            migrate_database(url, key="")
            yield url
        return
    migrate_database(database, key="")
    with opened(Settings(database_url=database)) as engine, reading(engine) as connection:
        if connection.execute(select(exists(select(t.organisation.c.id)))).scalar_one():
            raise Conflict("there are organisations already; a simulation needs an empty database", code="not_empty")
    yield database


def _told(outcome: Outcome) -> dict[str, object] | None:
    wrong = outcome.violation
    return None if wrong is None else {"step": wrong.step, "at": wrong.at, "what": wrong.what}


def _show(outcome: Outcome) -> None:
    for title, counts in (
        ("command", outcome.commands),
        ("refusal", outcome.refusals),
        ("stage in the end", outcome.stages),
    ):
        print_table((title, "times"), list(counts.items()))
        click.echo()
    click.echo(f"{outcome.steps} steps, the whole record verified {outcome.verifications} times.")
    click.echo(f"Story {outcome.digest[:16]}, told again by: simulate --seed {outcome.seed} --days {outcome.days}")
    if outcome.violation is not None:
        click.echo(f"WRONG at {outcome.violation}", err=True)
    else:
        click.echo("Nothing was wrong.")
