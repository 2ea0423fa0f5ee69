"""One POST to a stranger's server, so that it can harm nobody: the address checked and kept, no redirect, limits.

The name is resolved once, every address it has must be public, and the connection goes to the very address that was
checked: a name that means something else a moment later leads nowhere. Refuses (`Undelivered`, with a word that says
why) what cannot be reached within the time, and reads no more of an answer than is kept of it.
"""

import contextlib
import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult

from ledger.domain.addresses import is_public, parsed_url

CONNECTS_WITHIN_SECONDS: Final = 4.0
ENDS_WITHIN_SECONDS: Final = 10.0
KEPT_BYTES: Final = 1_000
"""How much of an answer is read."""


class Undelivered(Exception):
    """Nothing came back that counts as an answer; the message is one word for the log."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The receiver's answer; `body` is its beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def post(url: str, headers: Mapping[str, str], body: bytes, *, private: bool) -> Reply:
    """Sends the body. With `private`, for development, http and addresses of one's own network are taken too."""
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    try:
        parts = parsed_url(url, private=private)
        connection = _Pinned(parts, _addresses(parts, private=private), deadline)
        with contextlib.ExitStack() as after:
            after.callback(connection.finish)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, dict(headers))
            response = connection.getresponse()
            kept = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, kept, response.read(KEPT_BYTES))
    except ssl.SSLCertVerificationError:
        raise Undelivered("certificate_not_trusted") from None
    except ssl.SSLError:
        raise Undelivered("tls_failed") from None
    except TimeoutError:
        raise Undelivered("timeout") from None
    except socket.gaierror:
        raise Undelivered("name_not_resolved") from None
    except OSError:
        raise Undelivered("connection_failed") from None
    except http.client.HTTPException:
        raise Undelivered("no_http_answer") from None
    except ValueError:
        raise Undelivered("url_not_taken") from None


def _addresses(parts: SplitResult, *, private: bool) -> list[Any]:
    """Everything the name resolves to. One address that is not public spoils them all."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    if not private and not all(is_public(str(address[0])) for *_, address in found):
        raise Undelivered("address_not_public")
    return found


class _Pinned(http.client.HTTPConnection):
    """Speaks to the first of the checked addresses that answers, under the name that was asked for."""

    def __init__(self, parts: SplitResult, addresses: list[Any], deadline: float) -> None:
        super().__init__(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        self.default_port = 443 if parts.scheme == "https" else 80
        self._secure = parts.scheme == "https"
        self._addresses, self._deadline = addresses, deadline
        self._plain: socket.socket | None = None

    def connect(self) -> None:
        self._plain = self._reached()
        if self._secure:
            self._plain.settimeout(_left(self._deadline))
            self._plain = ssl.create_default_context().wrap_socket(self._plain, server_hostname=self.host)
        self.sock = _Hurried(self._plain, self._deadline)

    def finish(self) -> None:
        """Ends the connection; `close` comes too early, before the answer is read."""
        self.close()
        if self._plain is not None:
            self._plain.close()

    def _reached(self) -> socket.socket:
        fault: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in self._addresses:
            found = socket.socket(family, kind, protocol)
            try:
                found.settimeout(min(CONNECTS_WITHIN_SECONDS, _left(self._deadline)))
                found.connect(address)
            except OSError as error:
                found.close()
                fault = error
            else:
                return found
        raise fault


class _Hurried:
    """A socket whose every step has only the time that is left: an answer a byte at a time gains nothing."""

    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._plain, self._deadline = plain, deadline

    def sendall(self, data: Any) -> None:
        self._plain.settimeout(_left(self._deadline))
        self._plain.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._plain, self._deadline))

    def close(self) -> None:
        """The answer is still to be read."""


class _Reader(io.RawIOBase):
    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._plain, self._deadline = plain, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._plain.settimeout(_left(self._deadline))
        return self._plain.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
