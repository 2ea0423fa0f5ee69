"""What has happened that organisations may be told of, read from the record itself.

Whatever commits its cause commits the event: the rows of the record are the outbox, and a write pays nothing for it.
Owns, for each table, who may be told of a row and in which words. Tells a party nothing that the API would not show it.
What an import brings is history and is not told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Select, Table, and_, exists, func, literal, select, true

from ledger.domain import announcing
from ledger.domain.journal import EntryKind
from ledger.domain.lifecycle import EventKind
from ledger.services.history_parties import ACTOR as IMPORTED
from ledger.store import tables as t

Told = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Source:
    """One table of the record. `tell` gives a row's type and what is particular to it.

    `parties` are the columns that name who may be told, each with what it is found through.
    """

    table: Table
    identity: ColumnElement[UUID]
    at: ColumnElement[datetime]
    columns: tuple[ColumnElement[Any], ...]
    tell: Callable[[Row[Any]], Told]
    parties: tuple[tuple[FromClause, ColumnElement[UUID]], ...]
    number: ColumnElement[int] | None = None
    only: ColumnElement[bool] | None = None

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def key(self) -> tuple[ColumnElement[UUID], ColumnElement[int]]:
        return self.identity, literal(0) if self.number is None else self.number

    @property
    def condition(self) -> ColumnElement[bool]:
        return true() if self.only is None else self.only


endpoint, delivery = t.webhook_endpoint.c, t.outgoing_delivery.c


def alive() -> ColumnElement[bool]:
    return and_(endpoint.disabled_at.is_(None), endpoint.deleted_at.is_(None))


def delivered(source: Source) -> ColumnElement[bool]:
    """Whether the source's row has its delivery for the endpoint."""
    identity, number = source.key
    return exists().where(
        delivery.endpoint_id == endpoint.id,
        delivery.source == source.name,
        delivery.source_id == identity,
        delivery.source_number == number,
    )


def untold(
    source: Source,
    through: FromClause,
    party: ColumnElement[UUID],
    since: datetime,
    among: ColumnElement[bool] | None = None,
) -> Select[Any]:
    """The rows recorded `since` then that have no delivery yet for an endpoint which is told of them, of all or
    `among` some."""
    identity, number = source.key
    return (
        select(
            endpoint.id.label("endpoint_id"),
            endpoint.organisation_id,
            endpoint.types,
            endpoint.announced_until,
            identity.label("source_id"),
            number.label("source_number"),
            source.at.label("happened_at"),
            *source.columns,
        )
        .select_from(through.join(t.webhook_endpoint, endpoint.organisation_id == party))
        .where(
            alive() if among is None else among,
            source.at >= since,
            source.at >= endpoint.tells_from,
            source.condition,
            ~delivered(source),
        )
        .order_by(source.at, identity, number)
    )


def _of(table: Table) -> tuple[tuple[FromClause, ColumnElement[UUID]], ...]:
    """Both parties of a row."""
    return ((table, table.c.supplier_id), (table, table.c.buyer_id))


def _columns(table: Table, *names: str) -> tuple[ColumnElement[Any], ...]:
    return tuple(table.c[name] for name in (*names, *(n for n in ("supplier_id", "buyer_id") if n in table.c)))


def _appointment(row: Row[Any]) -> Told:
    data = {"number": row.source_number, "effective_at": row.effective_at}
    kind = announcing.APPOINTMENT_TYPES[EventKind(row.kind)]
    if kind.startswith("dispute."):
        data["dispute"] = row.payload["dispute"]
    return kind, data


def _entry(row: Row[Any]) -> Told:
    kind = announcing.AMOUNT_TYPES[EntryKind(row.kind)]
    return kind, {"entry": row.source_id, "effective_at": row.effective_at}


def _refusal(row: Row[Any]) -> Told:
    return announcing.APPOINTMENT_REFUSED, {"refusal": row.source_id, "reference": row.reference}


def _evidence(row: Row[Any]) -> Told:
    evidence = {"id": row.source_id, "kind": row.kind, "party": row.party, "grade": row.grade}
    return announcing.EVIDENCE_ADDED, {"evidence": evidence}


def _message(row: Row[Any]) -> Told:
    return announcing.DISPUTE_MESSAGE, {"dispute": row.dispute_id, "message": row.source_id, "party": row.party}


def _document(row: Row[Any]) -> Told:
    data = {"document": row.source_id, "document_number": row.document_number}
    return announcing.ISSUED[row.kind], data if row.corrects_id is None else {**data, "corrects": row.corrects_id}


def _rendered(row: Row[Any]) -> Told:
    return announcing.RENDERED, {"document": row.source_id}


def _response(row: Row[Any]) -> Told:
    return announcing.RESPONSES[row.position], {"document": row.source_id}


def _supplier_document(row: Row[Any]) -> Told:
    return announcing.SUPPLIER_INVOICE, {"document": row.source_id}


def _payment(row: Row[Any]) -> Told:
    return announcing.PAYMENTS[row.kind], {"payment": row.source_id, "document": row.document_id}


