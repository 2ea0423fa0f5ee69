"""Where bytes are kept: a place named by URL, today a folder.

Owns atomic writing and the check of every read against the SHA-256 that was recorded. Refuses other schemes than
files, and locations that lead out of the folder.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from ledger.domain.errors import Unavailable

SCHEMES: Final = ("", "file")


class Damaged(Unavailable):
    """The stored bytes are gone or not those that were stored."""

    default_code = "stored_file_damaged"
    default_detail = "the stored file is not what it was when it was stored"


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that are kept: where, how many, and their SHA-256 in hex."""

    location: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Storage:
    """A folder. Locations are relative paths with forward slashes."""

    root: Path

    def put(self, location: str, content: bytes) -> Stored:
        """Keeps the bytes: all of them or none, also when the power goes in the middle."""
        path = self._path(location)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
        return Stored(location, len(content), hashlib.sha256(content).hexdigest())

    def get(self, stored: Stored) -> bytes:
        """The bytes, checked. Raises `Damaged`."""
        try:
            content = self._path(stored.location).read_bytes()
        except OSError as error:
            raise Damaged(f"the stored file {stored.location} cannot be read") from error
        if len(content) != stored.size or hashlib.sha256(content).hexdigest() != stored.sha256:
            raise Damaged(f"the stored file {stored.location} is not what it was when it was stored")
        return content

    def _path(self, location: str) -> Path:
        path = (self.root / location).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise ValueError(f"{location!r} leads out of the store")
        return path


def storage_at(url: str) -> Storage:
    """The store behind a URL: `file:///var/lib/documents`, or a plain path. Raises ValueError for other schemes."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError(f"documents are kept in a folder (file://…), not at {parts.scheme}://")
    return Storage(Path(unquote(parts.path) if parts.scheme else url))


def _sync_folder(folder: Path) -> None:
    """Makes the new name itself survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
