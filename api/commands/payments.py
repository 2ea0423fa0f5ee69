"""`payments`: bank statements in, and what of them nobody could match."""

from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy import exists, select

from api.commands import now, opened
from api.terminal import json_option, print_json, print_table
from invoices import bank_statements, matching
from ledger.domain.money import format_plain
from ledger.store import tables as t
from ledger.store.engine import reading, writing

ACTOR = "command-line"


@click.group()
def payments() -> None:
    """Payments from bank statements."""


@payments.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@json_option
def take_statement(file: Path, as_json: bool) -> None:
    """Take a camt.053 or CSV statement in; the same file again changes nothing.

    A CSV has the columns booked_on (2026-12-01), amount (negative where money left the account), currency, reference;
    counterparty, iban and id, the bank's own, may follow. With semicolons between them, decimals may have a comma.
    """
    lines = bank_statements.read(file.read_bytes())
    with opened() as engine, writing(engine) as connection:
        taken = asdict(matching.take_in(connection, lines, actor=ACTOR, now=now()))
    if as_json:
        print_json(taken)
    else:
        print_table(tuple(taken), [tuple(taken.values())])


@payments.command()
@json_option
def unmatched(as_json: bool) -> None:
    """List what has no payment yet, and why."""
    line = t.bank_line.c
    query = select(t.bank_line).where(~exists().where(t.payment.c.bank_line_id == line.id)).order_by(line.id)
    with opened() as engine, reading(engine) as connection:
        rows = [
            (
                str(row.id),
                row.booked_on.isoformat(),
                format_plain(row.amount, row.currency),
                row.currency,
                row.reference,
                row.unmatched or "",
            )
            for row in connection.execute(query)
        ]
    columns = ("id", "booked_on", "amount", "currency", "reference", "why")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows, empty="Everything is matched.")
