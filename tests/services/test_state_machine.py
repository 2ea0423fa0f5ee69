"""The product against the reference model: whatever is commanded when, the same worth and the same books.

`make soak` searches for long with new seeds, on both engines; `make test` plays the same examples every time.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, func, select, true

from invoices.billing_run import bill
from invoices.verify import run_checks
from ledger.domain.calendar import Period
from ledger.domain.disputes import Position
from ledger.domain.errors import Refusal
from ledger.domain.lifecycle import CriterionFinding, Finding, Party, Slot
from ledger.domain.outcome import Findings
from ledger.services import appointments, commands, disputes
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.services.intake import Taken
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading, writing
from tests.reference import model as reference
from tests.reference.model import Appointment, Model
from tests.services.market import Document, Market
from tests.support import databases

START = datetime(2026, 3, 20, 9, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
SUPPLIERS = ("acme-calls", "best-leads")
BUYER = "north-bank"
ARBITER = Actor("user:arbiter", Party.OPERATOR, None)
PRICE = {
    "tiers": [{"from": 1, "amount": reference.BASE}, {"from": reference.LATER_FROM, "amount": reference.LATER_BASE}],
    "bonuses": {"owner": reference.BONUS},
}
FOUND = ("confirmed", "refuted")
RETURNS = ("wrong_person", "smaller_company", "out_of_business")

Open = Callable[[], AbstractContextManager[Engine]]

which = st.integers(0, 7)
findings = st.tuples(
    st.sampled_from(("attended", "attended", *reference.ABSENT, "access_failure")),
    st.sampled_from((None, 0, 14, 15)),
    st.fixed_dictionaries({}, optional={"size": st.sampled_from(FOUND), "owner": st.sampled_from(FOUND)}),
).map(lambda found: (found[0], None if found[0] in reference.ABSENT else found[1], found[2]))
parties = st.sampled_from(("buyer", "supplier"))


def terms(drawn: reference.Terms) -> Callable[[Document], None]:
    """The model's terms as a definition: a zone without clock changes, days instead of business days."""

    def change(document: Document) -> None:
        shares = {**document["outcomes"], **{n: s for n, s in reference.SHARES.items() if n in document["outcomes"]}}
        remedies = {
            "wrong_person": {"kind": "credit"},
            "smaller_company": {"kind": "partial", "share": reference.PARTIAL},
            "out_of_business": {"kind": "replacement", "expires": {"days": reference.EXPIRES.days}},
        }
        document |= {
            "time_zone": "UTC",
            "outcomes": shares,
            "reschedule": {
                "limit": reference.RESCHEDULES,
                "within": {"days": reference.WITHIN.days},
                "counts_from": {"hours": 1},
            },
            "rebooking": {"within": {"days": reference.REBOOKING.days}, "limit": reference.REBOOKINGS},
            "verification": {
                "window": {"days": reference.FINDINGS.days},
                "anchor": "slot_end",
                "silence": drawn.silence,
            },
            "dispute": {
                "contest_window": {"days": reference.CONTEST.days},
                "reply_window": {"days": reference.REPLY.days},
                "decision_window": {"days": 3},
                "no_reply": drawn.no_reply,
                "reasons": [{"code": "criterion_met", "label": "Met", "evidence": "attestation"}],
                "not_reasons": ["no_sale"],
            },
            "clawback": {
                "window": {"days": reference.CLAWBACK.days},
                "anchor": "slot_end",
                "return_cap": drawn.cap,
                "reasons": [
                    {"code": code, "label": code, "evidence": "attestation", "remedy": remedy}
                    for code, remedy in remedies.items()
                ],
            },
            "duplicates": {"keys": ["email"], "window": {"days": reference.DUPLICATE.days}, "scope": "buyer"},
        }

    return change


