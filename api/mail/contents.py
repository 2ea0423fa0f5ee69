"""What a mail says before it is laid out: who reads it, and its items, each with a link and no more than needed.

A mail names the supplier's reference and the parties, never the prospect: mailboxes are beyond any erasure.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from api.languages import ngettext
from api.web.display import moment
from ledger.services.access import Principal
from ledger.services.mail_outbox import Cause
from ledger.store import tables as t

MOST_ITEMS: Final = 30
"""What is beyond is counted, and one link away."""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whose eyes a mail is written, by which clock, and where its links lead."""

    connection: Connection
    principal: Principal
    zone: str
    now: datetime
    public_url: str

    def when(self, at: datetime) -> str:
        """The instant on the reader's clock: "Mon 5 Oct 2026, 10:00 (Europe/London)"."""
        return f"{moment(at, self.zone).striptags()} ({self.zone})"

    def names(self, organisation_ids: Collection[UUID]) -> dict[UUID, str]:
        """Legal names."""
        organisation = t.organisation.c
        query = select(organisation.id, organisation.legal_name).where(organisation.id.in_(organisation_ids))
        return {row.id: row.legal_name for row in self.connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that the mail tells: its name with a link, and a line or two below."""

    title: str
    url: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """The words of a mail, in its reader's language. `more` says what is not shown, `documents` may be attached."""

    subject: str
    lead: str
    items: tuple[Item, ...]
    url: str
    more: str | None = None
    documents: tuple[UUID, ...] = ()


Tells = Callable[[Reader, Collection[Cause]], Contents | None]
"""From causes to words; None where nothing of them is left to tell."""


def rest(count: int) -> str | None:
    """How many items are beyond those shown."""
    return None if count <= MOST_ITEMS else ngettext("One more", "%(n)s more", count - MOST_ITEMS)
