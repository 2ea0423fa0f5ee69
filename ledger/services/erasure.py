"""Erasing a person: what is told of him goes, and everything that was done with him goes on.

Owns what is removed (his row with the key that his evidence and all words about him are sealed under, deliveries that
name him, calendar links, kept answers) and what stays: events, entries and documents as they are, for they hold his
supplier's reference alone; and the keyed digests of his contacts, so that he cannot be sold a second time, nor be
called by whoever must leave him alone. Nobody's name gets on record by it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Connection, Table, delete, insert, or_, select, update

from ledger.domain import providers
from ledger.domain.contacts import contact_key, digest
from ledger.domain.encoding import dumps
from ledger.domain.errors import Malformed, Unknown
from ledger.domain.signatures import Delivery, Provider
from ledger.domain.terms import ContactKind
from ledger.services import matching
from ledger.services.cases import IN_CHUNKS
from ledger.services.desk import Desk
from ledger.services.private import ERASED
from ledger.store import tables as t
from ledger.store.hooks import ATTACHED, IGNORED
from ledger.store.types import new_id

Sees = Callable[[Table], ColumnElement[bool]]
PERSONAL: Final = ("name", "email", "phone", "company_name", "company_domain", "company_number", "region")
_KINDS: Final = (ContactKind.EMAIL, ContactKind.PHONE)
_PORTION: Final = 200
_WORDS: Final = frozenset({"body", "decision_reason", "note"})


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is to be erased: one of the three is given."""

    email: str | None = None
    phone: str | None = None
    appointment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """The appointments whose prospect was there until now, and how many deliveries and kept answers named him."""

    appointments: list[UUID]
    deliveries: int
    answers: int


def erase(
    connection: Connection,
    subject: Subject,
    sees: Sees,
    *,
    secret: bytes,
    country: str | None,
    actor: str,
    organisation_id: UUID | None,
    now: datetime,
) -> Erased:
    """Erases a person wherever the asker may see him. Raises `Unknown` for an appointment that he may not see.

    `secret` keys the digests of contacts, `country` is where national telephone numbers are read.
    """
    if connection.dialect.name == "sqlite":
        # What is removed is overwritten, not only unlinked.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    digests = _digests(connection, subject, sees, secret, country)
    people = _people(connection, subject, digests, sees)
    ids = [row.appointment_id for row in people]
    Desk(connection, now).lock({row.agreement_id for row in people})
    mentions = _mentions(connection, ids)
    spelt = {subject.email, subject.phone} | {each for row in people for each in (row.email, row.phone)}
    known = _Known(digests, tuple(each.casefold().encode() for each in spelt if each), secret)
    deliveries = _erase_deliveries(connection, ids, known, sees, now)
    answers = _erase_answers(connection, mentions)
    for some in _chunks(ids):
        connection.execute(delete(t.calendar_link).where(t.calendar_link.c.appointment_id.in_(some)))
        connection.execute(
            update(t.prospect)
            .where(t.prospect.c.appointment_id.in_(some))
            .values(**dict.fromkeys(PERSONAL), facts={}, consent=None, lead_created_at=None, salt="", erased_at=now)
        )
    if ids or deliveries or answers:
        connection.execute(
            insert(t.erasure).values(
                id=new_id(),
                organisation_id=organisation_id,
                actor=actor,
                appointments=[str(identity) for identity in ids],
                deliveries=deliveries,
                answers=answers,
                erased_at=now,
            )
        )
    return Erased(ids, deliveries, answers)


def _digests(connection: Connection, subject: Subject, sees: Sees, secret: bytes, country: str | None) -> set[str]:
    """The digests by which the person is known; of an appointment's prospect, that of his e-mail address."""
    for kind, value in ((ContactKind.EMAIL, subject.email), (ContactKind.PHONE, subject.phone)):
        if value is not None:
            key = contact_key(kind, value, country)
            if key is None:
                raise Malformed.at(f"/{kind.value}", f"Cannot be read as a contact of the kind {kind}.")
            return {digest(secret, kind, key)}
    appointment, key_row = t.appointment.c, t.contact_key.c
    mine = select(appointment.id).where(appointment.id == subject.appointment_id, sees(t.appointment))
    if connection.execute(mine).first() is None:
        raise Unknown("there is no such appointment")
    query = select(key_row.digest).where(
        key_row.appointment_id == subject.appointment_id, key_row.kind == ContactKind.EMAIL.value
    )
    return set(connection.execute(query).scalars())


