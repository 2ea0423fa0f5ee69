"""`migrate` and `copy-database`: brings the database to the newest revision, and moves it from SQLite to PostgreSQL."""

from contextlib import ExitStack

import click
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from api.commands import current_settings, opened
from api.databases import Database, SandboxDatabase, migrate_database
from api.settings import SANDBOX_SCHEMA, Settings, sandbox_beside
from api.terminal import json_option, print_json, progress
from ledger.domain.errors import Unavailable
from ledger.store import migrate as revisions
from ledger.store.copying import Copying
from ledger.store.engine import writing


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


@click.command("copy-database")
@click.argument("url")
@json_option
def copy_database(url: str, as_json: bool) -> None:
    """Copy everything from SQLite into an empty PostgreSQL, its sandbox included, and compare every row there.

    All or nothing, and nobody can write here meanwhile. Then set DATABASE_URL to the new place.
    """
    settings = current_settings()
    if not _is(settings.database_url, "sqlite"):
        raise click.UsageError("DATABASE_URL is no SQLite file; between PostgreSQL databases pg_dump copies")
    if not _is(url, "postgresql"):
        raise click.BadParameter("must be a PostgreSQL database, such as postgresql://user@host/name", param_hint="URL")
    with ExitStack() as stack:
        copies = [
            Copying(stack.enter_context(writing(stack.enter_context(opened(settings)))), _empty(stack, url, settings))
        ]
        sandbox = SandboxDatabase(settings.sandbox_database_url, key=settings.secret_key)
        stack.callback(sandbox.dispose)
        if _is(sandbox.url, "sqlite") and (engine := sandbox.existing()) is not None:
            target = _empty(stack, sandbox_beside(url), settings, SANDBOX_SCHEMA)
            copies.append(Copying(stack.enter_context(writing(engine)), target))
        for each in copies:
            each.check_empty()
        bar = stack.enter_context(progress("Copying", sum(each.count() for each in copies), quiet=as_json))
        rows = sum(each.go(bar) for each in copies)
    if as_json:
        print_json({"rows": rows, "sandbox": len(copies) > 1})
    else:
        also = " and its sandbox" if len(copies) > 1 else ""
        click.echo(f"Copied the database{also}: {rows:,} rows, each of which reads the same there.")
        click.echo("Set DATABASE_URL to the new place, keep SECRET_KEY, and run verify.")


def _is(url: str, backend: str) -> bool:
    try:
        return make_url(url).get_backend_name() == backend
    except ArgumentError:
        return False


def _empty(stack: ExitStack, url: str, settings: Settings, schema: str | None = None) -> Connection:
    """A transaction in the database of the URL, brought to the newest revision."""
    migrate_database(url, schema, key=settings.secret_key)
    store = Database(url, key=settings.secret_key)
    stack.callback(store.dispose)
    return stack.enter_context(writing(store.engine))