class Trading(RuleBasedStateMachine):
    """Every rule does one thing to both; what both say is compared after each."""

    def __init__(self, database: Open) -> None:
        super().__init__()
        self._context = database()
        self.engine = self._context.__enter__()
        self.now = START
        self.ids: list[UUID] = []

    def teardown(self) -> None:
        try:
            if self.ids:
                self.tick()
                report = run_checks(self.engine, None, self.now)
                assert report.faults == ()
        finally:
            self._context.__exit__(None, None, None)

    @initialize(
        silence=st.sampled_from(("accept", "reject", "escalate")),
        no_reply=st.sampled_from(("uphold", "dismiss", "escalate")),
        cap=st.sampled_from((None, None, 3000)),
    )
    def agree(self, silence: str, no_reply: str, cap: int | None) -> None:
        drawn = reference.Terms(silence, no_reply, cap)
        self.model = Model(drawn)
        self.market = Market(self.engine, terms(drawn), suppliers=SUPPLIERS, price=PRICE)
        with writing(self.engine) as connection:
            connection.execute(t.organisation.update().values(vat_id="GB980780684", vat_registered=True))

    # time

    @rule(hours=st.sampled_from((1, 5, 24, 30, 50, 100)))
    def wait(self, hours: int) -> None:
        self._until(self.now + timedelta(hours=hours))

    @precondition(lambda self: self.ids)
    @rule(number=which, kind=st.integers(0, 7), offset=st.sampled_from((-MOMENT, timedelta(0), timedelta(0), MOMENT)))
    def wait_for_a_deadline(self, number: int, kind: int, offset: timedelta) -> None:
        a = self._one(number)
        reply = a.dispute.reply_at if a.dispute else None
        late = a.ends + reference.CLAWBACK
        instants = (a.starts, a.ends, a.findings_at, a.rebooking_at, a.contest_at, reply, late, a.promise_at)
        at = instants[kind]
        if at is not None and at + offset > self.now:
            self._until(at + offset)

    def _until(self, at: datetime) -> None:
        self.now = at
        self.model.settle(at)

    # what parties do

    @rule(
        supplier=st.sampled_from(SUPPLIERS),
        person=st.integers(0, 5),
        owner=st.booleans(),
        hours=st.sampled_from((-1, 1, 5, 30)),
    )
    def submit(self, supplier: str, person: int, owner: bool, hours: int) -> None:
        starts, email = self.now + timedelta(hours=hours), f"person{person}@example.com"
        expected = self.model.submit(supplier, email, owner, starts, self.now)
        told = self.market.submit(
            supplier,
            f"S-{len(self.ids)}-{self.now.isoformat()}",
            at=self.now,
            starts_at=starts,
            facts={"employees": 42, "title": "CFO", "owner": owner},
            email=email.upper() if person % 2 else email.replace("@", "+again@"),
        )
        assert isinstance(told, Taken) == (expected is not None), told
        if isinstance(told, Taken) and expected is not None:
            if expected.number == len(self.ids):
                self.ids.append(told.case.id)
            assert told.case.id == self.ids[expected.number]

    @precondition(lambda self: self.ids)
    @rule(number=which, supplier=st.one_of(st.none(), st.sampled_from(SUPPLIERS)), hours=st.sampled_from((1, 30, 150)))
    def submit_again(self, number: int, supplier: str | None, hours: int) -> None:
        """Somebody known already: a duplicate, the rebooking of a no-show, or new again."""
        a = self._one(number)
        person = int(a.email.removeprefix("person").partition("@")[0])
        self.submit(supplier=supplier or a.supplier, person=person, owner=a.owner, hours=hours)

    @precondition(lambda self: self.ids)
    @rule(number=which, found=findings)
    def find(self, number: int, found: reference.Findings) -> None:
        a = self._one(number)
        self._both(
            self.model.find(a, found, self.now),
            a,
            "buyer",
            lambda desk, case, actor: commands.give_findings(desk, case, _stated(found), actor, self.now),
        )

    @precondition(lambda self: self.ids)
    @rule(number=which, by=st.sampled_from(("prospect", "buyer", "supplier")), stated_by=parties)
    def cancel(self, number: int, by: str, stated_by: str) -> None:
        a = self._one(number)
        self._both(
            self.model.cancel(a, by, stated_by, self.now),
            a,
            stated_by,
            lambda desk, case, actor: commands.cancel(desk, case, Party(by), actor, self.now, "so it is"),
        )

    @precondition(lambda self: self.ids)
    @rule(number=which, minutes=st.sampled_from((-59, 30, 60, 600, 2 * 1440, 6 * 1440, 15 * 1440)))
    def move(self, number: int, minutes: int) -> None:
        a = self._one(number)
        starts = max(a.starts, self.now - reference.H) + timedelta(minutes=minutes)
        slot = Slot(starts, starts + reference.H / 2)
        self._both(
            self.model.move(a, starts, self.now),
            a,
            "supplier",
            lambda desk, case, actor: commands.reschedule(desk, case, slot, Party.PROSPECT, actor, self.now, ""),
        )

    @precondition(lambda self: self.ids)
    @rule(
        number=which,
        kind=st.sampled_from(("contest", "clawback")),
        reason=st.sampled_from(("criterion_met", *RETURNS)),
        claim=findings,
    )
    def dispute(self, number: int, kind: str, reason: str, claim: reference.Findings) -> None:
        a = self._one(number)
        self._both(
            self.model.open(a, kind, reason, claim, self.now),
            a,
            "supplier" if kind == "contest" else "buyer",
            lambda desk, case, actor: disputes.open_dispute(desk, case, reason, _stated(claim), None, actor, self.now),
        )

    @precondition(lambda self: any(a.dispute for a in self.model.appointments))
    @rule(number=which, position=st.sampled_from(("concede", "contest")), by=parties)
    def reply(self, number: int, position: str, by: str) -> None:
        self._answer(self._disputed(number), position, by)

    def _answer(self, a: Appointment, position: str, by: str) -> None:
        self._both(
            self.model.reply(a, position, by, self.now),
            a,
            by,
            lambda desk, case, actor: disputes.reply(
                desk, case, _dispute_of(case), Position(position), None, actor, self.now
            ),
        )

    @precondition(lambda self: any(a.dispute for a in self.model.appointments))
    @rule(number=which, by=parties)
    def withdraw(self, number: int, by: str) -> None:
        a = self._disputed(number)
        self._both(
            self.model.withdraw(a, by, self.now),
            a,
            by,
            lambda desk, case, actor: disputes.withdraw(desk, case, _dispute_of(case), actor, self.now),
        )

    @precondition(lambda self: any(a.dispute for a in self.model.appointments))
    @rule(number=which, decision=st.one_of(findings, st.sampled_from((0, 4000, 10000))))
    def decide(self, number: int, decision: reference.Findings | int) -> None:
        a = self._disputed(number)
        told = decision if isinstance(decision, int) else _stated(decision)
        self._both(
            self.model.decide(a, decision, self.now),
            a,
            "operator",
            lambda desk, case, actor: disputes.decide(desk, case, _dispute_of(case), told, "so be it", actor, self.now),
        )

    @rule()
    def bill(self) -> None:
        """The month before; from March on there is one."""
        april = datetime(2026, 4, 1, tzinfo=UTC)
        self._until(max(self.now, april))
        period = Period.of(self.now, "UTC").previous()
        self.model.bill((period.year, period.month), period.end("UTC"))
        bill(self.engine, period, now=self.now, actor="finance")

    @rule()
    def tick(self) -> None:
        """Once all is settled, the books are the model's."""
        self.market.settle(self.now)
        with reading(self.engine) as connection:
            account, document = t.account.c, t.document.c
            balances = dict(
                connection.execute(select(account.kind, func.sum(account.balance)).group_by(account.kind)).all()
            )
            nets = dict(connection.execute(select(document.kind, func.sum(document.net)).group_by(document.kind)).all())
        assert {
            "cost": balances.get("cost", 0),
            "held": -balances.get("held", 0),
            "accrued": -balances.get("accrued", 0),
            **{kind: nets.get(kind, 0) for kind in reference.KINDS},
        } == self.model.books()

    @invariant()
    def both_see_the_same(self) -> None:
        with reading(self.engine) as connection:
            for identity, a in zip(
                self.ids, getattr(self, "model", Model(reference.Terms())).appointments, strict=True
            ):
                shown = appointments.one(connection, identity, true(), self.now)
                assert shown is not None
                money = shown["money"]
                told = (shown["stage"], shown["outcome"], money["share"], money["amount"])
                assert told == (self.model.stage(a, self.now), a.outcome, a.share, a.amount)

    # what chance alone would seldom bring together

    @rule(supplier=st.sampled_from(SUPPLIERS), person=st.integers(6, 60), owner=st.booleans(), found=findings)
    def meet(self, supplier: str, person: int, owner: bool, found: reference.Findings) -> None:
        """An appointment with somebody new, and what the buyer says about it when it is over."""
        before = len(self.ids)
        self.submit(supplier=supplier, person=person, owner=owner, hours=1)
        if len(self.ids) > before:
            self._until(self.model.appointments[-1].ends)
            self.find(number=0, found=found)

    @precondition(lambda self: self.ids)
    @rule(number=which, offset=st.sampled_from((-MOMENT, timedelta(0))), said=findings, position=st.booleans())
    def race(self, number: int, offset: timedelta, said: reference.Findings, position: bool) -> None:
        """Whatever its next deadline is for, at the last moment or at the very instant."""
        a = self._one(number)
        reply = a.dispute.reply_at if a.dispute else None
        late = a.ends + reference.CLAWBACK if a.amount else None
        for at in (a.findings_at if a.verdict == "pending" else None, a.rebooking_at, reply, a.contest_at, late):
            if at is None or at + offset <= self.now:
                continue
            self._until(at + offset)
            if at == a.findings_at or a.verdict == "pending":
                self.find(number=number, found=said)
            elif at == late:
                self.dispute(number=number, kind="clawback", reason="wrong_person", claim=said)
            elif at == a.contest_at and not a.dispute:
                self.dispute(number=number, kind="contest", reason="criterion_met", claim=said)
            elif a.dispute:
                by = {"contest": "buyer", "clawback": "supplier"}.get(a.dispute.kind, "buyer")
                self._answer(a, "concede" if position else "contest", by)
            return

    @rule(
        person=st.integers(61, 200),
        reason=st.sampled_from(RETURNS),
        claim=findings,
        decision=st.one_of(st.none(), findings, st.sampled_from((0, 4000, 10000))),
    )
    def take_back(
        self, person: int, reason: str, claim: reference.Findings, decision: reference.Findings | int | None
    ) -> None:
        """A clawback to its end: withdrawn, conceded, or insisted on and decided."""
        self.meet(supplier=SUPPLIERS[person % 2], person=person, owner=True, found=("attended", None, {}))
        self.dispute(number=0, kind="clawback", reason=reason, claim=claim)
        if self.model.appointments and self.model.appointments[-1].dispute:
            last = len([a for a in self.model.appointments if a.dispute]) - 1
            if decision == 0:
                self.withdraw(number=last, by="buyer")
            elif decision is None:
                self._answer(self.model.appointments[-1], "concede", "supplier")
            else:
                self._answer(self.model.appointments[-1], "contest", "supplier")
                self.decide(number=last, decision=decision)

    # both sides of one thing

    def _one(self, number: int) -> Appointment:
        return self.model.appointments[-1 - number % len(self.ids)]

    def _disputed(self, number: int) -> Appointment:
        found = [a for a in self.model.appointments if a.dispute]
        return found[number % len(found)]

    def _both(self, expected: bool, a: Appointment, by: str, act: Callable[[Desk, Case, Actor], object]) -> None:
        slug = {"supplier": a.supplier, "buyer": BUYER}.get(by)
        refusal: Refusal | None = None
        try:
            self.market.command(self.ids[a.number], Party(by), self.now, act, slug)
        except Refusal as refused:
            refusal = refused
        assert (refusal is None) == expected, refusal