def _deposit(row: Row[Any]) -> Told:
    return announcing.DEPOSIT, {"deposit": row.source_id, "agreement": {"id": row.agreement_id}}


def _definition(row: Row[Any]) -> Told:
    definition = {"slug": row.slug, "version": row.source_number, "hash": row.hash}
    return announcing.PUBLISHED, {"definition": definition, "effective_from": row.effective_from}


def _offered(row: Row[Any]) -> Told:
    return announcing.OFFERED, {"agreement": {"id": row.source_id, "version": row.source_number}}


def _accepted(row: Row[Any]) -> Told:
    agreement = {"id": row.agreement_id, "version": row.agreement_version, "definition_version": row.definition_version}
    return announcing.ACCEPTED, {"agreement": agreement, "by": row.party}


def _sources() -> tuple[Source, ...]:
    event, entry, refusal = t.appointment_event, t.entry, t.intake_refusal
    version, acceptance = t.definition_version, t.acceptance
    named = version.join(t.definition, t.definition.c.id == version.c.definition_id)
    agreed = named.join(t.agreement, t.agreement.c.definition_id == version.c.definition_id)
    return (
        Source(
            event,
            event.c.appointment_id,
            event.c.recorded_at,
            _columns(event, "appointment_id", "kind", "effective_at", "payload"),
            _appointment,
            _of(event),
            event.c.number,
            ~_imported(event.c.appointment_id, event.c.recorded_at),
        ),
        Source(
            entry,
            entry.c.id,
            entry.c.recorded_at,
            _columns(entry, "appointment_id", "kind", "effective_at"),
            _entry,
            _of(entry),
            only=entry.c.kind.in_([kind.value for kind in announcing.AMOUNT_TYPES])
            & ~_imported(entry.c.appointment_id, entry.c.recorded_at),
        ),
        Source(
            refusal,
            refusal.c.id,
            refusal.c.recorded_at,
            _columns(refusal, "reference"),
            _refusal,
            ((refusal, refusal.c.supplier_id),),
            only=refusal.c.source_key.is_(None),
        ),
        _simple(t.evidence_item, "id", "received_at", _evidence, "appointment_id", "kind", "party", "grade"),
        _simple(t.dispute_message, "id", "sent_at", _message, "dispute_id", "party"),
        Source(
            t.document,
            t.document.c.id,
            t.document.c.issued_at,
            (*_columns(t.document, "kind", "corrects_id"), t.document.c.number.label("document_number")),
            _document,
            _of(t.document),
        ),
        Source(
            t.document_file,
            t.document_file.c.document_id,
            t.document_file.c.stored_at,
            _columns(t.document_file),
            _rendered,
            _of(t.document_file),
            only=t.document_file.c.kind == "pdf",
        ),
        _simple(t.document_response, "document_id", "recorded_at", _response, "position", number="number"),
        _simple(t.supplier_document, "document_id", "recorded_at", _supplier_document),
        _simple(t.payment, "id", "recorded_at", _payment, "kind", "document_id"),
        _simple(t.deposit, "id", "recorded_at", _deposit, "agreement_id"),
        Source(
            version,
            version.c.definition_id,
            version.c.published_at,
            (*_columns(version, "hash", "effective_from"), t.definition.c.slug),
            _definition,
            ((named, version.c.buyer_id), (agreed, t.agreement.c.supplier_id)),
            version.c.number,
            version.c.published_by != IMPORTED,
        ),
        _simple(
            t.agreement_version,
            "agreement_id",
            "created_at",
            _offered,
            number="number",
            by=t.agreement_version.c.created_by,
        ),
        _simple(
            acceptance,
            "id",
            "recorded_at",
            _accepted,
            "agreement_id",
            "agreement_version",
            "definition_version",
            "party",
            by=acceptance.c.actor,
        ),
    )


def _simple(
    table: Table,
    identity: str,
    at: str,
    tell: Callable[[Row[Any]], Told],
    *names: str,
    number: str | None = None,
    by: ColumnElement[str] | None = None,
) -> Source:
    """A table whose rows both parties may be told of, but for what an import wrote."""
    counted = None if number is None else table.c[number]
    only = None if by is None else by != IMPORTED
    return Source(table, table.c[identity], table.c[at], _columns(table, *names), tell, _of(table), counted, only)


def _imported(appointment_id: ColumnElement[Any], recorded_at: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether an import moved the appointment in the same instant: what fell due on its way is history as well."""
    other = t.appointment_event.alias("imported").c
    # Found by its appointment: a batch records thousands in the same instant, and none is to look through all of them.
    together = func.coalesce(other.recorded_at, recorded_at) == recorded_at
    return exists().where(other.appointment_id == appointment_id, together, other.actor == IMPORTED)


SOURCES: Final = _sources()
BY_NAME: Final[Mapping[str, Source]] = {source.name: source for source in SOURCES}
FINAL: Final = "final"
"""The source of what no row tells: that an appointment's last window is over."""
