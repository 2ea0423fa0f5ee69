"""`export`: what an accountant imports of a month, in a folder of its own."""

from pathlib import Path

import click

from api.commands import opened
from api.commands.billing import period_argument
from api.commands.history import counting
from api.terminal import json_option, print_json, print_table
from invoices import accounting_files
from ledger.domain.calendar import Period
from ledger.store.engine import reading


@click.command("export")
@period_argument
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Default: export-PERIOD")
@json_option
def export_period(period: Period, folder: Path | None, as_json: bool) -> None:
    """Write what an accountant imports: journal and invoices as CSV and XLSX, the journal as beancount."""
    target = folder or Path(f"export-{period}")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"{target}: {error.strerror}", param_hint="--to") from None
    with opened() as engine, reading(engine) as connection, counting("Exporting", as_json) as tell:
        written = [(str(path), rows) for path, rows in accounting_files.write(connection, period, target, tell)]
    if as_json:
        print_json([{"file": file, "rows": count} for file, count in written])
    else:
        print_table(("file", "rows"), written)
