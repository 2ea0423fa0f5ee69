"""A mail server on this machine: it takes mail as any other would, keeps what came, and answers as told."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = b"ledger", b"a secret of the mail server"


@dataclass
class MailServer:
    """`answers` says how the next recipients are answered, by address; others are taken."""

    port: int = 0
    came: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    data_answers: list[str] = field(default_factory=list)
    logged_in: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[EmailMessage]:
        return [message for recipient, message in self.came if recipient == address]

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        waiting = self.answers.get(address)
        if waiting:
            return waiting.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data_answers:
            return self.data_answers.pop(0)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.came += [(recipient, message) for recipient in envelope.rcpt_tos]
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, said: Any) -> AuthResult:
        assert isinstance(said, LoginPassword)
        self.logged_in.append(said.login)
        return AuthResult(success=(said.login, said.password) == (USER, PASSWORD), handled=False)


class _Listening(Controller):
    """Listens on a socket that is bound already, so that nobody can take its port meanwhile."""

    def __init__(self, handler: MailServer, listening: socket.socket, **options: Any) -> None:
        self._listening = listening
        super().__init__(handler, hostname="127.0.0.1", port=listening.getsockname()[1], **options)

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)


@contextmanager
def taking_mail(**options: Any) -> Iterator[MailServer]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = MailServer(listening.getsockname()[1])
    controller = _Listening(
        server, listening, loop=asyncio.new_event_loop(), authenticator=server.authenticate, auth_require_tls=False,
        enable_SMTPUTF8=True, **options,
    )  # fmt: skip
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
        listening.close()
