"""Finding the appointment that an event is about, and whose the people in it are.

Owns the look into the books for one message: by appointment, by a booking's id, by a person's keyed digest, by session,
by join link. An account of a party finds that party's appointments alone. Somebody's side follows from the addresses
on record, never from a display name.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, or_, select, true

from ledger.domain.contacts import digest, domain_key, email_key, phone_key
from ledger.domain.lifecycle import Party, Schedule, Slot
from ledger.domain.matching import AROUND_THE_SLOT, IN_THE_SLOT, Candidate, agreed, closest
from ledger.domain.messages import Message, Statement
from ledger.domain.statements import NO_SHOW
from ledger.domain.terms import ContactKind
from ledger.services.cases import Case
from ledger.services.connections import Account
from ledger.store import tables as t

Said = dict[str, Any]
Hints = list[tuple[str, str]]
MOST_HINTS: Final = 40


def hints_of(message: Message, secret: bytes) -> Hints:
    """What the message can be found by, as (kind, value); contacts as keyed digests."""
    found: Hints = [("appointment", each) for each in _appointment_names(message)]
    found += [("external_id", each) for each in (*message.external_ids, *message.successors)]
    found += [("email", each) for each in _digests(ContactKind.EMAIL, _people(message), secret)]
    found += [("phone", each) for each in _digests(ContactKind.PHONE, message.phones, secret)]
    found += [("session", message.session)] if message.session else []
    found += [("link", each) for each in message.links]
    return list(dict.fromkeys(found))[:MOST_HINTS]


def reference_name(supplier: str, reference: str) -> str:
    """How an appointment is named by its supplier's reference."""
    return f"{supplier}/{reference}"


def _appointment_names(message: Message) -> Iterator[str]:
    if message.appointment:
        yield message.appointment
    if message.reference:
        yield reference_name(*message.reference)


def _people(message: Message) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*message.people, *message.invited)))


def _digests(kind: ContactKind, values: Iterable[str], secret: bytes) -> list[str]:
    keys = (email_key(each) if kind is ContactKind.EMAIL else phone_key(each) for each in values)
    return [digest(secret, kind, key) for key in keys if key is not None]


@dataclass(frozen=True, slots=True)
class Finder:
    """A look for one message of one account; `at` is when it came, for messages that do not say when they are about."""

    connection: Connection
    account: Account
    message: Message
    secret: bytes
    at: datetime

    def find(self) -> UUID | None:
        """The one appointment that it is about, or None: none, or several that nothing tells apart."""
        narrowed: list[UUID] = []
        told = self.message.span
        at = self.message.occurred_at or self.at
        moves = self.message.booking or told is None
        for found, margins, anywhere in (
            (self._named(), AROUND_THE_SLOT, True),
            (self._linked("external_id", self.message.external_ids), AROUND_THE_SLOT, moves),
            (self._linked("external_id", self.message.successors), AROUND_THE_SLOT, moves),
            (self._known(), AROUND_THE_SLOT, False),
            (self._linked("session", (self.message.session,)), AROUND_THE_SLOT, True),
            (self._linked("link", self.message.links), IN_THE_SLOT, False),
        ):
            narrowed = agreed(narrowed, closest(found, told or (at, at), margins, anywhere=anywhere))
            if len(narrowed) == 1:
                return narrowed[0]
        return None

    def _named(self) -> Iterator[Candidate]:
        """By id, or by supplier and reference."""
        conditions: list[ColumnElement[bool]] = []
        if self.message.appointment:
            with suppress(ValueError):
                conditions.append(t.appointment.c.id == UUID(self.message.appointment))
        if self.message.reference:
            slug, reference = self.message.reference
            supplier = select(t.organisation.c.id).where(t.organisation.c.slug == slug).scalar_subquery()
            conditions.append((t.appointment.c.supplier_id == supplier) & (t.appointment.c.reference == reference))
            linked = t.linked_reference.c
            anew = select(linked.appointment_id).where(linked.supplier_id == supplier, linked.reference == reference)
            conditions.append(t.appointment.c.id.in_(anew))
        if conditions:
            yield from self._candidates(or_(*conditions))

    def _linked(self, kind: str, values: Iterable[str | None]) -> Iterator[Candidate]:
        """By what calendars and meetings call it; what another account taught does not count."""
        link, wanted = t.calendar_link.c, [each for each in values if each]
        if not wanted:
            return
        own = link.connection_id.is_(None) | (link.connection_id == self.account.id)
        ids = select(link.appointment_id).where(link.kind == kind, link.value.in_(wanted), own)
        yield from self._candidates(t.appointment.c.id.in_(ids))

    def _known(self) -> Iterator[Candidate]:
        """By the people who are concerned."""
        digests = _digests(ContactKind.EMAIL, _people(self.message), self.secret)
        digests += _digests(ContactKind.PHONE, self.message.phones, self.secret)
        if not digests:
            return
        key, organisation = t.contact_key.c, t.organisation.c
        buyers = select(organisation.id).where(organisation.kind == Party.BUYER.value)
        if self.account.owner is Party.BUYER:
            buyers = buyers.where(organisation.id == self.account.organisation_id)
        kinds = (ContactKind.EMAIL.value, ContactKind.PHONE.value)
        ids = select(key.appointment_id).where(key.buyer_id.in_(buyers), key.digest.in_(digests), key.kind.in_(kinds))
        yield from self._candidates(t.appointment.c.id.in_(ids))

    def _candidates(self, condition: ColumnElement[bool]) -> Iterator[Candidate]:
        row, key = t.appointment.c, t.contact_key.c
        query = (
            select(row.id, row.slots, row.schedule, key.digest)
            .join_from(
                t.appointment,
                t.contact_key,
                (key.appointment_id == row.id) & (key.kind == ContactKind.EMAIL.value),
                isouter=True,
            )
            .where(condition, self._own())
        )
        invited = set(_digests(ContactKind.EMAIL, self.message.invited, self.secret))
        for found in self.connection.execute(query):
            if found.digest is None or not invited or found.digest in invited:
                slots = tuple(Slot(*map(datetime.fromisoformat, each)) for each in found.slots)
                yield Candidate(found.id, slots, found.schedule != Schedule.CANCELLED.value)

    def _own(self) -> ColumnElement[bool]:
        """The appointments that the account may speak of."""
        if self.account.owner is Party.OPERATOR:
            return true()
        return t.appointment.c[f"{self.account.owner.value}_id"] == self.account.organisation_id


