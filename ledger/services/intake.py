"""Submissions: from what a supplier claims to an appointment, or to a refusal that names every broken clause.

Owns the look into the books that the intake rules need (references, duplicates, suppressions, caps) for one
submission or a whole batch alike, and what is written when one is taken or refused. First valid wins; the refusal
names no other supplier, and holds no personal data.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    bindparam,
    case,
    column,
    literal_column,
    select,
    union_all,
)

from ledger.domain.contacts import contact_keys, digest
from ledger.domain.criteria import evaluate
from ledger.domain.decisions import rescheduled, submitted
from ledger.domain.encoding import dumps
from ledger.domain.errors import Conflict, Violation
from ledger.domain.facts import check_facts
from ledger.domain.intake import Prospect, Standing, Submission, violations
from ledger.domain.lifecycle import Event, Party
from ledger.services import capacity
from ledger.services.cases import Case
from ledger.services.contracts import Pinned
from ledger.services.desk import Desk
from ledger.services.duplicates import CLAIMS, Contacts, Digests, Known, chunks
from ledger.services.posting import insert_ignoring
from ledger.store import tables as t
from ledger.store.prepared import Prepared, among, at_once, each_of, texts
from ledger.store.types import new_id


def _named(table: Table, identity: ColumnElement[UUID]) -> Select[Any]:
    """Those of the `names` that the supplier has in this table: of each, the first that does not come before it, if it
    is the same. So asked, only one index will do; a planner that does not know the table yet takes another one for
    as good, which reads all that the supplier has for each name."""
    name = each_of(texts("names")).table_valued(column("value", String)).c.value
    found = (
        select(case((table.c.reference == name, identity)))
        .where(table.c.supplier_id == bindparam("supplier"), table.c.reference >= name)
        .order_by(table.c.reference)
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    return select(name.label("reference"), found.label("id")).where(found.is_not(None))


REFERENCES = Prepared(
    union_all(
        _named(t.appointment, t.appointment.c.id), _named(t.linked_reference, t.linked_reference.c.appointment_id)
    )
)
"""Which of the `names` the `supplier` has used."""
_SUPPRESSED = Prepared(
    select(t.suppression.c.digest).where(
        t.suppression.c.buyer_id == bindparam("buyer"), among(t.suppression.c.digest, texts("digests"))
    )
)


def used(connection: Connection, supplier_id: UUID, references: list[str]) -> dict[str, UUID]:
    """Those of a supplier's references that he has used before, each with its appointment."""
    found: dict[str, UUID] = {}
    for some in chunks(references):
        known = REFERENCES.all(connection, {"supplier": supplier_id, "names": some})
        found.update((row.reference, row.id) for row in known)
    return found


Wanted = tuple[Pinned, str, Digests]


