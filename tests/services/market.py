"""A small market in a database, for tests of services: buyers, suppliers, terms that both sides accepted.

Owns the way in that the API takes: one transaction a command, tried again where another one stood in its way, and
what `Kept` says stays. Terms ask for nothing but the facts, so that a test changes only the clause it is about.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from ledger.domain.contacts import contact_key, digest
from ledger.domain.encoding import dumps
from ledger.domain.errors import Refusal
from ledger.domain.intake import Company, Prospect, Submission
from ledger.domain.lifecycle import Appointment, Event, EventKind, Finding, Party, Slot, replay
from ledger.domain.outcome import Findings
from ledger.domain.terms import ContactKind
from ledger.services import Kept, agreements, cases, commands, contracts, definitions, keeping, parties
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.deadlines import settle_due
from ledger.services.desk import Desk
from ledger.services.intake import IntakeDesk, NotTaken, Taken
from ledger.store import tables as t
from ledger.store.engine import Contended, reading, writing
from tests.domain.documents import agreement_document, definition_document
from tests.support.openings import opened

Document = dict[str, Any]
Change = Callable[[Document], object]
T = TypeVar("T")

SECRET = b"a secret for tests"
OPENED = datetime(2026, 1, 1, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 10, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)

ATTENDED = Findings(Finding.ATTENDED)
NO_SHOW = Findings(Finding.PROSPECT_NO_SHOW)
ATTEMPTS = 4
FACTS: Mapping[str, Any] = {"employees": 42, "title": "CFO", "owner": True}


def easy(document: Document) -> None:
    """No clause but the criteria stands in the way."""
    document["attendance"]["contact_attempts"] = 0
    document["intake"] |= {
        "submit_before": {"hours": 0},
        "lead_age": None,
        "consent": {"required": False, "bases": [], "max_age": None, "regions": []},
        "caps": {"day": None, "week": None, "month": None},
    }


def _definition(slug: str, change: Change) -> Document:
    document = definition_document(slug=slug)
    easy(document)
    change(document)
    return document


def _agreement(slug: str, price: Document | None) -> Document:
    document = agreement_document(definition=slug)
    if price is not None:
        document["price"] = {"bonuses": {}, "minimum_per_month": None, "deposit": None, **price}
    return document


def _trading(
    connection: Connection,
    suppliers: tuple[str, ...],
    buyers: tuple[str, ...],
    documents: Mapping[str, Document],
    terms: Mapping[str, Document],
) -> dict[str, UUID]:
    """Organisations by slug; every buyer has published his definitions and agreed on each with every supplier."""
    ids = {slug: _joined(connection, slug, "supplier" if slug in suppliers else "buyer") for slug in suppliers + buyers}
    for buyer in buyers:
        for slug, document in documents.items():
            identity = definitions.create_definition(connection, ids[buyer], document, now=OPENED)
            definitions.publish(connection, identity, effective_from=OPENED, now=OPENED, actor=buyer)
            for supplier in suppliers:
                agreement = agreements.create_agreement(
                    connection, ids[supplier], ids[buyer], terms[slug], now=OPENED, actor=buyer
                )
                for party in ("buyer", "supplier"):
                    agreements.accept(connection, agreement, 1, party, at=OPENED, now=OPENED, actor=party)
    return ids


def _joined(connection: Connection, slug: str, kind: str) -> UUID:
    details = {
        "slug": slug,
        "kind": kind,
        "legal_name": slug.title(),
        "address": {"country": "GB"},
        "time_zone": "Europe/London",
    }
    found: UUID = parties.create_organisation(connection, details, OPENED)["id"]
    return found


class Market:
    """Buyers and suppliers by slug; each supplier has an agreement with every buyer on each of his definitions."""

    def __init__(
        self,
        engine: Engine,
        change: Change = lambda _document: None,
        *,
        suppliers: tuple[str, ...] = ("acme-calls", "best-leads"),
        buyers: tuple[str, ...] = ("north-bank",),
        slugs: tuple[str, ...] = ("uk-finance-review",),
        price: Document | None = None,
    ) -> None:
        self.engine = engine
        documents = {slug: _definition(slug, change) for slug in slugs}
        terms = {slug: _agreement(slug, price) for slug in slugs}
        key = (suppliers, buyers, dumps(documents), dumps(terms))
        self.ids = opened(engine, key, lambda connection: _trading(connection, suppliers, buyers, documents, terms))

    def submit(
        self,
        supplier: str = "acme-calls",
        reference: str = "S-1",
        *,
        at: datetime = MONDAY,
        starts_at: datetime = TUESDAY,
        definition: str = "uk-finance-review",
        facts: Mapping[str, Any] = FACTS,
        **prospect: Any,
    ) -> Taken | NotTaken:
        """One submission, by somebody nobody knows unless `prospect` (fields, and `domain`, `number`) says who."""
        company = Company(domain=prospect.pop("domain", None), number=prospect.pop("number", None))
        submission = Submission(
            reference,
            Slot(starts_at, starts_at + timedelta(minutes=30)),
            Prospect(company=company, **prospect),
            "outbound",
            facts=facts,
        )

        def work(connection: Connection) -> Taken | NotTaken:
            timeline = contracts.timeline_for(connection, self.ids[supplier], definition)
            pinned = contracts.counting(connection, timeline, at)
            desk = Desk(connection, at)
            intake = IntakeDesk(desk, SECRET, {pinned.buyer_id: timeline.buyer_country})
            digests = intake.digests(pinned.buyer_id, submission.prospect)
            intake.prefetch([(pinned, reference, digests)], at)
            with keeping(desk.flush):
                result = intake.submit(pinned, submission, at, supplier, digests=digests)
            desk.flush()
            return result

        return self.commit(work)

    def taken(self, *arguments: Any, **named: Any) -> UUID:
        """A submission that is taken; its id."""
        result = self.submit(*arguments, **named)
        assert isinstance(result, Taken), result.violations
        return result.case.id

    def refused(self, *arguments: Any, **named: Any) -> list[tuple[str, str]]:
        """A submission that is refused; the clauses and codes."""
        result = self.submit(*arguments, **named)
        assert isinstance(result, NotTaken), f"{result.case.reference} was taken"
        return [(violation.clause, violation.code) for violation in result.violations]

    def commit(self, work: Callable[[Connection], T]) -> T:
        """`work` in a transaction of its own, again where another stood in its way; a kept refusal is raised."""
        for attempt in range(ATTEMPTS):
            try:
                with writing(self.engine) as connection:
                    try:
                        return work(connection)
                    except Kept as kept:
                        refusal: Refusal = kept.refusal
            except Contended:
                if attempt + 1 == ATTEMPTS:
                    raise
            else:
                raise refusal
        raise AssertionError("the last attempt answers or raises")

    def command(
        self,
        appointment_id: UUID,
        party: Party,
        at: datetime,
        decide: Callable[[Desk, Case, Actor], object],
        slug: str | None = None,
    ) -> None:
        """What a party does to an appointment in hand."""
        organisation = {Party.BUYER: "north-bank", Party.SUPPLIER: "acme-calls"}.get(party)
        slug = slug or organisation
        actor = Actor(slug or "operator", party, None if slug is None else self.ids[slug])

        def work(connection: Connection) -> None:
            desk = Desk(connection, at)
            case = commands.in_hand(desk, appointment_id, actor, at)
            with keeping(desk.flush):
                decide(desk, case, actor)
            desk.flush()

        self.commit(work)

    def find(self, appointment_id: UUID, findings: Findings, at: datetime) -> None:
        self.command(
            appointment_id,
            Party.BUYER,
            at,
            lambda desk, case, actor: commands.give_findings(desk, case, findings, actor, at),
        )

    def cancel(
        self, appointment_id: UUID, at: datetime, by: Party = Party.SUPPLIER, stated_by: Party | None = None
    ) -> None:
        self.command(
            appointment_id,
            stated_by or by,
            at,
            lambda desk, case, actor: commands.cancel(desk, case, by, actor, at, "no time"),
        )

    def move(self, appointment_id: UUID, starts_at: datetime, at: datetime) -> None:
        slot = Slot(starts_at, starts_at + timedelta(minutes=30))
        self.command(
            appointment_id,
            Party.SUPPLIER,
            at,
            lambda desk, case, actor: commands.reschedule(desk, case, slot, Party.SUPPLIER, actor, at, "as agreed"),
        )

    def settle(self, until: datetime) -> int:
        return settle_due(self.engine, until, until)

    def state(self, appointment_id: UUID) -> Appointment:
        """As the table has it."""
        with reading(self.engine) as connection:
            return cases.load(connection, t.appointment.c.id == appointment_id)[0].state

    def events(self, appointment_id: UUID) -> list[Event]:
        """As the table has them."""
        event = t.appointment_event.c
        query = select(t.appointment_event).where(event.appointment_id == appointment_id).order_by(event.number)
        with reading(self.engine) as connection:
            return [
                Event(EventKind(row.kind), row.effective_at, row.actor, row.payload)
                for row in connection.execute(query)
            ]

    def kinds(self, appointment_id: UUID) -> list[str]:
        return [event.kind.value for event in self.events(appointment_id)]

    def replayed(self, appointment_id: UUID) -> Appointment:
        return replay(self.events(appointment_id))

    def accrued(self, appointment_id: UUID) -> list[int]:
        """The amounts of the appointment's accruals, in the order of their effect."""
        accrual = t.accrual.c
        query = select(accrual.amount).where(accrual.appointment_id == appointment_id)
        with reading(self.engine) as connection:
            return list(connection.execute(query.order_by(accrual.effective_at, accrual.id)).scalars())

    def suppress(self, buyer: str, kind: ContactKind, value: str) -> None:
        key = contact_key(kind, value, "GB")
        assert key is not None
        row = {"buyer_id": self.ids[buyer], "digest": digest(SECRET, kind, key), "kind": kind.value}
        with writing(self.engine) as connection:
            connection.execute(t.suppression.insert().values(**row, created_at=OPENED, actor=buyer))
