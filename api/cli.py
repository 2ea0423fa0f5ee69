"""The console script `appointment-ledger`: one click group; each command lives in a module of `api.commands`.

May run repeatedly in one process: every command reads the settings when it runs. Exit codes: 0 done, 1 something is
wrong with the data, 2 wrong usage.
"""

import click

from api.commands import (
    accounts,
    billing,
    branding,
    demo,
    exports,
    history,
    migration,
    payments,
    rendering,
    serve,
    settlement,
    simulate,
    verification,
    worker,
)
from api.terminal import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="appointment-ledger")
def main() -> None:
    """Decide what a sales appointment is worth, by terms both sides accepted, and bill exactly that."""


for command in (
    serve.serve,
    migration.migrate,
    migration.copy_database,
    accounts.organisations,
    accounts.users,
    accounts.keys,
    history.take_history,
    settlement.tick,
    billing.bill_period,
    branding.brand_documents,
    demo.make_demo,
    exports.export_period,
    payments.payments,
    rendering.render,
    rendering.copy_documents,
    worker.worker,
    simulate.play,
    verification.verify,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
