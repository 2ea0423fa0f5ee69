"""Who is known already: the contacts that earlier submissions hold, and what a new one of the same person meets.

Owns the look into the books behind the duplicate rule (rulebook, section 2): first valid wins, a submission that was
cancelled or ended as a final no-show worth nothing no longer blocks. The same prospect submitted anew by his own
supplier while his no-show can be rebooked is that rebooking, not a second appointment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select, update

from ledger.domain.calendar import deadline
from ledger.domain.decisions import can_be_rebooked
from ledger.domain.lifecycle import Appointment, Schedule, Slot, Verdict
from ledger.domain.terms import ContactKind, Definition, DuplicateScope, Outcome
from ledger.services import cases
from ledger.services.cases import IN_CHUNKS, Case
from ledger.services.contracts import Pinned
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.prepared import Prepared, among, texts

Digests = dict[ContactKind, str]

NO_SHOWS = frozenset({Outcome.PROSPECT_NO_SHOW, Outcome.BUYER_NO_SHOW, Outcome.BOTH_ABSENT})
"""Outcomes after which nobody has met the prospect."""


def _claims_query() -> Select[Any]:
    key, appointment = t.contact_key.c, t.appointment.c
    return (
        select(
            key.digest,
            key.appointment_id,
            key.definition_id,
            key.supplier_id,
            key.submitted_at,
            key.scope,
            key.blocks,
            appointment.schedule,
            appointment.outcome,
            appointment.verdict,
            appointment.amount,
            appointment.rebooking_at,
            appointment.agreement_id,
            appointment.next_due_at,
        )
        .join(t.appointment, appointment.id == key.appointment_id)
        .where(key.buyer_id == bindparam("buyer"), among(key.digest, texts("digests")))
    )


CLAIMS = Prepared(_claims_query())
"""Who holds any of these `digests` with the `buyer`."""


@dataclass(slots=True)
class _Claim:
    """Who holds a contact: an earlier appointment, with what tells whether it still stands in the way."""

    appointment_id: UUID
    definition_id: UUID
    supplier_id: UUID
    submitted_at: datetime
    scope: str
    blocks: bool
    ended: bool
    agreement_id: UUID
    next_due_at: datetime | None = None
    can_be_rebooked: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What a submission meets: the kinds of contact that stand in its way, or the chain that it rebooks."""

    kinds: tuple[ContactKind, ...] = ()
    chain: Case | None = None


NOBODY = Known()


