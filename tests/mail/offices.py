"""A market whose people read mail: who they are, the clock, and the postman who goes between."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select

from api import settings
from api.mail.postman import Postman
from invoices.reminders import remind
from invoices.storage import Storage
from ledger.domain.mailing import MailKind
from ledger.services import access, mail_causes, mail_wishes
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.services.market import MONDAY, OPENED, TUESDAY, Market
from tests.support.applications import SECRET
from tests.support.mail_server import MailServer

PUBLIC = "https://ledger.example"
NINE = MONDAY
"""Monday, 2 March 2026, nine o'clock in London."""
NOON = TUESDAY + timedelta(hours=2)
ROLES = {"rita@north-bank.example": "buyer", "sam@acme.example": "supplier"}


@dataclass
class Office:
    """`now` is the clock of everybody here."""

    engine: Engine
    market: Any
    server: MailServer
    storage: Storage
    now: datetime = NINE
    people: dict[str, UUID] = field(default_factory=dict)

    def add(self, email: str, role: str, slug: str | None = None, name: str | None = None) -> UUID:
        organisation = None if slug is None else self.market.ids[slug]
        with writing(self.engine) as connection:
            row = access.create_user(connection, email, name or email, "no hash", (role,), organisation, OPENED)
        self.people[email] = UUID(str(row["id"]))
        return self.people[email]

    def choose(self, email: str, kind: MailKind, want: bool) -> None:
        with writing(self.engine) as connection:
            mail_wishes.choose(connection, self.people[email], kind, want, self.now)

    @property
    def postman(self) -> Postman:
        config = {"SMTP_URL": self.server.url, "MAIL_FROM": "Ledger <ledger@ledger.example>", "PUBLIC_URL": PUBLIC}
        chosen = settings.read({**config, "DATABASE_URL": "sqlite:///unused", "SECRET_KEY": SECRET})
        return Postman(self.engine, replace(chosen, database_url=""), self.storage, lambda: self.now)

    def look(self, at: datetime | None = None, *, full: bool = True) -> None:
        """What a worker does before it sends."""
        self.now = at or self.now
        mail_causes.gather(self.engine, self.now, full=full)
        remind(self.engine, self.now)

    def deliver(self, at: datetime | None = None) -> int:
        """Looks, lets what waits for company have waited, and sends."""
        self.look(at)
        self.now += timedelta(hours=1)
        return self.postman.send_due()

    def mail(self, email: str, at: datetime | None = None) -> EmailMessage:
        """The one mail that has come to this address since the last look at it."""
        self.deliver(at)
        found = self.taken(email)
        assert len(found) == 1, [message["subject"] for message in found]
        return found[0]

    def taken(self, email: str) -> list[EmailMessage]:
        """What has come to this address, which is empty afterwards."""
        found = self.server.to(email)
        self.server.came[:] = [each for each in self.server.came if each[0] != email]
        return found

    def states(self) -> list[tuple[str, str]]:
        """Kind and state of every cause."""
        cause = t.mail_cause.c
        with reading(self.engine) as connection:
            rows = connection.execute(select(cause.kind, cause.state))
            return sorted((row.kind, row.state) for row in rows)


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return "\n".join(str(part.get_content()).splitlines())


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def opened(engine: Engine, server: MailServer, storage: Storage, market: Any = None) -> Office:
    """Rita reviews for the bank, Sam sells for Acme; the first look is behind them."""
    office = Office(engine, market or Market(engine), server, storage)
    office.add("rita@north-bank.example", "buyer", "north-bank")
    office.add("sam@acme.example", "supplier", "acme-calls")
    office.look(OPENED)
    office.now = NINE
    return office