def _people(connection: Connection, subject: Subject, digests: set[str], sees: Sees) -> Sequence[Any]:
    """The prospects that are this person and not erased yet."""
    prospect, appointment, key = t.prospect.c, t.appointment.c, t.contact_key.c
    # Digests are indexed under their buyer.
    buyers = select(t.organisation.c.id).where(t.organisation.c.kind == "buyer")
    named = (key.buyer_id.in_(buyers), key.digest.in_(digests), key.kind.in_([kind.value for kind in _KINDS]))
    known = select(key.appointment_id).where(*named)
    found: list[ColumnElement[bool]] = [prospect.appointment_id.in_(known)]
    if subject.appointment_id is not None:
        found.append(prospect.appointment_id == subject.appointment_id)
    query = (
        select(prospect.appointment_id, appointment.agreement_id, prospect.email, prospect.phone)
        .join(t.appointment, appointment.id == prospect.appointment_id)
        .where(or_(*found), prospect.erased_at.is_(None), sees(t.appointment))
        .order_by(prospect.appointment_id)
    )
    return connection.execute(query).all()


def _mentions(connection: Connection, ids: Sequence[UUID]) -> list[str]:
    """The identifiers under which kept answers tell of these appointments: their own, their evidence's, disputes'."""
    found = [str(identity) for identity in ids]
    for table in (t.evidence_item, t.dispute):
        for some in _chunks(ids):
            rows = connection.execute(select(table.c.id).where(table.c.appointment_id.in_(some))).scalars()
            found += [str(identity) for identity in rows]
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What a delivery is known by to name the person: his contacts' digests, and how they are spelt."""

    digests: set[str]
    spelt: tuple[bytes, ...]
    secret: bytes

    def are_in(self, provider: Provider, came: Delivery) -> bool:
        content = came.body.lower()
        if any(each in content for each in self.spelt):
            return True
        hints = matching.hints_of(providers.read(provider, came), self.secret)
        return not self.digests.isdisjoint(value for _, value in hints)


def _erase_deliveries(connection: Connection, ids: Sequence[UUID], known: _Known, sees: Sees, now: datetime) -> int:
    """The bytes of what was attached to these appointments, and of what waits or was ignored and names the person."""
    column = t.incoming_delivery.c
    wanted: list[UUID] = []
    for some in _chunks(ids):
        attached = select(column.id).where(column.appointment_id.in_(some), column.erased_at.is_(None))
        wanted += connection.execute(attached).scalars().all()
    loose = (
        select(column.id, column.headers, column.url, column.content, t.connection.c.provider)
        .join(t.connection, t.connection.c.id == column.connection_id)
        .where(column.state != ATTACHED, column.erased_at.is_(None), sees(t.incoming_delivery))
    )
    for row in connection.execute(loose.execution_options(yield_per=_PORTION)):
        if known.are_in(Provider(row.provider), Delivery(row.headers, bytes(row.content), row.url)):
            wanted.append(row.id)
    for some in _chunks(wanted):
        this = column.id.in_(some)
        connection.execute(delete(t.delivery_hint).where(t.delivery_hint.c.delivery_id.in_(some)))
        connection.execute(update(t.incoming_delivery).where(this).values(content=b"", url="", erased_at=now))
        connection.execute(update(t.incoming_delivery).where(this, column.state != ATTACHED).values(state=IGNORED))
    return len(wanted)


def _erase_answers(connection: Connection, mentions: Sequence[str]) -> int:
    """What was answered about these appointments and is kept for repeated commands, without the person."""
    kept, about, changed = t.idempotency_key.c, set(mentions), 0
    for some in _chunks(mentions, 50):
        names = or_(*(kept.body.contains(name) for name in some))
        rows = connection.execute(select(kept.principal, kept.key, kept.body).where(names)).all()
        for row in rows:
            mark, _, text = row.body.partition(":")
            body = f"{mark}:{dumps(without_person(orjson.loads(text), about)).decode()}"
            if body != row.body:
                this = (kept.principal == row.principal) & (kept.key == row.key)
                connection.execute(update(t.idempotency_key).where(this).values(body=body))
                changed += 1
    return changed


def without_person(value: Any, about: set[str], *, inside: bool = False) -> Any:
    """An answer with everything personal taken out of what is about these appointments."""
    if isinstance(value, list):
        return [without_person(each, about, inside=inside) for each in value]
    if not isinstance(value, Mapping):
        return value
    inside = inside or not about.isdisjoint(each for each in value.values() if isinstance(each, str))
    return {name: _kept(name, each, about, inside) for name, each in value.items()}


def _kept(name: str, value: Any, about: set[str], inside: bool) -> Any:
    if inside and name in ("prospect", "consent", "calendar", "file_name", "value"):
        return None
    if inside and name == "facts":
        return {}
    if inside and name in _WORDS and isinstance(value, str):
        return ERASED
    return without_person(value, about, inside=inside)


def _chunks(values: Sequence[Any], size: int = IN_CHUNKS) -> Iterable[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
