"""Where bytes are kept: a place named by URL, a folder or a bucket of an S3-compatible service.

Owns atomic writing and the check of every read against the SHA-256 that was recorded. Refuses other schemes,
parameters it does not know, and locations that lead out of the place.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

from invoices.bucket import bucket_at
from ledger.domain.errors import Unavailable


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


class Place(Protocol):
    """Holds bytes under relative paths with forward slashes. A place that cannot be reached raises `Unavailable`."""

    def write(self, location: str, content: bytes) -> None:
        """Keeps all of the bytes or none."""

    def read(self, location: str) -> bytes:
        """Raises OSError for bytes that are not there or cannot be read."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A place whose bytes are checked by their hash whenever they are read."""

    place: Place

    def put(self, location: str, content: bytes) -> Stored:
        """Keeps the bytes: all of them or none, also when the power goes in the middle. Raises `Unavailable`."""
        self.place.write(_inside(location), content)
        return Stored(location, len(content), hashlib.sha256(content).hexdigest())

    def get(self, stored: Stored) -> bytes:
        """The bytes, checked. Raises `Damaged`."""
        try:
            content = self.place.read(_inside(stored.location))
        except OSError as error:
            raise Damaged(f"the stored file {stored.location} cannot be read") from error
        if len(content) != stored.size or hashlib.sha256(content).hexdigest() != stored.sha256:
            raise Damaged(f"the stored file {stored.location} is not what it was when it was stored")
        return content


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine."""

    root: Path

    def write(self, location: str, content: bytes) -> None:
        path = self._path(location)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, content)
        except OSError as error:
            raise Unavailable(f"documents cannot be stored: {error.strerror}", code="storage_unavailable") from error

    def read(self, location: str) -> bytes:
        return self._path(location).read_bytes()

    def _path(self, location: str) -> Path:
        path = (self.root / location).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise ValueError(f"{location!r} leads out of the store")
        return path


def storage_at(url: str) -> Storage:
    """The store behind a URL: a path, `file:///var/lib/documents`, or `s3://bucket/prefix?endpoint=https://…`.

    Raises ValueError for other schemes and for what such a URL cannot say.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return Storage(bucket_at(url))
    if parts.scheme not in ("", "file"):
        raise ValueError(f"documents are kept in a folder (file://…) or a bucket (s3://…), not at {parts.scheme}://")
    return Storage(Folder(Path(unquote(parts.path) if parts.scheme else url)))


def _inside(location: str) -> str:
    path = PurePosixPath(location)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{location!r} leads out of the store")
    return location


def _replace(path: Path, content: bytes) -> None:
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


def _sync_folder(folder: Path) -> None:
    """Makes the new name itself survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