def spoken(connection: Connection, account: Account, case: Case, message: Message) -> list[Said]:
    """What the message says about this appointment, with everybody's side where it can be told."""
    sides = _Sides(connection, account, case)
    found: list[Said] = []
    for statement in message.statements:
        said = dict(statement.said)
        if said["what"] == NO_SHOW and statement.email is not None and len(message.statements) > 1:
            if sides.of(statement) != Party.PROSPECT.value:
                continue
        elif said.get("side", "") is None:
            said["side"] = sides.of(statement)
        found.append(said)
    return found


class _Sides:
    """Whose an address is: first those of the parties' own people, then the prospect's, then by domain."""

    def __init__(self, connection: Connection, account: Account, case: Case) -> None:
        self._account = account
        pinned = case.pinned
        parties = {pinned.buyer_id: Party.BUYER.value, pinned.supplier_id: Party.SUPPLIER.value}
        self._people: dict[str, str] = {}
        self._domains: dict[str, str] = {}
        organisation, user, person = t.organisation.c, t.user_account.c, t.prospect.c
        own = select(organisation.id, organisation.email).where(organisation.id.in_(parties))
        users = select(user.organisation_id, user.email).where(user.organisation_id.in_(parties))
        prospect = select(person.email, person.company_domain).where(person.appointment_id == case.id)
        for row in connection.execute(prospect):
            self._add(self._people, email_key(row.email), Party.PROSPECT.value)
            self._add(self._domains, domain_key(row.company_domain), Party.PROSPECT.value)
        for query in (users, own):
            for identity, email in connection.execute(query):
                self._add(self._people, email_key(email), parties[identity])
                self._add(self._domains, _domain(email), parties[identity])

    @staticmethod
    def _add(known: dict[str, str], key: str | None, side: str) -> None:
        if key is not None:
            known[key] = side

    def of(self, statement: Statement) -> str | None:
        email = statement.email
        found = self._people.get(email_key(email) or "") or self._domains.get(_domain(email) or "")
        if found is None and statement.is_host:
            # Who hosts in a party's account is that party's; in the operator's rooms the buyer's people are the hosts.
            owner = self._account.owner
            return (Party.BUYER if owner is Party.OPERATOR else owner).value
        return found


def _domain(email: str | None) -> str | None:
    """The domain of an address, unless anybody can have one there."""
    return domain_key((email or "").rpartition("@")[2] or None)


def calendar_of(connection: Connection, appointment_id: UUID) -> dict[str, Any] | None:
    """The calendar entry of an appointment as it is shown: its newest id and link, and the ids before."""
    link = t.calendar_link.c
    query = select(link.kind, link.shown, link.provider).where(
        link.appointment_id == appointment_id, link.shown.is_not(None)
    )
    rows = connection.execute(query.order_by(link.id)).all()
    ids, links = ([row for row in rows if row.kind == kind] for kind in ("external_id", "link"))
    if not rows:
        return None
    return {
        "provider": next((row.provider for row in reversed(rows) if row.provider), None),
        "external_id": ids[-1].shown if ids else None,
        "former_ids": [row.shown for row in ids[:-1]],
        "join_url": links[-1].shown if links else None,
    }
