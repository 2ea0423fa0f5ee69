"""A small, believable installation, made through the same services as everything else.

Owns `make`: organisations, people, terms that both sides accepted, three months of appointments that end at `now`, and
two months billed. The content is the same for the same `now`; passwords and second factors are new every time.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pyotp
from sqlalchemy import Connection, Engine

from api import passwords
from api.demo import cast, story, terms
from invoices.billing_run import bill
from ledger.domain.calendar import Period
from ledger.services import access, agreements, chain, contracts, definitions, parties
from ledger.services.contracts import Timeline
from ledger.services.deadlines import settle_due
from ledger.services.desk import Desk
from ledger.services.logins import NEEDS_SECOND_FACTOR, enrol
from ledger.store.engine import writing

ACTOR = "demo"
STEPS_AT_ONCE = 200
RUN_AFTER = timedelta(hours=32)
"""How long after its end a month is billed. Until then, a new month still shows the old one to be invoiced."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a person needs to log in."""

    role: str
    email: str
    password: str
    totp_secret: str | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def make(
    engine: Engine,
    secret: bytes,
    now: datetime,
    *,
    key: str,
    keep: Callable[[list[Login]], None],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Login]:
    """Makes the installation and returns its logins, which `keep` gets before they count.

    `secret` keys the digests of contacts, `key` seals secrets.
    """
    month = Period.of(now - RUN_AFTER, "UTC")
    start = month.previous().previous().start("UTC")
    logins = [_login(person) for person in cast.people()]
    hashes = [passwords.hashed(login.password) for login in logins]
    with writing(engine) as connection:
        ids = {row["slug"]: parties.create_organisation(connection, row, start)["id"] for row in cast.organisations()}
        for person, login, hashed in zip(cast.people(), logins, hashes, strict=True):
            owner = None if person.organisation is None else ids[person.organisation]
            made = access.create_user(connection, person.email, person.name, hashed, (person.role,), owner, start)
            if login.totp_secret is not None:
                enrol(connection, made["id"], login.totp_secret, key)
        _agree(connection, ids, start)
        timelines = {
            (slug_of(ids, found.supplier_id), slug_of(ids, found.buyer_id)): found
            for found in contracts.timelines(connection).values()
        }
        keep(logins)
    _play(engine, secret, timelines, start, now, progress)
    settle_due(engine, now, now)
    chain.extend(engine)
    return logins


def slug_of(ids: dict[str, UUID], identity: UUID) -> str:
    return next(slug for slug, each in ids.items() if each == identity)


def _login(person: cast.Person) -> Login:
    second = pyotp.random_base32() if person.role in NEEDS_SECOND_FACTOR else None
    return Login(person.role, person.email, passwords.make(), second)


def _agree(connection: Connection, ids: dict[str, UUID], start: datetime) -> None:
    """Two published definitions and an agreement of every troupe, accepted by both sides."""
    for buyer, document in (("north-bank", terms.finance_review()), ("sonnenwerk", terms.solar_advice())):
        definition_id = definitions.create_definition(connection, ids[buyer], document, now=start)
        definitions.publish(connection, definition_id, effective_from=None, now=start, actor=ACTOR)
    day = start.date().isoformat()
    vat = {row["slug"]: row["vat_id"] for row in cast.organisations()}
    british, german = {"category": "S", "rate": 2000}, {"category": "S", "rate": 1900}
    small = {"category": "E", "rate": 0, "exemption": "§ 19 UStG"}
    review, advice = "uk-finance-review", "solarberatung"
    offers = {
        "acme-calls": terms.agreement(
            review, [(1, 18000), (31, 16500)], {"budget": 2500}, british, vat["acme-calls"], day
        ),
        "beta-leads": terms.agreement(review, [(1, 17500)], {"budget": 2000}, british, vat["beta-leads"], day),
        "rheinruf": terms.agreement(advice, [(1, 9500), (26, 8900)], {"storage": 1500}, german, vat["rheinruf"], day),
        "solarkontakt": terms.agreement(advice, [(1, 9000)], {"storage": 1000}, small, None, day),
    }
    for troupe in story.TROUPES:
        supplier_id, buyer_id = ids[troupe.supplier], ids[troupe.buyer]
        identity = agreements.create_agreement(
            connection, supplier_id, buyer_id, offers[troupe.supplier], now=start, actor=ACTOR
        )
        for party in ("buyer", "supplier"):
            agreements.accept(connection, identity, 1, party, at=start, now=start, actor=ACTOR)


def _play(
    engine: Engine,
    secret: bytes,
    timelines: dict[tuple[str, str], Timeline],
    start: datetime,
    now: datetime,
    progress: Callable[[int, int], None],
) -> None:
    """The story in the order of time, with the billing run of each month that ends in it."""
    steps = story.script(start, now)
    month = Period.of(start, "UTC")
    runs = [(period.end("UTC") + RUN_AFTER, period) for period in (month, month.next())]
    done = 0
    while done < len(steps) or runs:
        until = runs[0][0] if runs else now + timedelta(microseconds=1)
        with writing(engine) as connection:
            stage = story.Stage(connection, secret, timelines, Desk(connection, start))
            for at, command in steps[done : done + STEPS_AT_ONCE]:
                if at >= until:
                    break
                command(stage, at)
                done += 1
        progress(done, len(steps))
        if runs and (done == len(steps) or steps[done][0] >= until):
            at, period = runs.pop(0)
            chain.extend(engine)
            bill(engine, period, now=at, actor=ACTOR)
