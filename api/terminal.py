"""What the command line shows: tables, JSON, progress, and refusals as what, where and how to mend.

Owns the two consoles (results on standard output, everything else on standard error) and the exit codes. Progress is
silent where nobody watches: not a terminal, or `--json`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any

import click
import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ledger.domain.calendar import format_instant
from ledger.domain.errors import Malformed, Refusal, Refused
from ledger.services import Kept

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")

MENDS: Mapping[str, str] = {
    "database_unavailable": "check DATABASE_URL, and that the database runs and takes connections",
    "database_not_migrated": "run: appointment-ledger migrate",
    "slug_taken": "choose another slug",
    "email_taken": "choose another address, or disable the other user",
    "unknown_organisation": "list them: appointment-ledger organisations list",
    "organisation_needed": "name it: --organisation SLUG",
    "role_does_not_fit": "leave --organisation out for the operator's roles, or choose the organisation's own role",
    "key_rotated": "rotate its successor instead",
    "key_revoked": "create a new key",
    "not_empty": "name another database: DATABASE_URL=sqlite:///path/to/another.sqlite",
    "copy_not_empty": "name a PostgreSQL database without tables or rows of its own, or empty this one",
    "period_not_ended": "wait for the month's end, or name an earlier month",
    "not_found": "look at what there is with the list command",
}

MISUSES = frozenset({"organisation_needed"})
"""Refusals of the options themselves, which no data would make right."""


_AMOUNT = re.compile(r"[-−]?[0-9][0-9,]*(\.[0-9]+)?")


class Failure(click.ClickException):
    """A refusal on its way to the terminal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal

    def show(self, file: IO[Any] | None = None) -> None:
        for line in explained(self.refusal):
            click.echo(line, file=file, err=file is None)


class Misuse(Failure):
    """The arguments were wrong."""

    exit_code = 2


class Commands(click.Group):
    """A group whose commands' refusals become exit codes: 1 for the data, 2 for the usage."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Kept as kept:
            raise Failure(kept.refusal) from kept
        except Malformed as refusal:
            raise Misuse(refusal) from refusal
        except Refusal as refusal:
            raise (Misuse if refusal.code in MISUSES else Failure)(refusal) from refusal


def explained(refusal: Refusal) -> list[str]:
    """What is wrong, where, and how to mend it."""
    lines = [f"{refusal.detail} ({refusal.code})"]
    if isinstance(refusal, Malformed):
        lines += [f"  where: {error.pointer.lstrip('/') or 'the whole'}: {error.detail}" for error in refusal.errors]
    if isinstance(refusal, Refused):
        several = len(refusal.violations) > 1
        lines += [f"  where: {b.clause}{f': {b.detail}' if several else ''}" for b in refusal.violations]
    if refusal.code in MENDS:
        lines.append(f"  mend: {MENDS[refusal.code]}")
    return lines


def print_json(value: Any) -> None:
    """One JSON document on standard output; instants in UTC."""
    click.echo(orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2, default=_written))


def _written(value: Any) -> str:
    """What JSON has no form for; instants of a class of their own included."""
    return format_instant(value) if isinstance(value, datetime) else str(value)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str = "Nothing yet.") -> None:
    """A table on standard output; numbers to the right."""
    if not rows:
        click.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        numeric = all(isinstance(row[index], int) or _AMOUNT.fullmatch(str(row[index])) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    console = Console(soft_wrap=False, highlight=False)
    if not console.is_terminal:
        console.width = 200
    console.print(table)


@contextmanager
def progress(label: str, total: int | None, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left; yields the function that is told how many more are done."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _more: None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task(label, total=total)
        yield lambda more: bar.advance(task, more)


class RateColumn(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")
