"""The way to the mail server: where it is, how it is spoken to, and what its answers mean.

Owns the session (TLS from the start, or by STARTTLS where another machine offers it) and the distinction that retries
live by: refused for good, try again, or nobody there at all. Refuses to say a password on a line that others can read.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS: Final = 20
PORTS: Final = {"smtp": 25, "smtps": 465}
UNFOLDED: Final = SMTP.clone(max_line_length=900)
"""Long addresses in headers stay whole: what folds them encodes them, and nobody could follow them any more."""


class Unreachable(Exception):
    """The server cannot be reached, or does not let us in: no mail's fault. Says a status or the kind of failure."""


class TryAgain(Exception):
    """This mail was not taken now."""


class RefusedForGood(Exception):
    """This mail will never be taken."""


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def server_of(url: str) -> Server:
    """Raises ValueError for a URL that is none of a mail server; its words never repeat a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("SMTP_URL is not a URL") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError("SMTP_URL must be smtp://host:port or smtps://host:port, with user:password@ where needed")
    user, password = (None if each is None else unquote(each) for each in (parts.username, parts.password))
    if (user is None) != (password is None):
        raise ValueError("SMTP_URL needs both a user and a password, or neither")
    return Server(parts.hostname, port or PORTS[parts.scheme], parts.scheme == "smtps", user, password)


def sender_of(text: str) -> Address:
    """Raises ValueError unless it is one address, with or without a name."""
    name, address = parseaddr(text)
    try:
        found = Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError):
        raise ValueError("MAIL_FROM must be an address such as Appointment Ledger <ledger@example.com>") from None
    if not found.username or not found.domain or not address.isascii():
        raise ValueError("MAIL_FROM must be an address such as Appointment Ledger <ledger@example.com>")
    return found


class Session:
    """A server that has let us in."""

    def __init__(self, line: smtplib.SMTP) -> None:
        self._line = line

    def send(self, message: EmailMessage, sender: str, recipient: str) -> str:
        """Hands one mail over. Raises `TryAgain` or `RefusedForGood` with the server's answer, `Unreachable` where the
        line broke before anything was said about this mail."""
        options: list[str] = []
        if not recipient.isascii():
            if not self._line.has_extn("smtputf8"):
                raise RefusedForGood("the mail server takes no address outside ASCII")
            options.append("SMTPUTF8")
        try:
            self._line.sendmail(sender, [recipient], message.as_bytes(policy=UNFOLDED), options)
        except smtplib.SMTPRecipientsRefused as refused:
            raise _verdict(*refused.recipients[recipient]) from None
        except smtplib.SMTPSenderRefused as refused:  # whatever is wrong with the sender is wrong with every mail
            raise TryAgain(_said(refused.smtp_code, refused.smtp_error)) from None
        except smtplib.SMTPResponseException as refused:
            raise _verdict(refused.smtp_code, refused.smtp_error) from None
        except (smtplib.SMTPException, OSError) as error:
            raise TryAgain(f"the line broke: {type(error).__name__}") from error
        return "taken"

    @property
    def is_open(self) -> bool:
        return self._line.sock is not None


@contextmanager
def session(server: Server) -> Iterator[Session]:
    """A session for as many mails as there are. Raises `Unreachable`."""
    line = None
    try:
        try:
            line = _entered(server)
        except smtplib.SMTPResponseException as error:
            raise Unreachable(str(error.smtp_code)) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(type(error).__name__) from error
        yield Session(line)
    finally:
        if line is not None:
            with suppress(smtplib.SMTPException, OSError):
                line.quit()
            line.close()


def _entered(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.tls:
        line: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        line = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        line.ehlo()
        encrypted = server.tls
        if not encrypted and not _is_here(server.host) and line.has_extn("starttls"):
            line.starttls(context=context)
            line.ehlo()
            encrypted = True
        if server.user is not None and server.password is not None:
            if not encrypted and not _is_here(server.host):
                raise Unreachable("the mail server offers no encryption, so that the password is not said")
            line.login(server.user, server.password)
    except BaseException:
        line.close()
        raise
    return line


def _is_here(host: str) -> bool:
    """Whether the line stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _verdict(code: int, words: bytes | str) -> Exception:
    said = _said(code, words)
    return RefusedForGood(said) if 500 <= code < 600 else TryAgain(said)


def _said(code: int, words: bytes | str) -> str:
    return f"{code} {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"