@dataclass(slots=True)
class Contacts:
    """The contacts that are held, as far as a unit of work has read them."""

    desk: Desk
    _claims: dict[UUID, dict[str, dict[UUID, _Claim]]] = field(default_factory=dict)
    """By buyer and digest."""

    def learn(self, buyer_id: UUID, rows: Iterable[Any]) -> None:
        """Takes note of what `CLAIMS` has found."""
        held = self._claims.setdefault(buyer_id, {})
        for row in rows:
            claim = _Claim(
                row.appointment_id,
                row.definition_id,
                row.supplier_id,
                row.submitted_at,
                row.scope,
                row.blocks,
                has_ended(row),
                row.agreement_id,
                row.next_due_at,
                row.rebooking_at is not None,
            )
            held.setdefault(row.digest, {}).setdefault(claim.appointment_id, claim)

    def settle(self, at: datetime, until: datetime) -> None:
        """Settles what was read and has fallen due by `at`, and takes in hand what can be rebooked."""
        wanted = {
            claim.appointment_id: claim.agreement_id
            for held in self._claims.values()
            for claims in held.values()
            for claim in claims.values()
            if claim.can_be_rebooked or (claim.next_due_at is not None and claim.next_due_at <= until)
        }
        agreements = sorted(set(wanted.values()))
        self.desk.lock(agreements)
        self.desk.fetch_due(until, agreements)
        # Whoever held the lock may have settled them in the meantime: what was read before it is stale.
        self.desk.take(cases.load_many(self.desk.connection, wanted.keys() - self.desk.cases.keys()))
        if agreements:
            self.desk.settle(at)

    def meet(self, pinned: Pinned, slot: Slot, digests: Digests, at: datetime) -> Known:
        """What a submission of somebody with these contacts meets at `at`."""
        taken = self._claims.get(pinned.buyer_id, {})
        if taken.keys().isdisjoint(digests.values()):
            return NOBODY
        definition = pinned.definition
        held = {
            kind: self._held(pinned, taken.get(digests[kind], {}), at)
            for kind in definition.duplicates.keys
            if kind in digests
        }
        every = {claim.appointment_id: claim for claims in held.values() for claim in claims}
        chain = self._chain(pinned, slot, every.values(), at)
        kinds = tuple(
            kind
            for kind, claims in held.items()
            if any(
                self._blocks(definition, claim, at)
                for claim in claims
                if chain is None or claim.appointment_id != chain.id
            )
        )
        return Known(kinds, None if kinds else chain)

    def take(self, case: Case, digests: Digests, at: datetime) -> None:
        """Takes the contacts for the new appointment; whoever held them in the same place lets go of them."""
        if not digests:
            return
        pinned = case.pinned
        scope, keys = _scope(pinned), pinned.definition.duplicates.keys
        held = self._claims.setdefault(pinned.buyer_id, {})
        for kind, value in digests.items():
            blocks = kind in keys
            claims = held.setdefault(value, {})
            if blocks and claims:
                before = [claim for claim in claims.values() if claim.blocks and claim.scope == scope]
                blocks = not any(self._came_later(claim, at) for claim in before)
                self._let_go(before if blocks else [], kind)
            held_by = pinned.definition_id, pinned.supplier_id, at, scope, blocks
            claims[case.id] = _Claim(case.id, *held_by, ended=False, agreement_id=pinned.agreement_id)
            self.desk.add(
                "contact_key",
                appointment_id=case.id,
                kind=kind.value,
                buyer_id=pinned.buyer_id,
                supplier_id=pinned.supplier_id,
                definition_id=pinned.definition_id,
                digest=value,
                scope=scope,
                blocks=blocks,
                submitted_at=at,
            )

    def _held(self, pinned: Pinned, claims: Mapping[UUID, _Claim], at: datetime) -> list[_Claim]:
        """Who of those that hold a contact holds it in the same place and is not out of the way."""
        return [
            claim
            for claim in claims.values()
            if not self._came_later(claim, at)
            and _same_place(pinned.definition, pinned, claim)
            and not self._ended(claim)
        ]

    def _ended(self, claim: _Claim) -> bool:
        case = self.desk.cases.get(claim.appointment_id)
        return claim.ended if case is None else has_ended(case.state)

    def _blocks(self, definition: Definition, claim: _Claim, at: datetime) -> bool:
        window = definition.duplicates.window
        return at < deadline(claim.submitted_at, window, definition.time_zone, definition.calendar)

    def _chain(self, pinned: Pinned, slot: Slot, claims: Iterable[_Claim], at: datetime) -> Case | None:
        """The no-show that the submission rebooks, if there is exactly one; however long ago it was submitted."""
        found: Sequence[Case] = [
            case
            for claim in claims
            if claim.agreement_id == pinned.agreement_id
            and (case := self.desk.cases.get(claim.appointment_id)) is not None
            and can_be_rebooked(case.state, slot, at)
        ]
        return found[0] if len(found) == 1 else None

    def _came_later(self, claim: _Claim, at: datetime) -> bool:
        """An older history may come in after what followed it. A submission of now comes after all that it finds in
        the books, even if a clock that was ahead wrote it."""
        return at < self.desk.now and claim.submitted_at > at

    def _let_go(self, claims: list[_Claim], kind: ContactKind) -> None:
        pending = self.desk.rows.get("contact_key", [])
        for claim in claims:
            claim.blocks = False
            for row in pending:
                if row["appointment_id"] == claim.appointment_id and row["kind"] == kind.value:
                    row["blocks"] = False
            self.desk.connection.execute(
                update(t.contact_key)
                .where(t.contact_key.c.appointment_id == claim.appointment_id, t.contact_key.c.kind == kind.value)
                .values(blocks=False)
            )


def has_ended(earlier: Appointment | Any) -> bool:
    """Whether an earlier appointment, or its row, is out of the way: cancelled, or a final no-show worth nothing."""
    if earlier.schedule == Schedule.CANCELLED:
        return True
    return (
        earlier.outcome in NO_SHOWS
        and earlier.amount == 0
        and earlier.rebooking_at is None
        and earlier.verdict != Verdict.CONTESTED
    )


def _same_place(definition: Definition, pinned: Pinned, claim: _Claim) -> bool:
    scope = definition.duplicates.scope
    if scope is DuplicateScope.DEFINITION:
        return claim.definition_id == pinned.definition_id
    return scope is DuplicateScope.BUYER or claim.supplier_id == pinned.supplier_id


def _scope(pinned: Pinned) -> str:
    """What the definition counts as the same place, as the text under the unique index."""
    scope = pinned.definition.duplicates.scope
    owner = {
        DuplicateScope.DEFINITION: pinned.definition_id.hex,
        DuplicateScope.BUYER: pinned.buyer_id.hex,
        DuplicateScope.SUPPLIER: f"{pinned.buyer_id.hex}:{pinned.supplier_id.hex}",
    }[scope]
    return f"{scope.value}:{owner}"


def chunks(values: list[str]) -> Iterable[list[str]]:
    """As many at a time as one statement names."""
    for start in range(0, len(values), IN_CHUNKS):
        yield values[start : start + IN_CHUNKS]
