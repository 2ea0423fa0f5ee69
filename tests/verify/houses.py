"""A small house with a bit of everything on record, for tests of the verification.

Owns two months through the services: findings, silence, a no-show, a cancellation, disputes held, reversed and
credited, a replacement, an invoice, a credit note, rendered files, a chain. Damage is done in a transaction that is
rolled back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, select, text

from invoices.billing_run import bill
from invoices.rendering import render_pending
from invoices.storage import storage_at
from invoices.verify import sweeps
from ledger.domain.calendar import Period
from ledger.domain.disputes import Position
from ledger.domain.lifecycle import CriterionFinding, Finding, Party
from ledger.domain.outcome import Findings
from ledger.domain.signatures import Delivery, Provider, Signed
from ledger.services import chain, commands, connections, deliveries, disputes
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.services.verify import Report, look_over
from ledger.store import tables as t
from ledger.store import triggers
from ledger.store.engine import reading
from tests.services.market import ATTENDED, DAY, MONDAY, NO_SHOW, SECRET, TUESDAY, Document, Market
from tests.support import senders

REFUTED = Findings(Finding.ATTENDED, criteria={"size": CriterionFinding.REFUTED})
WRONG_PERSON = Findings(Finding.ATTENDED, criteria={"role": CriterionFinding.REFUTED})
NOON = timedelta(hours=2)
APRIL = datetime(2026, 4, 20, 9, tzinfo=UTC)
MAY = datetime(2026, 5, 3, 9, tzinfo=UTC)


def no_cap(document: Document) -> None:
    document["clawback"]["return_cap"] = None


class House:
    """The market after two months; `ids` of its appointments by what became of them."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder, self.storage = folder, storage_at(str(folder))
        self.market = Market(
            engine,
            no_cap,
            suppliers=("acme-calls",),
            price={"tiers": [{"from": 1, "amount": 18000}, {"from": 3, "amount": 16000}], "bonuses": {"owner": 2500}},
        )
        with engine.begin() as connection:
            address = {"line1": "1 High Street", "city": "Leeds", "country": "GB"}
            connection.execute(t.organisation.update().values(vat_id="GB980780684", address=address))
        self.ids: dict[str, UUID] = {}
        self._march()
        self._bill("2026-03", datetime(2026, 4, 3, 9, tzinfo=UTC))
        self._april()
        self._bill("2026-04", MAY)

    def _march(self) -> None:
        market = self.market
        names = ("attended", "silent", "missed", "cancelled", "credited", "halved", "refuted")
        for day, name in enumerate(names):
            self.ids[name] = market.taken(
                reference=f"S-{day}",
                at=MONDAY,
                starts_at=TUESDAY + day * DAY,
                name=f"Person {day}",
                email=f"p{day}@x.example",
            )
        market.cancel(self.ids["cancelled"], TUESDAY)
        for name, findings in (
            ("attended", ATTENDED),
            ("missed", NO_SHOW),
            ("credited", ATTENDED),
            ("halved", ATTENDED),
            ("refuted", REFUTED),
        ):
            market.find(self.ids[name], findings, TUESDAY + names.index(name) * DAY + NOON)
        self._evidence(self.ids["attended"])
        self._deliver("p0@x.example")
        self._claw_back("halved", "smaller_company", REFUTED, TUESDAY + 8 * DAY, concede=True)
        self._replace()
        market.settle(datetime(2026, 3, 31, 9, tzinfo=UTC))

    def _replace(self) -> None:
        """One that is found out, and another one that makes up for it."""
        for name, starts_at in (("replaced", TUESDAY + 8 * DAY), ("replacing", TUESDAY + 15 * DAY)):
            self.ids[name] = self.market.taken(reference=f"S-{name}", starts_at=starts_at, name=name.title())
        self.market.find(self.ids["replaced"], ATTENDED, TUESDAY + 8 * DAY + NOON)
        self._claw_back("replaced", "out_of_business", REFUTED, TUESDAY + 13 * DAY, concede=True)
        self.market.find(self.ids["replacing"], ATTENDED, TUESDAY + 15 * DAY + NOON)

    def _april(self) -> None:
        market = self.market
        self._claw_back("credited", "wrong_person", WRONG_PERSON, datetime(2026, 4, 6, 9, tzinfo=UTC), concede=True)
        self.ids["held"] = market.taken(reference="S-held", at=APRIL, starts_at=APRIL + DAY, name="Held")
        market.find(self.ids["held"], ATTENDED, APRIL + DAY + NOON)
        self._claw_back("held", "wrong_person", WRONG_PERSON, datetime(2026, 4, 29, 9, tzinfo=UTC), concede=False)

        self._lower("lowered", datetime(2026, 4, 23, 9, tzinfo=UTC))

    def _lower(self, name: str, at: datetime) -> None:
        """The supplier wants more, the arbiter gives less: an amount that waits for its invoice falls."""
        self.ids[name] = self.market.taken(reference=f"S-{name}", at=APRIL, starts_at=at, name="Low")
        self.market.find(self.ids[name], Findings(Finding.ATTENDED, 5), at + NOON)

        opened: list[UUID] = []

        def open_it(desk: Desk, case: Case, actor: Actor) -> None:
            opened.append(disputes.open_dispute(desk, case, "criterion_met", ATTENDED, None, actor, at + DAY))

        def insist(desk: Desk, case: Case, actor: Actor) -> None:
            disputes.reply(desk, case, opened[0], Position.CONTEST, None, actor, at + DAY)

        def decide(desk: Desk, case: Case, actor: Actor) -> None:
            disputes.decide(desk, case, opened[0], 0, "less than that", actor, at + DAY)

        for party, act in ((Party.SUPPLIER, open_it), (Party.BUYER, insist), (Party.OPERATOR, decide)):
            self.market.command(self.ids[name], party, at + DAY, act)

    def _evidence(self, appointment_id: UUID) -> None:
        at = TUESDAY + NOON

        def show(desk: Desk, case: Case, actor: Actor) -> None:
            commands.add_evidence(
                desk, case, actor, at, kind="note", occurred_at=at, content=b"were there", media_type="text/plain"
            )

        self.market.command(appointment_id, Party.BUYER, at, show)

    def _deliver(self, email: str) -> None:
        """The operator's calendar tells of the booking."""
        body, headers = senders.from_cal_com(senders.cal_booking("BOOKING_CREATED", "u1", TUESDAY, email))

        def keep(connection: Connection) -> UUID | None:
            connections.create(connection, "diary", Provider.CAL_COM, None, senders.SECRET, "key", MONDAY, "test")
            account = connections.alive(connection, "diary", "key", MONDAY)
            signed = Signed(senders.SECRET, None, stale=False)
            return deliveries.keep(connection, account, Delivery(headers, body, ""), signed, MONDAY, SECRET)

        waiting = self.market.commit(keep)
        assert waiting is not None
        assert deliveries.attach_all(self.engine, [waiting], TUESDAY + NOON, SECRET) == 1

    def _claw_back(self, name: str, reason: str, claim: Findings, at: datetime, *, concede: bool) -> None:
        opened: list[UUID] = []

        def open_it(desk: Desk, case: Case, actor: Actor) -> None:
            opened.append(disputes.open_dispute(desk, case, reason, claim, "we looked it up", actor, at))

        def give_in(desk: Desk, case: Case, actor: Actor) -> None:
            disputes.reply(desk, case, opened[0], Position.CONCEDE, None, actor, at + DAY)

        self.market.command(self.ids[name], Party.BUYER, at, open_it)
        if concede:
            self.market.command(self.ids[name], Party.SUPPLIER, at + DAY, give_in)

    def _bill(self, month: str, now: datetime) -> None:
        chain.extend(self.engine)
        bill(self.engine, Period.parse(month), now=now, actor="test")
        render_pending(self.engine, self.storage, now=lambda: now)
        chain.extend(self.engine)

    def verified(self, connection: Connection, now: datetime = MAY) -> Report:
        return look_over(connection, sweeps(self.storage), now)

    def row(self, table: Any, *conditions: Any) -> Any:
        """One row of the table, the first by its columns in order."""
        with reading(self.engine) as connection:
            return connection.execute(
                select(table).where(*conditions).order_by(*table.primary_key.columns).limit(1)
            ).one()

    @contextmanager
    def damaged(self, harm: Callable[[Connection], object]) -> Iterator[Connection]:
        """What an administrator could do who takes the guards away and puts them back; undone in the end."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            if connection.dialect.name == "sqlite":
                connection.execute(text("PRAGMA defer_foreign_keys = ON"))
                for statement in triggers.drop_statements("sqlite"):
                    connection.execute(text(statement))
                harm(connection)
                triggers.recreate(connection)
            else:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                harm(connection)
                connection.execute(text("SET LOCAL session_replication_role = origin"))
            yield connection
            transaction.rollback()
