"""Sending what waits: one session with the mail server for as many mails as there are, one mail at a time.

Owns the rests between attempts to reach the server. Nothing is taken in hand before the server has let us in, so that
a server that is away costs no mail an attempt; a mail that cannot even be written holds up no other.
"""

import random
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine, select

from api.languages import known, speaking
from api.mail import appointments, billing, digests, disputes, smtp, unsubscribing
from api.mail.contents import Attachment, Contents, Reader, Tells
from api.mail.smtp import RefusedForGood, Session, TryAgain, Unreachable
from api.mail.writing import written
from api.settings import Settings
from invoices import rendering
from invoices.languages import language_of
from invoices.storage import Storage
from ledger.domain.errors import Unavailable
from ledger.domain.mailing import MailKind
from ledger.domain.retrying import pause
from ledger.services import downloads, mail_outbox, mail_wishes
from ledger.services.mail_outbox import Letter, Outcome
from ledger.store import tables as t
from ledger.store.engine import reading, writing

LOOKS_EVERY_SECONDS: Final = 2.0
OPERATOR_ZONE: Final = "UTC"
MOST_ATTACHED: Final = 5
MOST_ATTACHED_BYTES: Final = 5 * 1024 * 1024
"""Beyond it a mail has links alone: many mailboxes would refuse it."""

TELLS: Final[Mapping[MailKind, Tells]] = {
    MailKind.DIGEST: digests.digest,
    MailKind.REFUSALS: appointments.refusals,
    MailKind.VERDICTS: appointments.verdicts,
    MailKind.DISPUTES: disputes.disputes,
    MailKind.DECISIONS: disputes.decisions,
    MailKind.DOCUMENTS: billing.documents,
    MailKind.SELF_BILLING: billing.self_billing,
}


class Clock(Protocol):
    def __call__(self) -> datetime: ...


@dataclass
class Postman:
    """Sends for one worker. `now` is its clock."""

    engine: Engine
    settings: Settings
    storage: Storage
    now: Clock

    def run(self, stop: threading.Event) -> None:
        """Sends whatever falls due until told to stop. A server that is away is tried again ever more rarely."""
        failures = 0
        while not stop.is_set():
            rest = LOOKS_EVERY_SECONDS
            try:
                self.send_due(stop)
                failures = 0
            except Unreachable as error:
                failures += 1
                rest = pause(failures, random.random()).total_seconds()  # noqa: S311 - spreads retries
                structlog.get_logger().warning("mail server not reached", error=str(error), rests_seconds=round(rest))
            except Unavailable:  # the database is away; what was taken in hand is tried again when its lease ends
                pass
            stop.wait(rest)

    def send_due(self, stop: threading.Event | None = None) -> int:
        """Sends what is due now; how many attempts that were. Raises `Unreachable`."""
        attempts = 0
        while mail_outbox.is_waiting(self.engine, self.now()):
            with smtp.session(smtp.server_of(self.settings.smtp_url)) as session:
                while session.is_open and not (stop is not None and stop.is_set()):
                    letter = mail_outbox.claim(self.engine, self.now())
                    if letter is None:
                        return attempts
                    self._deliver(letter, session)
                    attempts += 1
            if stop is not None and stop.is_set():
                break
        return attempts

    def _deliver(self, letter: Letter, session: Session) -> None:
        """One attempt, and its record."""
        try:
            outcome = self._attempt(letter, session)
        except RefusedForGood as refused:
            outcome = Outcome(refused=True, answer=str(refused))
        except TryAgain as refused:
            outcome = Outcome(answer=str(refused))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one mail, the others are to be sent
            outcome = Outcome(answer=f"could not be written: {type(error).__name__}")
        if not (outcome.sent or outcome.dropped):
            structlog.get_logger().warning(
                "mail not taken", mail=str(letter.name), attempt=letter.attempt, answer=_loggable(outcome.answer or "")
            )
        with suppress(Unavailable):
            jitter = random.random()  # noqa: S311 - spreads retries
            mail_outbox.record(self.engine, letter, outcome, self.now(), jitter)

    def _attempt(self, letter: Letter, session: Session) -> Outcome:
        now, settings = self.now(), self.settings
        with reading(self.engine) as connection:
            person = mail_outbox.reader(connection, letter.user_id)
            if person is None or not mail_wishes.wanted(connection, person.id, person.roles).get(letter.kind):
                return Outcome(dropped=True)
            country = (person.address or {}).get("country", "")
            with speaking(known(person.language) or language_of(country)):
                principal = mail_outbox.principal_of(person)
                reader = Reader(connection, principal, person.zone or OPERATOR_ZONE, now, settings.public_url)
                contents = TELLS[letter.kind](reader, letter.causes)
                if contents is None:
                    return Outcome(dropped=True)
                attached = self._attached(connection, contents)
                message = written(
                    contents,
                    letter.kind,
                    name=letter.name,
                    sender=smtp.sender_of(settings.mail_from),
                    reader_name=person.name,
                    reader_address=person.email,
                    unsubscribe=unsubscribing.address(settings.public_url, settings.secret_key, person.id, letter.kind),
                    settings_page=f"{settings.public_url}/preferences/mail",
                    now=now,
                    attachments=attached.values(),
                )
        self._note(principal, attached, now)
        session.send(message, smtp.sender_of(settings.mail_from).addr_spec, person.email)
        return Outcome(sent=True)

    def _attached(self, connection: Connection, contents: Contents) -> dict[UUID, Attachment]:
        """The PDFs, where there are few and they are small; what cannot be read now is one link away."""
        if not contents.documents or len(contents.documents) > MOST_ATTACHED:
            return {}
        try:
            return attached(connection, self.storage, contents.documents)
        except Unavailable as error:
            structlog.get_logger().warning("a document was not attached", error=error.code)
            return {}

    def _note(self, principal: Any, attached: Mapping[UUID, Attachment], now: datetime) -> None:
        """Files that leave the house are on record before they do."""
        if attached:
            with writing(self.engine) as connection:
                for identity, each in attached.items():
                    downloads.record(connection, principal, f"/documents/{identity}.pdf", each.content, now)


def _loggable(answer: str) -> str:
    """A server's status without its words, which name people."""
    return answer[:3] if answer[:3].isdigit() else answer


def attached(connection: Connection, storage: Storage, ids: Collection[UUID]) -> dict[UUID, Attachment]:
    """The documents' PDFs by id; none where they are too large together."""
    document, file = t.document.c, t.document_file.c
    query = (
        select(document.id, document.number, file.size)
        .join(t.document_file, file.document_id == document.id)
        .where(document.id.in_(ids), file.kind == "pdf")
        .order_by(document.number)
    )
    rows = connection.execute(query).all()
    if sum(row.size for row in rows) > MOST_ATTACHED_BYTES:
        return {}
    return {
        row.id: Attachment(f"{row.number}.pdf", "application/pdf", rendering.pdf(connection, storage, row.id))
        for row in rows
    }