@dataclass(frozen=True, slots=True)
class Taken:
    """The submission is an appointment; `person` is the row of its prospect, None where it rebooked an earlier one."""

    case: Case
    person: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The submission broke these clauses; the refusal is on record under `refusal_id`."""

    refusal_id: UUID
    violations: tuple[Violation, ...]


@dataclass(slots=True)
class IntakeDesk:
    """Intake on a desk. `secret` keys the digests of contacts; `countries` maps buyers to their ISO country."""

    desk: Desk
    secret: bytes
    countries: Mapping[UUID, str | None] = field(default_factory=dict)
    _references: dict[tuple[UUID, str], UUID] = field(default_factory=dict)
    _suppressed: dict[UUID, set[str]] = field(default_factory=dict)
    _contacts: Contacts = field(init=False)

    def __post_init__(self) -> None:
        self._contacts = Contacts(self.desk)

    def digests(self, buyer_id: UUID, prospect: Prospect) -> Digests:
        """The keyed digests by which this person is recognised again."""
        if not (prospect.email or prospect.phone or prospect.company.domain or prospect.company.number):
            return {}
        keys = contact_keys(personal(prospect), self.countries.get(buyer_id))
        return {kind: digest(self.secret, kind, value) for kind, value in keys.items()}

    def prefetch(self, wanted: Iterable[Wanted], at: datetime, *, until: datetime | None = None) -> None:
        """Reads for (terms, reference, digests) what stands in the books already.

        What stands in the way and has fallen due by `at` is settled first, whosever it is; a batch goes on `until`
        later, and has on its desk what falls due on the way.
        """
        asked = self.asked(wanted)
        self.learn(asked, at_once(self.desk.connection, asked), at, until=until)

    def asked(self, wanted: Iterable[Wanted]) -> list[tuple[Prepared, dict[str, Any]]]:
        """What `prefetch` asks the books, as far as the terms ask for it: a company that many prospects share is no
        duplicate where only e-mail addresses are."""
        references: dict[UUID, list[str]] = {}
        held: dict[UUID, list[str]] = {}
        listed: dict[UUID, list[str]] = {}
        for pinned, reference, found in wanted:
            references.setdefault(pinned.supplier_id, []).append(reference)
            keys = pinned.definition.duplicates.keys
            held.setdefault(pinned.buyer_id, []).extend(found[kind] for kind in keys if kind in found)
            if pinned.definition.intake.suppressions:
                listed.setdefault(pinned.buyer_id, []).extend(found.values())
        asked: list[tuple[Prepared, dict[str, Any]]] = [
            (REFERENCES, {"supplier": who, "names": some}) for who, some in _portions(references)
        ]
        asked += [(CLAIMS, {"buyer": who, "digests": some}) for who, some in _portions(held)]
        asked += [(_SUPPRESSED, {"buyer": who, "digests": some}) for who, some in _portions(listed)]
        return asked

    def learn(
        self,
        asked: Sequence[tuple[Prepared, Mapping[str, Any]]],
        answers: Sequence[Sequence[Any]],
        at: datetime,
        *,
        until: datetime | None = None,
    ) -> None:
        """Takes note of what the books have answered, and settles it as `prefetch` does."""
        for (statement, given), rows in zip(asked, answers, strict=True):
            if statement is CLAIMS:
                self._contacts.learn(given["buyer"], rows)
            elif statement is _SUPPRESSED:
                self._suppressed.setdefault(given["buyer"], set()).update(row.digest for row in rows)
            else:
                self._references.update({(given["supplier"], row.reference): row.id for row in rows})
        self._contacts.settle(at, until or at)

    def submit(
        self,
        pinned: Pinned,
        submission: Submission,
        at: datetime,
        actor: str,
        *,
        digests: Digests | None = None,
        source_key: str | None = None,
    ) -> Taken | NotTaken:
        """One submission received at `at`, after `prefetch`. Raises `Malformed` for facts that the definition does
        not declare and `Conflict` where the reference was used before."""
        existing = self._references.get((pinned.supplier_id, submission.reference))
        if existing is not None:
            raise Conflict(
                f"reference {submission.reference!r} was submitted before",
                code="duplicate_reference",
                existing_id=str(existing),
            )
        definition = pinned.definition
        facts = check_facts(definition, submission.facts)
        claims = evaluate(definition, facts)
        if digests is None:
            digests = self.digests(pinned.buyer_id, submission.prospect)
        known = self._contacts.meet(pinned, submission.slot, digests, at)
        standing = self._standing(pinned, submission, digests, known)
        broken = violations(definition, submission, claims, at, standing)
        if broken:
            return self._refuse(pinned, submission, broken, at, source_key)
        if known.chain is not None:
            return self._link(known.chain, submission, at, actor)
        salt = secrets.token_hex(16)
        person = _prospect_row(submission, facts)
        event = submitted(definition, claims, submission.slot, at, actor, commitment(salt, person))
        case = self.desk.open(pinned, submission.reference, event, submission.channel, submission.source)
        tenant = {"buyer_id": pinned.buyer_id, "supplier_id": pinned.supplier_id}
        self.desk.add("prospect", appointment_id=case.id, **tenant, **person, salt=salt, erased_at=None)
        self._references[pinned.supplier_id, submission.reference] = case.id
        self._contacts.take(case, digests, at)
        return Taken(case, person)

    def _link(self, case: Case, submission: Submission, at: datetime, actor: str) -> Taken:
        """The same prospect submitted anew is the rebooking of his no-show: one chain, known by both references."""
        slot, reference = submission.slot, submission.reference
        event = rescheduled(
            case.pinned.definition, case.state, slot, Party.SUPPLIER, Party.SUPPLIER, at, actor, "submitted anew"
        )
        named = {**event.payload, "reference": reference}
        self.desk.move(case, Event(event.kind, event.effective_at, event.actor, named))
        self.desk.add(
            "linked_reference",
            supplier_id=case.pinned.supplier_id,
            reference=reference,
            buyer_id=case.pinned.buyer_id,
            appointment_id=case.id,
            submitted_at=at,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
        self._references[case.pinned.supplier_id, reference] = case.id
        return Taken(case, None)

    def _standing(self, pinned: Pinned, submission: Submission, digests: Digests, known: Known) -> Standing:
        moved_from = None if known.chain is None else known.chain.state.slot.starts_at
        counted = capacity.standing(self.desk, pinned, submission.slot.starts_at, moved_from)
        listed = self._suppressed.get(pinned.buyer_id) if pinned.definition.intake.suppressions else None
        suppressed = listed is not None and not listed.isdisjoint(digests.values())
        if not (known.kinds or suppressed):
            return counted
        return replace(counted, duplicates=known.kinds, suppressed=suppressed)

    def _refuse(
        self,
        pinned: Pinned,
        submission: Submission,
        broken: tuple[Violation, ...],
        at: datetime,
        source_key: str | None,
    ) -> NotTaken:
        refusal_id, named = new_id(), [{"clause": v.clause, "code": v.code, "detail": v.detail} for v in broken]
        row = {
            "id": refusal_id,
            "supplier_id": pinned.supplier_id,
            "buyer_id": pinned.buyer_id,
            "definition_id": pinned.definition_id,
            "definition_version": pinned.definition_version,
            "reference": submission.reference,
            "channel": submission.channel,
            "source": submission.source,
            "violations": named,
            "submitted_at": at,
            "recorded_at": self.desk.now,
            "source_key": source_key,
        }
        if source_key is None:
            self.desk.add("intake_refusal", **row)
        else:
            self.desk.connection.execute(insert_ignoring(self.desk.connection, t.intake_refusal), row)
        return NotTaken(refusal_id, broken)


def _portions(values: Mapping[UUID, list[str]]) -> Iterator[tuple[UUID, list[str]]]:
    """Whose values they are, and as many of them as one statement names."""
    return ((who, some) for who, every in values.items() for some in chunks(every))


def _prospect_row(submission: Submission, facts: Mapping[str, Any]) -> dict[str, Any]:
    prospect, consent, lead_created_at = submission.prospect, submission.consent, submission.lead_created_at
    return {
        "name": prospect.name,
        "email": prospect.email,
        "phone": prospect.phone,
        "company_name": prospect.company.name,
        "company_domain": prospect.company.domain,
        "company_number": prospect.company.number,
        "region": prospect.region,
        "facts": facts,
        "consent": None
        if consent is None
        else {
            "basis": consent.basis,
            "captured_at": None if consent.captured_at is None else consent.captured_at.astimezone(UTC).isoformat(),
            "reference": consent.reference,
        },
        "lead_created_at": None if lead_created_at is None else lead_created_at.astimezone(UTC),
    }


def commitment(salt: str, person: Mapping[str, Any]) -> str:
    """The salted hash of the personal data, which the chain holds in the person's place."""
    data = dumps(person, sort=True)
    return "sha256:" + hashlib.sha256(salt.encode() + b"\0" + data).hexdigest()


def personal(prospect: Prospect) -> dict[str, Any]:
    """A prospect as the API shows it."""
    company = prospect.company
    return {
        "name": prospect.name,
        "email": prospect.email,
        "phone": prospect.phone,
        "company": {"name": company.name, "domain": company.domain, "number": company.number},
        "region": prospect.region,
    }
