"""`bill`: the billing run of a month, and what came of it as a table.

It issues and never renders. A parked supplier or an empty month is no error; a month that has not ended is.
"""

from typing import Any

import click

from api.commands import now, opened
from api.commands.history import counting
from api.terminal import json_option, print_json, print_table
from invoices.billing_run import RunResult, bill
from ledger.domain.calendar import Period
from ledger.domain.errors import Malformed, Unknown
from ledger.domain.money import format_plain
from ledger.services import chain
from ledger.services.deadlines import settle_due

ACTOR = "command-line"


class PeriodType(click.ParamType[Period]):
    """A month such as 2026-10."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        try:
            return value if isinstance(value, Period) else Period.parse(value)
        except (Malformed, ValueError):
            self.fail(f"{value!r} is no month such as 2026-10", param, ctx)


period_argument = click.argument("period", type=PeriodType())


@click.command("bill")
@period_argument
@click.option("--supplier", metavar="SLUG", help="This supplier alone.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be issued.")
@json_option
def bill_period(period: Period, supplier: str | None, dry_run: bool, as_json: bool) -> None:
    """Issue every document of a month, such as 2026-10."""
    at = now()
    with opened() as engine, counting("Billing", as_json) as tell:
        settle_due(engine, at, at)
        chain.extend(engine)  # its head is printed on every document
        try:
            result = bill(engine, period, now=at, actor=ACTOR, supplier=supplier, dry_run=dry_run, progress=tell)
        except Unknown as error:
            raise click.BadParameter(str(error), param_hint="--supplier") from None
    if as_json:
        print_json(result.to_json())
    else:
        _show(result)


def _show(result: RunResult) -> None:
    documents = [
        (
            issued.supplier,
            issued.buyer,
            issued.kind,
            issued.number or "–",
            issued.line_count,
            *(format_plain(amount, issued.currency) for amount in (issued.net, issued.tax, issued.gross, issued.due)),
            issued.currency,
            "new" if issued.is_new else "before",
        )
        for issued in result.documents
    ]
    columns = ("supplier", "buyer", "kind", "number", "lines", "net", "tax", "gross", "due", "currency", "issued")
    print_table(columns, documents, empty=f"Nothing to bill in {result.period}.")
    if result.parked:
        click.echo()
        parked = [(each.supplier, each.buyer, "; ".join(r.detail for r in each.reasons)) for each in result.parked]
        print_table(("parked supplier", "buyer", "why"), parked)
    if result.totals:
        click.echo()
        totals = [
            (
                each.kind,
                each.documents,
                each.lines,
                *(format_plain(amount, each.currency) for amount in (each.net, each.tax, each.gross)),
                each.currency,
            )
            for each in result.totals
        ]
        print_table(("total", "documents", "lines", "net", "tax", "gross", "currency"), totals)
    if result.dry_run:
        click.echo("This was a dry run: nothing was issued.")
