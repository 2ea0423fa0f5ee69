"""`verify`: recomputes the whole record and says what is wrong, and what merely waits.

Owns the table of checks and the exit code: 1 where anything is wrong, 0 for notices. `--json` has every finding.
"""

from collections import Counter
from dataclasses import asdict

import click

from api.commands import current_settings, now, opened
from api.commands.history import counting
from api.commands.rendering import store_of
from api.terminal import json_option, print_json, print_table
from invoices.verify import run_checks
from ledger.services.verify import Report

MOST_SHOWN = 50
"""Findings of each kind that a person is shown; `--json` has them all."""


@click.command()
@json_option
@click.pass_context
def verify(context: click.Context, as_json: bool) -> None:
    """Recompute every balance, total, series, chain and state; exit 1 if anything is wrong."""
    settings = current_settings()
    storage = store_of(settings.documents_url)
    with opened(settings) as engine, counting("Verifying", as_json) as tell:
        report = run_checks(engine, storage, now(), tell)
    if as_json:
        print_json({**asdict(report), "checks": by_check(report)})
    else:
        _show(report)
    if report.faults:
        context.exit(1)


def by_check(report: Report) -> list[dict[str, str | int]]:
    """Each check with how much it found."""
    faults = Counter(fault.check for fault in report.faults)
    notices = Counter(notice.check for notice in report.notices)
    return [{"check": name, "faults": faults[name], "notices": notices[name]} for name in report.checks]


def _show(report: Report) -> None:
    print_table(("check", "faults", "notices"), [tuple(row.values()) for row in by_check(report)])
    for title, found in (("fault", report.faults), ("notice", report.notices)):
        if not found:
            continue
        click.echo()
        print_table((title, "what", "where"), [(each.check, each.what, each.where) for each in found[:MOST_SHOWN]])
        if len(found) > MOST_SHOWN:
            click.echo(f"… and {len(found) - MOST_SHOWN} more; --json has them all.")
    click.echo()
    if report.faults:
        click.echo(f"{len(report.faults)} faults in {len(report.checks)} checks.")
    else:
        click.echo(f"Nothing is wrong in {len(report.checks)} checks.")
