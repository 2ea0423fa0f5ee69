"""`demo`: makes a small, believable installation and prints its logins; later starts print them again.

Owns `var/demo-logins.json`, which its owner alone may read. Refuses an installation that somebody works with.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import click
import orjson
from sqlalchemy import exists, select

from api import demo as installation
from api.commands import current_settings, now, opened
from api.commands.history import counting
from api.commands.rendering import store_of
from api.databases import migrate_database
from api.demo import Login
from api.settings import VAR, Settings
from api.terminal import json_option, print_json, print_table
from invoices.rendering import render_pending
from ledger.domain.errors import Conflict
from ledger.store import tables as t
from ledger.store.engine import reading

FILE = "demo-logins.json"


@click.command("demo")
@click.option("--if-empty", is_flag=True, help="Do nothing where there are organisations already.")
@json_option
def make_demo(if_empty: bool, as_json: bool) -> None:
    """Make a demonstration: two buyers, four suppliers, three months of appointments."""
    settings = current_settings()
    migrate_database(settings.database_url, key=settings.secret_key)
    with opened(settings) as engine:
        with reading(engine) as connection:
            is_empty = not connection.execute(select(exists(select(t.organisation.c.id)))).scalar_one()
        if is_empty:
            with counting("Making the demonstration", as_json) as tell:
                logins = installation.make(
                    engine,
                    settings.contact_secret,
                    now(),
                    key=settings.secret_key,
                    keep=_keeper(settings),
                    progress=tell,
                )
            with counting("Rendering its invoices", as_json) as tell:
                render_pending(engine, store_of(settings.documents_url), now=now, progress=tell)
        else:
            logins = _kept(settings)
            if not logins and not if_empty:
                raise Conflict(
                    "there are organisations already; a demonstration needs an empty database", code="not_empty"
                )
    _show(logins, settings, as_json)


def _mark(settings: Settings) -> str:
    return hashlib.sha256(settings.database_url.encode()).hexdigest()


def _path() -> Path:
    return Path.cwd() / VAR / FILE


def _keeper(settings: Settings) -> Callable[[list[Login]], None]:
    def keep(logins: list[Login]) -> None:
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            kept = {"database": _mark(settings), "logins": [login.to_json() for login in logins]}
            file.write(orjson.dumps(kept, option=orjson.OPT_INDENT_2))

    return keep


def _kept(settings: Settings) -> list[Login]:
    """The logins of the demonstration in this very database, if it is one."""
    try:
        kept = orjson.loads(_path().read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return []
    return [Login(**each) for each in kept["logins"]] if kept["database"] == _mark(settings) else []


def _show(logins: list[Login], settings: Settings, as_json: bool) -> None:
    if as_json:
        print_json([login.to_json() for login in logins])
        return
    if not logins:
        click.echo("There are organisations already; nothing was made.")
        return
    rows = [(each.role, each.email, each.password, each.totp_secret or "–") for each in logins]
    print_table(("role", "log in as", "password", "second factor (TOTP)"), rows)
    click.echo(f"Log in at {settings.public_url} once the server runs; these logins are kept in {VAR}/{FILE}.")
