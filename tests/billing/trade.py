"""Parties that trade, for tests of billing: terms both accepted, amounts that accrued, runs, and what came of them.

Owns the shortest way to an accrual: posted as the services post it, without an appointment behind it.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, func, select, update

from invoices.billing_run import RunResult, bill
from ledger.domain.calendar import Period
from ledger.domain.encoding import dumps
from ledger.domain.journal import AccountKind, AccrualKind, AccrualState, EntryKind
from ledger.services import agreements, definitions, parties
from ledger.services.posting import Accounts, Postings
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from ledger.store.types import new_id
from tests.domain.documents import agreement_document, definition_document
from tests.support.openings import opened

OPENED = datetime(2026, 1, 1, tzinfo=UTC)
OCTOBER = Period(2026, 10)
NOVEMBER = Period(2026, 11)
MID_OCTOBER = datetime(2026, 10, 15, 10, tzinfo=UTC)
AFTER_OCTOBER = datetime(2026, 11, 2, 9, tzinfo=UTC)
AFTER_NOVEMBER = datetime(2026, 12, 2, 9, tzinfo=UTC)
VAT_ID = "GB980780684"
UNTAXED = {"category": "O", "rate": 0, "exemption": None}
STATEMENT = {"mode": "statement", "acceptance_window": {"days": 10}, "self_billing": None}


def self_billed(**changes: Any) -> dict[str, Any]:
    agreed = {"from": "2026-01-01", "until": None, "supplier_vat_id": VAT_ID} | changes
    return {"mode": "self_billed", "acceptance_window": {"days": 10}, "self_billing": agreed}


class Trade:
    """Organisations by slug, agreements as they are made."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.ids: dict[str, UUID] = {}
        self._agreed: tuple[bytes, ...] = ()
        self._made: dict[str, UUID] = {}

    def join(self, slug: str, kind: str, **details: Any) -> UUID:
        told: dict[str, Any] = {
            "slug": slug,
            "kind": kind,
            "legal_name": slug.title(),
            "address": {"line1": "1 High Street", "city": "Leeds", "country": "GB"},
            "time_zone": "Europe/London",
        }
        if kind == "supplier":
            told |= {"vat_id": VAT_ID, "vat_registered": True}
        told |= details

        def write(connection: Connection) -> dict[str, UUID]:
            return {slug: parties.create_organisation(connection, told, OPENED)["id"]}

        self.ids |= opened(self.engine, dumps(told), write)
        return self.ids[slug]

    def change(self, slug: str, **columns: Any) -> None:
        with writing(self.engine) as connection:
            connection.execute(update(t.organisation).where(t.organisation.c.id == self.ids[slug]).values(**columns))

    def agree(
        self,
        supplier: str = "acme-calls",
        buyer: str = "north-bank",
        definition: str = "visits",
        *,
        zone: str = "Europe/London",
        currency: str = "GBP",
        **clauses: Any,
    ) -> UUID:
        """An agreement that both accepted; makes the parties and the definition where they are missing."""
        for slug, kind in ((supplier, "supplier"), (buyer, "buyer")):
            if slug not in self.ids:
                self.join(slug, kind)
        terms = agreement_document(definition=definition, billing=self_billed()) | clauses

        def write(connection: Connection) -> dict[str, UUID]:
            definition_id = self._define(connection, buyer, definition, zone, currency)
            agreement_id = agreements.create_agreement(
                connection, self.ids[supplier], self.ids[buyer], terms, now=OPENED, actor=buyer
            )
            self._accept(connection, agreement_id, 1, OPENED)
            return {f"agreement {len(self._agreed)}": agreement_id, f"{buyer}:{definition}": definition_id}

        self._agreed += (dumps([supplier, buyer, zone, currency, terms]),)
        made = opened(self.engine, self._agreed, write, given=self.ids | self._made)
        self._made |= made
        return next(iter(made.values()))

    def amend(self, agreement_id: UUID, at: datetime, **clauses: Any) -> None:
        """A newer version of the terms, accepted by both at once."""
        with writing(self.engine) as connection:
            version = t.agreement_version.c
            newest = connection.execute(
                select(version.document).where(version.agreement_id == agreement_id).order_by(version.number.desc())
            ).scalars()
            document = {**next(iter(newest)), **clauses, "effective_from": None}
            number = agreements.add_version(connection, agreement_id, document, now=at, actor="north-bank")
            self._accept(connection, agreement_id, number, at)

    def charge(
        self,
        agreement_id: UUID,
        amount: int,
        at: datetime = MID_OCTOBER,
        *,
        kind: AccrualKind = AccrualKind.OUTCOME,
        corrects: UUID | None = None,
        **columns: Any,
    ) -> UUID:
        """An amount that accrued at an instant (a credit where it is negative)."""
        with writing(self.engine) as connection:
            return self.accrue(connection, agreement_id, amount, at, kind=kind, corrects=corrects, **columns)

    def accrue(
        self,
        connection: Connection,
        agreement_id: UUID,
        amount: int,
        at: datetime,
        *,
        kind: AccrualKind = AccrualKind.OUTCOME,
        corrects: UUID | None = None,
        **columns: Any,
    ) -> UUID:
        agreement = connection.execute(
            select(t.agreement, t.definition.c.slug)
            .join(t.definition, t.definition.c.id == t.agreement.c.definition_id)
            .where(t.agreement.c.id == agreement_id)
        ).one()
        document = connection.execute(
            select(t.definition_version.c.document).where(
                t.definition_version.c.definition_id == agreement.definition_id
            )
        ).scalars()
        terms = next(iter(document))
        accrual_id = new_id()
        row = {
            "id": accrual_id,
            "buyer_id": agreement.buyer_id,
            "supplier_id": agreement.supplier_id,
            "agreement_id": agreement_id,
            "kind": kind.value,
            "state": AccrualState.OPEN.value,
            "effective_at": at,
            "recorded_at": at,
            "month": Period.of(at, terms["time_zone"]).number,
            "reference": f"S-{accrual_id}",
            "service_at": at,
            "outcome": "attended",
            "confirmed": "Ten to 250 employees\nOwns the company",
            "definition": agreement.slug,
            "definition_version": 1,
            "base": abs(amount),
            "bonus": 0,
            "share": 10000,
            "amount": amount,
            "currency": terms["currency"],
            "corrects_accrual_id": corrects,
        }
        connection.execute(t.accrual.insert(), row | columns)
        postings = Postings(connection, Accounts(connection))
        postings.post(
            EntryKind.ACCRUAL if amount > 0 else EntryKind.REDUCTION,
            (agreement.supplier_id, agreement.buyer_id, terms["currency"]),
            (abs(amount),),
            source_id=accrual_id,
            effective_at=at,
            recorded_at=at,
        )
        postings.write()
        return accrual_id

    def credit(self, charged: UUID, agreement_id: UUID, amount: int, at: datetime) -> UUID:
        """Gives back part of what was charged and invoiced."""
        return self.charge(agreement_id, -amount, at, kind=AccrualKind.CREDIT, corrects=charged)

    def deposit(self, agreement_id: UUID, amount: int) -> None:
        with writing(self.engine) as connection:
            row = connection.execute(select(t.agreement).where(t.agreement.c.id == agreement_id)).one()
            deposit_id = new_id()
            connection.execute(
                t.deposit.insert(),
                {
                    "id": deposit_id,
                    "buyer_id": row.buyer_id,
                    "supplier_id": row.supplier_id,
                    "agreement_id": agreement_id,
                    "amount": amount,
                    "currency": "GBP",
                    "received_on": date(2026, 9, 1),
                    "recorded_at": OPENED,
                    "actor": "finance",
                },
            )
            postings = Postings(connection, Accounts(connection))
            pair = (row.supplier_id, row.buyer_id, "GBP")
            postings.post(
                EntryKind.DEPOSIT, pair, (amount,), source_id=deposit_id, effective_at=OPENED, recorded_at=OPENED
            )
            postings.write()

    def bill(self, period: Period = OCTOBER, now: datetime = AFTER_OCTOBER, **options: Any) -> RunResult:
        return bill(self.engine, period, now=now, actor="finance", **options)

    def documents(self) -> Sequence[Row[Any]]:
        with reading(self.engine) as connection:
            return connection.execute(select(t.document).order_by(t.document.c.issued_at, t.document.c.number)).all()

    def document(self) -> Row[Any]:
        """The only one."""
        (found,) = self.documents()
        return found

    def lines(self, document_id: UUID) -> Sequence[Row[Any]]:
        line = t.document_line.c
        query = select(t.document_line).where(line.document_id == document_id).order_by(line.number)
        with reading(self.engine) as connection:
            return connection.execute(query).all()

    def balances(self, supplier: str = "acme-calls", buyer: str = "north-bank") -> dict[str, int]:
        """The pair's accounts that are not at zero."""
        account = t.account.c
        query = select(account.kind, account.balance).where(
            account.supplier_id == self.ids[supplier], account.buyer_id == self.ids[buyer], account.balance != 0
        )
        with reading(self.engine) as connection:
            return {AccountKind(row.kind).value: row.balance for row in connection.execute(query)}

    def count(self, table: Any) -> int:
        with reading(self.engine) as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())

    def _define(self, connection: Connection, buyer: str, slug: str, zone: str, currency: str) -> UUID:
        definition = t.definition.c
        known = select(definition.id).where(definition.buyer_id == self.ids[buyer], definition.slug == slug)
        found: UUID | None = connection.execute(known).scalar()
        if found is None:
            document = definition_document(slug=slug, time_zone=zone, currency=currency)
            found = definitions.create_definition(connection, self.ids[buyer], document, now=OPENED)
            definitions.publish(connection, found, effective_from=OPENED, now=OPENED, actor=buyer)
        return found

    def _accept(self, connection: Connection, agreement_id: UUID, number: int, at: datetime) -> None:
        for party in ("buyer", "supplier"):
            agreements.accept(connection, agreement_id, number, party, at=at, now=at, actor=party)
