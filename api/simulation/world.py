"""The simulated installation: an application with a clock of its own, keys for everybody, and the story so far.

Owns how players speak to it (HTTP, through Flask's test client), what is checked after every step, and the digest of
the story, which is the same for the same seed on either engine. Raises `Violated` at the first thing that is wrong.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine

from api import create_app
from api.databases import EXTENSION, Database
from api.demo import cast
from api.simulation import checks, terms
from api.simulation.referee import Booked, Referee
from api.units import CLOCK
from invoices.verify import run_checks
from ledger.domain.signatures import Provider
from ledger.services import access, agreements, connections, definitions, parties
from ledger.store.engine import reading, writing

ACTOR: Final = "simulation"
SECRET_KEY: Final = "of a simulation"  # noqa: S105 - of an installation that is thrown away
PUBLIC_URL: Final = "https://ledger.example"
START: Final = datetime(2026, 3, 23, tzinfo=UTC)
"""A Monday; the clocks go forward six days later, and the month ends in nine."""
OPENED: Final = START - timedelta(days=60)
STAFF: Final = ("arbiter", "finance", "admin")
SERVER_ERROR: Final = 500
CREATED: Final = 201
TWICE: Final = 0.04
"""How often a command is sent again with the same idempotency key."""
HIDDEN: Final = frozenset({"id", "invoice", "hash", "created_at", "version"})
"""What differs from run to run (identifiers), or would (how often something was written)."""


class Violated(Exception):
    """Something is wrong: what, and at which step."""

    def __init__(self, step: int, at: datetime, what: str) -> None:
        self.step, self.at, self.what = step, at, what
        super().__init__(f"step {step}, {at.isoformat()}: {what}")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer."""

    status: int
    body: Any

    @property
    def taken(self) -> bool:
        return self.status < 300

    @property
    def codes(self) -> tuple[str, ...]:
        """The refusal's code and its clauses."""
        if self.taken:
            return ()
        return (self.body["code"], *(f"{each['clause']}:{each['code']}" for each in self.body.get("violations", ())))


@dataclass(slots=True)
class Subject:
    """An appointment as the players remember it; `shown` is the last answer about it."""

    reference: str
    supplier: str
    buyer: str
    definition: str
    identity: str
    prospect: dict[str, Any]
    shown: dict[str, Any]
    seen_at: datetime
    disputes: list[str] = field(default_factory=list)
    shared: bool = False
    """Whether somebody else's appointment is with the same person: then a room's log may be either's."""
    together: dict[datetime, set[int]] = field(default_factory=dict)
    """By the slot's start, the minutes after it in which both sides were in one room."""

    @property
    def path(self) -> str:
        return f"/v1/appointments/{self.identity}"

    @property
    def starts_at(self) -> datetime:
        return datetime.fromisoformat(self.shown["schedule"]["slots"][-1]["starts_at"])


