"""Every setting, its default and its meaning, in one table.

Owns how the environment and `config` become a `Settings` value, and the secret key that is made on first use.
Nothing is read at import time: who wants settings calls `read`. Refuses values that do not parse.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from api.mail.smtp import sender_of, server_of

VAR = "var"
"""The folder, below the current one, for whatever has no other place."""

SANDBOX_SCHEMA = "sandbox"

TRUE = frozenset({"1", "true", "yes", "on"})
CHOICES = {"log_level": ("debug", "info", "warning", "error"), "log_format": ("console", "json")}
FALSE = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the setting of the same name in capitals. Durations and sizes say their unit."""

    database_url: str = ""
    """SQLAlchemy URL of SQLite or PostgreSQL; empty: the file `var/ledger.sqlite`."""
    sandbox_database_url: str = ""
    """Where test keys work; empty: beside `database_url`, on SQLite a file, on PostgreSQL the schema `sandbox`."""
    documents_url: str = ""
    """Where rendered documents are kept: a folder, `file:///…`, or `s3://bucket/prefix?endpoint=https://…&region=…`
    (credentials as AWS's tools find them); empty: the folder `var/documents`."""
    secret_key: str = ""
    """Signs sessions and cursors, keys the contact digests; empty: made once, kept in `var/secret_key`."""
    contact_key: str = ""
    """Keys the digests by which prospects are known again; empty: derived from `secret_key`. Never change it."""
    public_url: str = "http://127.0.0.1:8000"
    """How the installation is reached from outside, without a slash at the end."""
    testing: bool = False
    """Turns rate limits and the log of requests off."""
    log_level: str = "info"
    """The least that is logged: `debug`, `info`, `warning` or `error`. Each request is an `info`."""
    log_format: str = "console"
    """`console` for people, `json` for machines: a line each, on standard error."""
    tracing: bool = False
    """Sends a span for each request to `OTEL_EXPORTER_OTLP_ENDPOINT` by OpenTelemetry; needs the extra `tracing`."""
    max_body_bytes: int = 1024 * 1024
    """The largest request body, unless the operation says otherwise."""
    key_grace_hours: int = 24
    """How long a rotated key stays alive beside its successor."""
    requests_per_minute_per_key: int = 6000
    """Requests of one key a minute, over all processes, before the answer is 429; 0: no limit."""
    requests_per_minute_per_organisation: int = 12000
    """The same for all keys of one organisation together."""
    failed_keys_per_minute: int = 120
    """Wrong keys per address before the answer is 429; 0: no limit."""
    oidc_issuer: str = ""
    """The OpenID provider that people may log in through, as it calls itself; needs the extra `oidc`. Empty: none."""
    oidc_client_id: str = ""
    """Who this installation is there. Its redirect URI is `PUBLIC_URL` and `/login/provider/callback`."""
    oidc_client_secret: str = ""
    """The secret that goes with it."""
    credit_limit: int = 1000
    """How much one person of finance may credit alone on a document, in major units of its currency; above it, two."""
    webhooks_to_private_networks: bool = False
    """Lets outgoing webhooks go to http and to addresses of one's own network: for development alone."""
    smtp_url: str = ""
    """The server that takes e-mail: `smtp://user:password@host:587`, or `smtps://…` where TLS comes first; empty: no
    e-mail is sent. Needs `mail_from` and `public_url`. A password crosses encrypted connections alone."""
    mail_from: str = ""
    """From whom e-mail comes: `Appointment Ledger <ledger@example.com>`."""
    processes: int = 0
    """Server processes; 0: one on SQLite, two on PostgreSQL."""
    threads: int = 0
    """Threads per server process; 0: eight on SQLite, four on PostgreSQL."""
    trusted_proxies: int = 0
    """How many reverse proxies in front may state the client's address and scheme."""

    @property
    def contact_secret(self) -> bytes:
        """The key of contact digests."""
        return hashlib.sha256(f"contacts\n{self.contact_key or self.secret_key}".encode()).digest()

    @property
    def sends_mail(self) -> bool:
        """Whether people are told by e-mail."""
        return bool(self.smtp_url)

    @property
    def is_sqlite(self) -> bool:
        return make_url(self.database_url).get_backend_name() == "sqlite"


def read(config: Mapping[str, Any] | None = None) -> Settings:
    """The settings of this moment: defaults, overridden by the environment, overridden by `config`.

    Raises ValueError for a value that does not parse.
    """
    given: dict[str, Any] = {}
    for field in fields(Settings):
        name = field.name.upper()
        value = (config or {}).get(name, os.environ.get(name))
        if value is not None:
            given[field.name] = _parsed(name, value, type(field.default))
    settings = Settings(**given)
    for name, choices in CHOICES.items():
        if getattr(settings, name) not in choices:
            raise ValueError(f"{name.upper()} must be one of {', '.join(choices)}, not {getattr(settings, name)!r}")
    _check_mail(settings, given)
    derived = {
        "database_url": _database_url(settings.database_url),
        "sandbox_database_url": settings.sandbox_database_url or sandbox_beside(_database_url(settings.database_url)),
        "documents_url": settings.documents_url or (Path.cwd() / VAR / "documents").as_uri(),
        "secret_key": settings.secret_key or kept_secret(Path.cwd() / VAR / "secret_key"),
        "public_url": settings.public_url.rstrip("/"),
    }
    return Settings(**{**given, **derived})


def _check_mail(settings: Settings, given: Mapping[str, Any]) -> None:
    """Links in a mail that lead nowhere would be worse than none: who sends says from whom and whence."""
    if not settings.sends_mail:
        return
    server_of(settings.smtp_url)
    for name in ("mail_from", "public_url"):
        if not given.get(name):
            raise ValueError(f"SMTP_URL needs {name.upper()}")
    sender_of(settings.mail_from)


def kept_secret(path: Path) -> str:
    """The secret in the file, made on first use. Readable by its owner alone; two at once agree on one."""
    with suppress(FileNotFoundError):
        return path.read_text(encoding="ascii").strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip()


def sandbox_beside(url: str) -> str:
    """The URL of the sandbox's database: another file, or the schema `SANDBOX_SCHEMA` of the same database."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(str(parsed.database))
        return parsed.set(database=str(path.with_name(f"{path.stem}.sandbox{path.suffix}"))).render_as_string(False)
    options = f"{parsed.query.get('options', '')} -csearch_path={SANDBOX_SCHEMA}".strip()
    return parsed.update_query_dict({"options": options}).render_as_string(False)


def _database_url(url: str) -> str:
    url = url or f"sqlite:///{Path.cwd() / VAR / 'ledger.sqlite'}"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError("DATABASE_URL is not a database URL") from None
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ValueError(f"DATABASE_URL must be SQLite or PostgreSQL, not {backend}")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError("DATABASE_URL must name an SQLite file: a database in memory forgets")
    return url


def _parsed(name: str, value: Any, kind: type) -> Any:
    if kind is bool and isinstance(value, str):
        word = value.strip().lower()
        if word not in TRUE | FALSE:
            raise ValueError(f"{name} must be true or false, not {value!r}")
        return word in TRUE
    if kind is int and isinstance(value, str):
        if not value.strip().isascii() or not value.strip().isdigit():
            raise ValueError(f"{name} must be a whole number, not {value!r}")
        return int(value)
    if kind is str and isinstance(value, os.PathLike):
        return os.fspath(value)
    if not isinstance(value, kind):
        raise ValueError(f"{name} must be {kind.__name__}, not {value!r}")  # noqa: TRY004 - a setting, not a bug
    return value
