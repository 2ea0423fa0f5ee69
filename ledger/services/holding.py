"""What a dispute does to an appointment's money: holding, releasing, reversing, crediting, accruing the difference.

Owns the splitting of accruals (rulebook, section 5): held money is not invoiced, each released part is an accrual of
its own, effective at the decision, and what was invoiced stays until a decision makes a credit. Works on the rows of
one appointment, inside the desk's transaction, after the desk was flushed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select, update

from ledger.domain.calendar import Period
from ledger.domain.disputes import claimed, held_amount
from ledger.domain.journal import AccrualKind, AccrualState, EntryKind
from ledger.domain.lifecycle import CriterionFinding, Event, EventKind
from ledger.domain.pricing import Told, part_of
from ledger.domain.terms import Outcome
from ledger.services.accruing import Accruals, bonus_labels, wording
from ledger.services.cases import Case
from ledger.services.posting import Postings
from ledger.store import tables as t
from ledger.store.lookups import line_of_accrual
from ledger.store.types import new_id

DISPUTED = frozenset(
    {
        EventKind.DISPUTE_OPENED,
        EventKind.DISPUTE_DECIDED,
        EventKind.DISPUTE_WITHDRAWN,
        EventKind.REPLACEMENT_ENDED,
        EventKind.REPLACEMENT_REVIVED,
    }
)
"""The moves whose money is decided here."""


@dataclass(frozen=True, slots=True)
class Books:
    """What a unit of work lends: its connection, its postings and accruals, and how to write."""

    connection: Connection
    now: datetime
    postings: Postings
    accruals: Accruals
    add: Callable[..., None]
    flush: Callable[[], None]
    preview: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One accrual of the appointment that stands; `left` is what credits have not taken of an invoiced one."""

    row: Mapping[str, Any]
    invoiced: bool
    left: int


class Decided(NamedTuple):
    """What a decision found, as far as it is worth money."""

    criteria: Mapping[str, CriterionFinding]
    share: int | None
    outcome: Outcome | None