def _stated(found: reference.Findings) -> Findings:
    attendance, minutes, criteria = found
    return Findings(Finding(attendance), minutes, {name: CriterionFinding(each) for name, each in criteria.items()})


def _dispute_of(case: Case) -> UUID:
    """The dispute that is open, else one that never was."""
    dispute: Any = case.state.dispute or {"dispute": UUID(int=0)}
    return UUID(str(dispute["dispute"]))


SOAK = int(os.environ.get("SOAK", "0"))
"""How many examples a long search tries; none by default."""
pytestmark = pytest.mark.timeout(0 if SOAK else 300)


def _play(database: Open) -> None:
    chosen = settings(
        max_examples=SOAK or 25,
        stateful_step_count=50 if SOAK else 30,
        derandomize=not SOAK,
        deadline=None,
        print_blob=bool(SOAK),
        phases=tuple(Phase) if SOAK else (Phase.generate,),  # a long search may take its time to tell a short story
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    made: Any = partial(Trading, database)
    run_state_machine_as_test(made, settings=chosen)


def test_any_order_of_commands_is_worth_what_the_reference_model_says(sqlite_template: Path, tmp_path: Path) -> None:
    numbers = iter(range(10**9))

    @contextmanager
    def database() -> Iterator[Engine]:
        path = tmp_path / f"{next(numbers)}.sqlite"
        shutil.copyfile(sqlite_template, path)
        engine = make_engine(databases.sqlite_url_of(path))
        yield engine
        engine.dispose()
        path.unlink()

    _play(database)


@pytest.mark.skipif(not SOAK, reason="a long search: make soak")
def test_the_same_on_postgresql(postgresql_server: databases.PostgresServer) -> None:
    @contextmanager
    def database() -> Iterator[Engine]:
        with postgresql_server.cloned() as url:
            engine = make_engine(url)
            yield engine
            engine.dispose()

    _play(database)
