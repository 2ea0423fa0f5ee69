"""The commands of the console script, one module a subject; `api.cli` adds them to the group.

Owns what they share: the settings of this very call and an engine that is closed afterwards. Refuses to work on a
database that is not at the newest revision.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from sqlalchemy import Engine

from api import settings as configuration
from api.databases import Database
from api.settings import Settings


def now() -> datetime:
    """The clock of the command line."""
    return datetime.now(UTC)


def current_settings() -> Settings:
    """The environment's settings at this moment; a wrong one is wrong usage."""
    try:
        return configuration.read()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Engine]:
    """An engine on the migrated database; an empty or older SQLite file is migrated first. Raises `Unavailable`."""
    settings = settings or current_settings()
    store = Database(settings.database_url, key=settings.secret_key)
    try:
        store.check_migrated()
        yield store.engine
    finally:
        store.dispose()