@dataclass
class World:
    """Who is who, what time it is, and what has happened."""

    app: Flask
    random: Random
    now: datetime = START
    step: int = 0
    keys: dict[str, str] = field(default_factory=dict)
    offers: list[tuple[str, str, str]] = field(default_factory=list)
    """(supplier, buyer, definition) of every agreement."""
    subjects: list[Subject] = field(default_factory=list)
    commands: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    accounts: Sequence[tuple[str, str, str | None, str]] = ()
    """Connections that send evidence: slug, provider, owner (None: the operator) and secret."""
    verifications: int = 0
    referee: Referee = field(default_factory=Referee)
    _story: Any = field(default_factory=hashlib.sha256)
    _client: FlaskClient | None = None

    @classmethod
    def made(cls, url: str, random: Random, accounts: Sequence[tuple[str, str, str | None, str]]) -> "World":
        """A world in an empty, migrated database."""
        settings = {
            "DATABASE_URL": url,
            "SECRET_KEY": SECRET_KEY,
            "PUBLIC_URL": PUBLIC_URL,
            "TESTING": True,
            "LOG_LEVEL": "error",
        }
        world = cls(create_app(settings), random, accounts=accounts)
        world.app.extensions[CLOCK] = lambda: world.now
        with writing(world.engine) as connection:
            world._settle_in(connection)
        return world

    @property
    def engine(self) -> Engine:
        store = self.app.extensions[EXTENSION]
        assert isinstance(store, Database)
        return store.engine

    def dispose(self) -> None:
        self.app.extensions[EXTENSION].dispose()

    @property
    def digest(self) -> str:
        """Of the story so far."""
        return str(self._story.hexdigest())

    def _settle_in(self, connection: Connection) -> None:
        """Organisations, keys, and terms that both sides accepted."""
        ids = {row["slug"]: parties.create_organisation(connection, row, OPENED)["id"] for row in cast.organisations()}
        for slug, identity in ids.items():
            role = access.BUYER if slug in cast.BUYERS else access.SUPPLIER
            self.keys[slug] = access.issue_key(connection, role, identity, OPENED).secret
        for role in STAFF:
            self.keys[role] = access.issue_key(connection, role, None, OPENED).secret
        for buyer, document in terms.definitions():
            identity = definitions.create_definition(connection, ids[buyer], document, now=OPENED)
            definitions.publish(connection, identity, effective_from=None, now=OPENED, actor=ACTOR)
        vat = {row["slug"]: row["vat_id"] for row in cast.organisations()}
        for supplier, buyer, document in terms.agreements(vat, OPENED.date().isoformat()):
            identity = agreements.create_agreement(
                connection, ids[supplier], ids[buyer], document, now=OPENED, actor=ACTOR
            )
            for party in ("buyer", "supplier"):
                agreements.accept(connection, identity, 1, party, at=OPENED, now=OPENED, actor=ACTOR)
            self.offers.append((supplier, buyer, document["definition"]))
        for slug, provider, owner, secret in self.accounts:
            whose = None if owner is None else ids[owner]
            connections.create(connection, slug, Provider(provider), whose, secret, SECRET_KEY, OPENED, ACTOR)

    def ask(self, who: str, method: str, path: str, body: Any = None, *, key: str | None = None) -> Told:
        """One request. Whatever the players do, it is never a server's error."""
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self._open(f"{who} {method} {path} {body}", path, method=method, headers=headers, json=body)

    def _open(self, what: str, path: str, **request: Any) -> Told:
        if self._client is None:
            self._client = self.app.test_client()
        try:
            answer = self._client.open(path, **request)
        except Exception as error:  # whatever escapes the application is a finding, told with its step
            raise Violated(self.step, self.now, f"{what}: {type(error).__name__}: {error}") from error
        told = Told(answer.status_code, answer.get_json(silent=True))
        if told.status >= SERVER_ERROR:
            raise Violated(self.step, self.now, f"{what}: {told.status} {told.body}")
        return told

    def deliver(
        self,
        connection: str,
        name: str,
        subject: Subject,
        sent: tuple[bytes, dict[str, str]],
        expected: int,
        *,
        changes: bool = True,
    ) -> None:
        """A provider's event about an appointment. What has no effect `changes` nothing that is read."""
        before = self.look(subject)
        self.send(connection, name, subject, sent, expected)
        after = self.see(subject)
        if not changes:
            self._expect_same(before, after, f"{connection}, {name} {subject.reference} has no effect")
        self.check(subject)
        self.note(self.now.isoformat(), connection, name, subject.reference, visible(after))

    def send(
        self, connection: str, name: str, subject: Subject, sent: tuple[bytes, dict[str, str]], expected: int
    ) -> None:
        """One of several events that are looked at together afterwards."""
        what, (body, headers) = f"{connection}, {name} {subject.reference}", sent
        told = self._open(what, f"/hooks/{connection}", method="POST", data=body, headers=headers)
        self.require(told.status == expected, f"{what}: {told.status} {told.body}")
        self.commands[f"{connection}: {name}"] += 1

    def act(self, who: str, name: str, subject: Subject, path: str, body: Any = None) -> Told:
        """A command about an appointment, and every check that it calls for.

        A refusal changes nothing that a read had not shown already; what is answered is what a read then shows.
        """
        before = self.look(subject)
        again = self.random.random() < TWICE
        key = f"step-{self.step}" if again else None
        told = self.ask(who, "POST", path, body, key=key)
        if again:
            repeated = self.ask(who, "POST", path, body, key=key)
            self.require(repeated == told, f"{name} {subject.reference}: sent again, answered {repeated}, not {told}")
        after = self.see(subject)
        if not told.taken:
            self._expect_same(before, after, f"{who} {name} {subject.reference} was refused ({told.codes})")
        self.check(subject)
        self.tell(who, name, subject.reference, told, after)
        return told

    def look(self, subject: Subject) -> dict[str, Any]:
        """What its buyer reads at this instant, if need be from what he read at the same one."""
        return subject.shown if subject.seen_at == self.now else self.see(subject)

    def see(self, subject: Subject) -> dict[str, Any]:
        """What its buyer reads now, which is remembered."""
        told = self.ask(subject.buyer, "GET", subject.path)
        self.require(told.taken, f"{subject.reference} cannot be read: {told.body}")
        subject.shown, subject.seen_at = told.body, self.now
        return subject.shown

    def tell(self, who: str, name: str, about: str, told: Told, shown: dict[str, Any] | None = None) -> None:
        """Adds a step to the story."""
        self.commands[name] += 1
        for code in told.codes:
            self.refusals[code] += 1
        self.note(self.now.isoformat(), who, name, about, told.status, told.codes, visible(shown))

    def note(self, *words: object) -> None:
        self._story.update(repr(words).encode())
        self._story.update(b"\n")

    def check(self, *subjects: Subject) -> None:
        """The cheap checks: these appointments, and all accounts."""
        with reading(self.engine) as connection:
            for subject in subjects:
                found = checks.of_appointment(connection, UUID(subject.identity), subject.shown)
                self.forbid(f"{subject.reference}: {what}" for what in found)
            self.forbid(checks.of_books(connection))

    def check_kept(self, subjects: Iterable[Subject], what: str) -> None:
        """That each reads as it did when last seen at this very instant."""
        for subject in subjects:
            self._expect_same(self.look(subject), self.see(subject), f"{subject.reference} after {what}")

    def verify(self) -> None:
        """The whole verification."""
        self.verifications += 1
        report = run_checks(self.engine, None, self.now)
        self.forbid(f"verify: {fault.check}: {fault.what} ({fault.where})" for fault in report.faults)

    def check_end(self) -> None:
        with reading(self.engine) as connection:
            self.forbid(checks.at_the_end(connection))

    def slot(self, subject: Subject) -> Booked:
        """The slot of an appointment as it was last seen."""
        shown = subject.shown
        return Booked(
            subject.identity,
            subject.supplier,
            subject.definition,
            subject.starts_at,
            can_be_rebooked=shown["stage"] == "can_be_rebooked",
            cancelled=shown["schedule"]["state"] == "cancelled",
        )

    def slots(self) -> list[Booked]:
        return [self.slot(subject) for subject in self.subjects]

    def forbid(self, faults: Iterable[str]) -> None:
        found = list(faults)
        if found:
            raise Violated(self.step, self.now, "; ".join(found[:5]))

    def require(self, true: bool, otherwise: str) -> None:
        if not true:
            raise Violated(self.step, self.now, otherwise)

    def _expect_same(self, before: dict[str, Any], after: dict[str, Any], what: str) -> None:
        old, new = visible(before), visible(after)
        if old != new:
            changed = [f"{name}: {old[name]} → {new[name]}" for name in old if old[name] != new[name]]
            raise Violated(self.step, self.now, f"{what}, and yet changed: {'; '.join(changed)}")


def visible(value: Any) -> Any:
    """An answer without what differs from run to run."""
    if isinstance(value, dict):
        return {name: visible(each) for name, each in value.items() if name not in HIDDEN}
    if isinstance(value, list):
        return [visible(each) for each in value]
    return value
