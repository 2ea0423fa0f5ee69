"""Months with disputes, credits, tiers, minimums and deposits in three currencies, through HTTP, priced a second time.

The second pricing shares no code with the product: it is written from sections 4 and 6 of the contract alone.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient
from freezegun import freeze_time

from api import create_app
from ledger.services import access
from ledger.store.engine import make_engine, writing
from tests.domain.documents import agreement_document, definition_document

ADDRESS = {"line1": "4 Foundry Lane", "city": "Leeds", "postcode": "LS1 4AP", "country": "GB"}
MONTHS = ((2026, 10), (2026, 11), (2026, 12))
DAY = timedelta(days=1)
ACTIONS = ("attended", "attended", "no bonus", "short", "silent", "refused", "reversed", "returned", "contested")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
TURNS = max(1, int(os.environ.get("SOAK", "0")) // 20)
"""`make soak` plays 25 turns of three months in each currency, another story each."""


@dataclass(frozen=True)
class Terms:
    """Amounts in minor units, the rate in basis points; a second tier begins at position `later_from`."""

    currency: str
    base: int
    later: int
    later_from: int
    bonus: int
    rate: int
    minimum: int | None
    deposit: int


TERMS = (
    Terms("GBP", 18_001, 15_999, 3, 2_503, 2000, None, 30_000),
    Terms("JPY", 20_001, 15_555, 2, 7, 1000, 90_001, 0),
    Terms("KWD", 55_555, 50_001, 4, 1_251, 550, 250_003, 77_777),
)


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass
class Charge:
    """What one appointment came to. `at` is when it accrued; `fallen` what was taken off before it was invoiced;
    `ruled` what the buyer said of the criteria, which a later claim of his says again: a claim is all the findings.
    """

    reference: str
    at: datetime
    owner: bool
    share: int
    amount: int = 0
    fallen: bool = False
    ruled: dict[str, str] = field(default_factory=dict)
    appointment: str = ""


@dataclass
class Original:
    """An invoice: its lines as (reference, amount), and what was given back of it so far as (net, tax)."""

    identity: str
    lines: list[tuple[str | None, int]]
    notes: list[tuple[int, int]] = field(default_factory=list)

    @property
    def net(self) -> int:
        return sum(amount for _, amount in self.lines)

    def note(self, given: int, rate: int) -> tuple[int, int]:
        """A credit note's net and tax: the original's tax less that of what is left, less what was given before."""
        left = self.net - given - sum(net for net, _ in self.notes)
        tax = half_up(self.net * rate, 10_000) - half_up(left * rate, 10_000) - sum(tax for _, tax in self.notes)
        self.notes.append((given, tax))
        return given, tax


class Pair:
    """A buyer with his own definition and one supplier, as outsiders see them, and what they should come to."""

    def __init__(self, client: FlaskClient, keys: dict[str, str], clock: Any, terms: Terms, turn: int) -> None:
        self.client, self.keys, self.clock, self.terms = client, dict(keys), clock, terms
        self.numbers, self.random, self.left = count(1), Random(f"{terms.currency}:{turn}"), terms.deposit
        self.slug, self.buyer, self.supplier = (
            f"{name}-{terms.currency.lower()}" for name in ("visit", "bank", "agent")
        )
        for slug, kind in ((self.supplier, "supplier"), (self.buyer, "buyer")):
            more = {"vat_id": "GB980780684", "vat_registered": True} if kind == "supplier" else {}
            body = {"slug": slug, "kind": kind, "legal_name": slug.title(), "address": ADDRESS, **more}
            self.call("admin", "/v1/organisations", {**body, "time_zone": "Europe/London"})
            self.keys[kind] = self.call("admin", "/v1/keys", {"role": kind, "organisation": slug})["secret"]
        definition = definition_document(slug=self.slug, currency=terms.currency)
        definition["clawback"]["return_cap"] = None
        definition["verification"]["window"] = {"hours": 24}
        definition["intake"]["lead_age"] = None
        definition["intake"]["consent"]["max_age"] = None
        del definition["effective_from"]
        self.call("buyer", "/v1/definitions", definition)
        self.call("buyer", f"/v1/definitions/{self.slug}/publish", {})
        price = {
            "tiers": [{"from": 1, "amount": terms.base}, {"from": terms.later_from, "amount": terms.later}],
            "bonuses": {"owner": terms.bonus},
            "minimum_per_month": terms.minimum,
            "deposit": None,
        }
        tax = {"category": "S", "rate": terms.rate, "exemption": None}
        agreed = agreement_document(definition=self.slug, price=price, tax=tax)
        body = {**agreed, "supplier": self.supplier, "buyer": self.buyer}
        identity = self.call("buyer", "/v1/agreements", body)["id"]
        for side in ("buyer", "supplier"):
            self.call(side, f"/v1/agreements/{identity}/accept", {"version": 1})
        if terms.deposit:
            paid = {"amount": {"amount": terms.deposit, "currency": terms.currency}, "received_on": "2026-09-30"}
            self.call("finance", f"/v1/agreements/{identity}/deposits", paid)

    def call(self, role: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.keys[role]}"}
        response = self.client.open(path, method="GET" if body is None else "POST", json=body, headers=headers)
        assert response.status_code < 300, response.text
        return response.json

    def month(self, year: int, month: int) -> list[Charge]:
        """Plays a month; the charges in the order in which they took effect, positions and amounts worked out."""
        made = [self._play(action, year, month, day) for day, action in enumerate(self._actions(), 2)]
        charges = sorted((charge for charge in made if charge is not None), key=lambda charge: charge.at)
        for position, charge in enumerate(charges, 1):
            base = self.terms.base if position < self.terms.later_from else self.terms.later
            price = base + (self.terms.bonus if charge.owner else 0)
            charge.amount = half_up(price * charge.share, 10_000)
        return charges

    def _actions(self) -> list[str]:
        return self.random.sample(ACTIONS, k=self.random.randint(4, len(ACTIONS)))

    def _play(self, action: str, year: int, month: int, day: int) -> Charge | None:
        """One appointment on two days of its own: what happens to it, and the charge that it makes."""
        number, owner = next(self.numbers), self.random.random() < 0.5
        starts = datetime(year, month, 2 * day, 10, tzinfo=UTC)
        self.clock.move_to(starts - DAY)
        reference = f"{self.slug}-{number}"
        made = self.call("supplier", "/v1/appointments", self._submission(reference, starts, owner))
        identity, found = made["id"], starts + timedelta(hours=1)
        charge = Charge(reference, found, owner, 10_000, appointment=identity)
        if action == "silent":
            charge.at = starts + timedelta(minutes=30) + DAY
            return charge
        ruled = {"refused": {"size": "refuted"}, "contested": {"role": "refuted"}, "no bonus": {"owner": "refuted"}}
        rulings = [{"id": name, "finding": finding} for name, finding in ruled.get(action, {}).items()]
        minutes = 5 if action == "short" else 30
        self.clock.move_to(found)
        findings = {"attendance": "attended", "minutes": minutes, "criteria": rulings}
        self.call("buyer", f"/v1/appointments/{identity}/findings", findings)
        if action == "refused":
            return None
        if action == "contested":
            charge.at = found + timedelta(hours=5)
            self.dispute(identity, "supplier", "criterion_met", {}, found + timedelta(hours=4), charge.at)
        if action == "reversed":
            refuted = {"role": "refuted"}
            self.dispute(identity, "buyer", "wrong_person", refuted, found + timedelta(hours=4), found + DAY / 2)
            charge.fallen = True
        charge.share = 5_000 if action == "short" else 10_000
        charge.owner = owner and action != "no bonus"
        charge.ruled = {"owner": "refuted"} if action == "no bonus" else {}
        return charge

    def dispute(
        self, identity: str, opener: str, reason: str, ruled: dict[str, str], at: datetime, conceded_at: datetime
    ) -> None:
        """Opened by one side, conceded by the other."""
        rulings = [{"id": name, "finding": finding} for name, finding in ruled.items()]
        claim = {"attendance": "attended", "minutes": 30, "criteria": rulings}
        self.clock.move_to(at)
        opened = self.call(opener, f"/v1/appointments/{identity}/disputes", {"reason": reason, "claim": claim})
        self.clock.move_to(conceded_at)
        other = "buyer" if opener == "supplier" else "supplier"
        self.call(other, f"/v1/disputes/{opened['id']}/reply", {"position": "concede"})

    def _submission(self, reference: str, starts: datetime, owner: bool) -> dict[str, Any]:
        slot = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(minutes=30)).isoformat()}
        return {
            "definition": f"{self.buyer}:{self.slug}",
            "reference": reference,
            "slot": slot,
            "prospect": {"name": reference, "email": f"{reference}@company.example", "region": "GB"},
            "channel": "outbound",
            "facts": {"employees": 42, "title": "CFO", "owner": owner},
            "consent": {"basis": "opt_in", "captured_at": EPOCH.isoformat(), "reference": "form"},
        }

    def bill(self, year: int, month: int) -> dict[str, dict[str, Any]]:
        """What the run of the month issued for the pair, by kind."""
        self.clock.move_to(datetime(year + month // 12, month % 12 + 1, 2, 9, tzinfo=UTC))
        period = f"{year}-{month:02d}"
        run = self.call("finance", "/v1/billing-runs", {"period": period, "supplier": self.supplier})
        run = self.call("finance", f"/v1/billing-runs/{run['id']}")
        assert (run["state"], run["parked"]) == ("done", [])
        ids = [each["id"] for each in run["documents"]]
        return {each["kind"]: each for each in (self.call("finance", f"/v1/invoices/{identity}") for identity in ids)}

    def invoiced(self, charges: list[Charge]) -> tuple[list[tuple[str | None, int]], dict[str, int]]:
        """The lines and the totals that the month's invoice must have."""
        lines: list[tuple[str | None, int]] = [(each.reference, each.amount) for each in charges if not each.fallen]
        reached = sum(amount for _, amount in lines)
        if self.terms.minimum is not None and reached < self.terms.minimum:
            lines.append((None, self.terms.minimum - reached))
        net = sum(amount for _, amount in lines)
        tax = half_up(net * self.terms.rate, 10_000)
        prepaid = min(self.left, net + tax)
        self.left -= prepaid
        return lines, {"net": net, "tax": tax, "gross": net + tax, "prepaid": prepaid, "due": net + tax - prepaid}


