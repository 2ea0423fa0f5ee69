"""`migrate`: brings the database to the newest revision, or tells whether it is there."""

import click
from sqlalchemy.exc import OperationalError

from api.commands import current_settings
from api.databases import migrate_database
from api.terminal import json_option, print_json
from ledger.domain.errors import Unavailable
from ledger.store import migrate as revisions


@click.command()
@click.option("--check", is_flag=True, help="Only tell; exit 1 if something is to be done.")
@json_option
@click.pass_context
def migrate(context: click.Context, check: bool, as_json: bool) -> None:
    """Bring the database to the newest revision."""
    settings, newest = current_settings(), revisions.newest()
    url = settings.database_url
    if check:
        try:
            found = revisions.current(url)
        except OperationalError as error:
            raise Unavailable("the database is not available", code="database_unavailable") from error
    else:
        migrate_database(url, key=settings.secret_key)
        found = newest
    if as_json:
        print_json({"revision": found, "newest": newest})
    elif found == newest:
        click.echo(f"The database is at revision {newest}, the newest.")
    else:
        click.echo(f"The database is at revision {found or 'none'}; the newest is {newest}.")
    if found != newest:
        context.exit(1)
