"""Documents in a bucket: `s3://bucket/prefix?endpoint=https://…&region=…`, of AWS or any service that speaks S3.

Owns that URL and the client behind it; credentials come from where AWS's own tools look for them (environment, role of
the machine), never from the URL. The library is optional and loaded on first use. Refuses unknown parameters.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from ledger.domain.errors import Unavailable

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Store

PARAMETERS: Final = ("endpoint", "region")
TRIES: Final = 3
PATIENCE: Final = timedelta(seconds=20)
"""How long one request may take, all its tries together: a person waits for it."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A prefix in a bucket; writing an object is atomic there."""

    store: "S3Store"

    def write(self, location: str, content: bytes) -> None:
        import obstore
        from obstore.exceptions import BaseError

        try:
            obstore.put(self.store, location, content)
        except (BaseError, OSError) as error:
            raise _away(error) from error

    def read(self, location: str) -> bytes:
        """Raises FileNotFoundError where there is no such object, `Unavailable` where nobody knows."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            return bytes(obstore.get(self.store, location).bytes())
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            raise _away(error) from error


@lru_cache(maxsize=8)
def bucket_at(url: str) -> Bucket:
    """The bucket that the URL names; nothing is asked of it yet. Raises ValueError."""
    parts = urlsplit(url)
    told = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    unknown = sorted(told.keys() - set(PARAMETERS))
    if not parts.hostname or "@" in parts.netloc or parts.fragment or unknown or "" in told.values():
        wrong = f" ({', '.join(unknown)})" if unknown else ""
        raise ValueError(f"s3://bucket/prefix takes {' and '.join(PARAMETERS)} behind a question mark{wrong}")
    endpoint = told.get("endpoint", "")
    if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
        raise ValueError("the endpoint of a bucket begins with https:// (or http://)")
    try:
        from obstore.store import S3Store
    except ImportError:
        raise ValueError("s3:// needs a library more: pip install 'appointment-ledger[s3]'") from None
    store = S3Store(
        parts.netloc,
        prefix=unquote(parts.path).strip("/") or None,
        client_options={"allow_http": endpoint.startswith("http://"), "connect_timeout": "5s", "timeout": PATIENCE},
        retry_config={"max_retries": TRIES - 1, "retry_timeout": PATIENCE},
        config=cast("S3Config", told),
    )
    return Bucket(store)


def _away(error: Exception) -> Unavailable:
    """What the service says may name hosts and keys: the log has it, who asked does not."""
    return Unavailable(f"the document store cannot be used: {type(error).__name__}", code="storage_unavailable")