Meet = Callable[[Terms, int], Pair]


@pytest.fixture
def meet(sqlite_url: str, tmp_path: Any) -> Iterator[Meet]:
    settings = {"DATABASE_URL": sqlite_url, "DOCUMENTS_URL": str(tmp_path), "SECRET_KEY": "k" * 40, "TESTING": True}
    settings["CREDIT_LIMIT"] = "100000"
    with freeze_time("2026-10-01T08:00:00Z") as clock:
        client, engine, keys = create_app(settings).test_client(), make_engine(sqlite_url), {}
        with writing(engine) as connection:
            for role in ("admin", "finance"):
                keys[role] = access.issue_key(connection, role, None, EPOCH).secret
        engine.dispose()
        yield lambda terms, turn: Pair(client, keys, clock, terms, turn)


@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("terms", TERMS, ids=lambda terms: terms.currency)
def test_months_with_disputes_and_credits_come_to_what_the_contract_says(meet: Meet, terms: Terms, turn: int) -> None:
    pair = meet(terms, turn)
    before: Original | None = None
    returned = 0
    for year, month in MONTHS:
        charges = pair.month(year, month)
        issued = pair.bill(year, month)
        lines, totals = pair.invoiced(charges)
        invoice = issued["invoice"]
        assert [(line["reference"], line["amount"]) for line in invoice["lines"]] == lines
        assert {name: invoice["totals"][name] for name in totals} == totals
        if before is not None:
            note = issued["credit_note"]["totals"]
            assert (note["net"], note["tax"]) == before.note(returned, terms.rate)
        before = Original(invoice["id"], lines)
        by_hand = -(-lines[0][1] // 3)
        wanted = {"line": 1, "amount": {"amount": by_hand, "currency": terms.currency}}
        given = pair.call("finance", "/v1/credit-notes", {"invoice": invoice["id"], "lines": [wanted], "reason": "so"})
        note = pair.call("finance", f"/v1/invoices/{given['credit_note']['id']}")["totals"]
        assert (note["net"], note["tax"]) == before.note(by_hand, terms.rate)
        last = [each for each in charges if not each.fallen][-1]
        conceded = datetime(year + month // 12, month % 12 + 1, 2, 11, tzinfo=UTC)
        half = half_up(last.amount * 5_000, 10_000) if last.share == 10_000 else None
        refuted = last.ruled | ({"role": "refuted"} if half is None else {"size": "refuted"})
        reason = "wrong_person" if half is None else "smaller_company"
        pair.dispute(last.appointment, "buyer", reason, refuted, conceded - DAY / 24, conceded)
        returned = last.amount - (half or 0)