class Holding:
    """The money of one disputed appointment."""

    def __init__(self, books: Books, case: Case) -> None:
        if not books.preview:
            books.flush()
        self._books = books
        self._case = case
        self._parts = self._read()

    def move(self, event: Event) -> Event:
        """The event with what it does to the money, which is done."""
        if event.kind is EventKind.DISPUTE_OPENED:
            return event if event.payload["claim"] is None else self._hold(event)
        if event.kind is EventKind.DISPUTE_WITHDRAWN:
            return self._settle(event, self._case.state.amount, None)
        if event.kind is EventKind.REPLACEMENT_REVIVED:
            return self._hold_above(event, self._clawed_back_to(event))
        return self._resolve(event)

    def _read(self) -> list[Part]:
        accrual = t.accrual.c
        query = (
            select(t.accrual, t.document_line.c.number.label("line"))
            .outerjoin(t.document_line, line_of_accrual())
            .where(accrual.appointment_id == self._case.id, accrual.state != AccrualState.CLOSED.value)
            .order_by(accrual.effective_at.desc(), accrual.id.desc())
        )
        rows = [dict(row) for row in self._books.connection.execute(query).mappings()]
        credited: dict[UUID, int] = {}
        for row in rows:
            if row["corrects_accrual_id"] is not None:
                original = row["corrects_accrual_id"]
                credited[original] = credited.get(original, 0) - row["amount"]
        return [
            Part(row, row["line"] is not None, row["amount"] - credited.get(row["id"], 0))
            for row in rows
            if row["amount"] > 0
        ]

    def _hold(self, event: Event) -> Event:
        """Holds what the parties disagree on, as far as it is not invoiced."""
        claim = claimed(self._case.pinned.definition, self._case.state, event.payload)
        return self._hold_above(event, self._worth(claim.criteria, claim.share, event))

    def _hold_above(self, event: Event, claim: int) -> Event:
        waiting = [p for p in self._parts if not p.invoiced and p.row["state"] == AccrualState.OPEN.value]
        amount = held_amount(self._case.state.amount, claim, sum(p.row["amount"] for p in waiting))
        if amount:
            self._move_parts(waiting, amount, event.effective_at)
            self._post(EntryKind.HOLD, amount, event)
        return _with_money(event, {"held": amount})

    def _worth(self, criteria: Mapping[str, CriterionFinding], share: int | None, event: Event) -> int:
        """What stands for these findings after what finance gave back by hand, which no decision takes back."""
        worth = self._books.accruals.quote(self._case, criteria, share or 0, event.effective_at).amount
        return max(0, worth - self._case.state.credited)

    def _resolve(self, event: Event) -> Event:
        """Moves the amount to what the decision's findings and share are worth; a promise keeps it as it is.

        What keeps a promise is worth nothing, and stays so unless the decision says that it does not keep it.
        """
        payload, state = event.payload, self._case.state
        if payload.get("replacement_at") is not None:
            return event
        if event.kind is EventKind.REPLACEMENT_ENDED:
            if payload["kept"]:
                return self._settle(event, state.amount, None)
            return self._settle(event, self._clawed_back_to(event), Decided(state.criteria, state.share, state.outcome))
        if "replaces" in payload or (state.replaces_id is not None and not payload["revives"]):
            return self._settle(event, 0, None)
        if payload["rebooking_at"] is not None:  # the no-show stands and may still be rebooked: nothing accrues yet
            return self._settle(event, state.amount, None)
        criteria = {name: CriterionFinding(value) for name, value in payload["criteria"].items()}
        outcome = None if payload["outcome"] is None else Outcome(payload["outcome"])
        decided = Decided(criteria, payload["share"], outcome)
        return self._settle(event, self._worth(criteria, decided.share, event), decided)

    def _clawed_back_to(self, event: Event) -> int:
        """What is left once the upheld clawback takes effect after all."""
        state = self._case.state
        return min(self._worth(state.criteria, state.share, event), state.amount)

    def _settle(self, event: Event, target: int, decided: Decided | None) -> Event:
        """Releases, reverses and credits until `target` is left; what is above the amount so far accrues.

        What `decided` leaves to be invoiced says so on its line: the price, the share and what was confirmed.
        """
        state = self._case.state
        money: dict[str, Any] = {"held": 0, "amount": min(target, state.amount)}
        told: dict[str, Any] = {}
        if decided is not None and state.position is not None:
            quoted = self._books.accruals.quote(self._case, decided.criteria, decided.share or 0, event.effective_at)
            money |= {"position": quoted.position, "price": quoted.price, "share": quoted.share}
            if target < state.amount:
                told = wording(self._case.pinned, decided.criteria, quoted, decided.outcome)
        held = [p for p in self._parts if p.row["state"] == AccrualState.HELD.value]
        total_held = sum(p.row["amount"] for p in held)
        excess = max(0, state.amount - target)
        reversed_ = min(total_held, excess)
        released = total_held - reversed_
        for part in held:
            self._set_state(part.row["id"], AccrualState.CLOSED)
        if released:
            row = self._part({**held[0].row, **told}, released)
            self._insert(row, AccrualKind.RELEASED, AccrualState.OPEN, released, event.effective_at)
            self._post(EntryKind.RELEASE, released, event)
        if reversed_:
            self._post(EntryKind.REVERSAL, reversed_, event)
        self._reduce(excess - reversed_, told, event)
        if target > state.amount and decided is not None:
            accrued = self._books.accruals.accrue(
                self._case, event, decided.criteria, decided.share or 0, decided.outcome
            )
            money = {"held": 0, **(accrued or {})}
        return _with_money(event, money)

    def _reduce(self, excess: int, told: Mapping[str, Any], event: Event) -> None:
        """Takes from what is not invoiced first, then credits what is, the newest first.

        What is left of the first is told anew by `told`, where that says anything else.
        """
        waiting = [p for p in self._parts if not p.invoiced and p.row["state"] == AccrualState.OPEN.value]
        for part in waiting:
            taken = min(excess, part.row["amount"])
            rest = self._part({**part.row, **told}, part.row["amount"] - taken)
            if not taken and rest == part.row:
                continue
            self._set_state(part.row["id"], AccrualState.CLOSED)
            if rest["amount"]:
                self._insert(rest, AccrualKind.RELEASED, AccrualState.OPEN, rest["amount"], rest["effective_at"])
            if taken:
                self._post(EntryKind.REDUCTION, taken, event, source_id=part.row["id"])
            excess -= taken
        for part in self._parts:
            taken = min(excess, part.left) if part.invoiced else 0
            if taken:
                given = self._part(part.row, taken, Told.of(told) if told else None)
                credit_id = self._insert(
                    given, AccrualKind.CREDIT, AccrualState.OPEN, -taken, event.effective_at, part.row["id"]
                )
                self._post(EntryKind.REDUCTION, taken, event, source_id=credit_id)
                excess -= taken

    def _move_parts(self, parts: list[Part], amount: int, at: datetime) -> None:
        """Holds `amount` of what waits, splitting an accrual where it is larger."""
        for part in parts:
            taken = min(amount, part.row["amount"])
            amount -= taken
            if not taken:
                return
            if taken == part.row["amount"]:
                self._set_state(part.row["id"], AccrualState.HELD)
                continue
            self._set_state(part.row["id"], AccrualState.CLOSED)
            rest, held = self._part(part.row, part.row["amount"] - taken), self._part(part.row, taken)
            self._insert(rest, AccrualKind.RELEASED, AccrualState.OPEN, rest["amount"], part.row["effective_at"])
            self._insert(held, AccrualKind.RELEASED, AccrualState.HELD, taken, at)

    def _part(self, row: Mapping[str, Any], amount: int, left: Told | None = None) -> dict[str, Any]:
        """The row for a part of its amount, with what that tells of its price."""
        told = part_of(Told.of(row), amount, bonuses=bonus_labels(self._case.pinned), left=left)
        return {**row, **told.columns(), "amount": amount}

    def _set_state(self, accrual_id: UUID, state: AccrualState) -> None:
        if self._books.preview:
            return
        self._books.connection.execute(update(t.accrual).where(t.accrual.c.id == accrual_id).values(state=state.value))

    def _insert(
        self,
        row: Mapping[str, Any],
        kind: AccrualKind,
        state: AccrualState,
        amount: int,
        at: datetime,
        corrects: UUID | None = None,
    ) -> UUID:
        accrual_id = new_id()
        month = Period.of(at, self._case.pinned.definition.time_zone).number
        self._books.accruals.made(self._case, at, month)
        if self._books.preview:
            return accrual_id
        copied = {name: value for name, value in row.items() if name != "line"}
        self._books.add(
            "accrual",
            **{
                **copied,
                "id": accrual_id,
                "kind": kind.value,
                "state": state.value,
                "amount": amount,
                "effective_at": at,
                "recorded_at": self._books.now,
                "month": month,
                "corrects_accrual_id": corrects,
            },
        )
        return accrual_id

    def _post(self, kind: EntryKind, amount: int, event: Event, *, source_id: UUID | None = None) -> None:
        if self._books.preview:
            return
        pinned = self._case.pinned
        self._books.postings.post(
            kind,
            (pinned.supplier_id, pinned.buyer_id, pinned.definition.currency),
            (amount,),
            source_id=source_id or UUID(event.payload["dispute"]),
            effective_at=event.effective_at,
            recorded_at=self._books.now,
            appointment_id=self._case.id,
        )


def _with_money(event: Event, money: Mapping[str, Any]) -> Event:
    return Event(event.kind, event.effective_at, event.actor, {**event.payload, "money": dict(money)})
