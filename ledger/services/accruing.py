"""What becomes owed: positions in the month's tiers, quotes, accruals and their entries.

Owns the one way in which an amount accrues: at the position that the agreement's month has next (or the one that the
appointment has already), by the pinned price schedule, posted in the same unit of work. What lowers an amount goes
through `holding.py`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from ledger.domain.calendar import Period
from ledger.domain.journal import AccrualKind, AccrualState, EntryKind
from ledger.domain.lifecycle import Appointment, CriterionFinding, Event, EventKind
from ledger.domain.pricing import Quote, Told, part_of, quote
from ledger.domain.terms import Outcome
from ledger.services.cases import Case
from ledger.services.contracts import Pinned
from ledger.services.posting import Postings
from ledger.store import tables as t
from ledger.store.prepared import Prepared
from ledger.store.types import new_id

RULINGS = frozenset({EventKind.FOUND, EventKind.DEEMED, EventKind.CANCELLED})
Criteria = Mapping[str, CriterionFinding]

_TAKEN = Prepared(
    select(t.month_position.c.taken).where(
        t.month_position.c.agreement_id == bindparam("agreement"), t.month_position.c.month == bindparam("month")
    )
)


class Accruals:
    """The accruals of one unit of work. `add` collects a row for a table; a preview posts nothing."""

    def __init__(
        self, connection: Connection, now: datetime, postings: Postings, add: Callable[..., None], *, preview: bool
    ) -> None:
        self._connection = connection
        self._now = now
        self._postings = postings
        self._add = add
        self._preview = preview
        self._positions: dict[tuple[UUID, int], tuple[int, int]] = {}
        self.newest: dict[UUID, tuple[datetime, int]] = {}
        """For each appointment the newest effective time of its accruals made here, with its month (YYYYMM)."""
        self.first_month: dict[UUID, int] = {}
        """The month (YYYYMM) of each appointment that was first given an amount here."""

    def price(self, case: Case, event: Event) -> Event:
        """The event with the money that it brings, if any; the accrual is posted."""
        owed = _owed(case.state, event)
        if owed is None:
            return event
        money = self.accrue(case, event, *owed)
        if money is None:
            return event
        return Event(event.kind, event.effective_at, event.actor, {**event.payload, "money": money})

    def quote(self, case: Case, criteria: Criteria, share: int, at: datetime) -> Quote:
        """What this share of the price comes to, at the appointment's position or the next one of the month."""
        position = case.state.position
        if position is None:
            month = Period.of(at, case.pinned.definition.time_zone).number
            position = self._next_position(case.pinned.agreement_id, month)
        return quote(case.pinned.agreement.price, criteria, share, position)

    def accrue(
        self, case: Case, event: Event, criteria: Criteria, share: int, outcome: Outcome | None
    ) -> dict[str, Any] | None:
        """Posts the difference to what has accrued, effective with the event; the money for its payload."""
        quoted = self.quote(case, criteria, share, event.effective_at)
        amount = quoted.amount - case.state.credited
        difference = amount - case.state.amount
        if difference == 0:
            return None
        assert difference > 0, "what lowers an amount goes through a dispute"
        month = Period.of(event.effective_at, case.pinned.definition.time_zone).number
        if case.state.position is None:
            self._take_position(case.pinned.agreement_id, month)
            self.first_month[case.id] = month
        self.made(case, event.effective_at, month)
        if not self._preview:
            self._post(case, event, quoted, _told(case, criteria, quoted, outcome, difference), month, difference)
        return {
            "position": quoted.position,
            "month": month,
            "price": quoted.price,
            "share": quoted.share,
            "amount": amount,
        }

    def made(self, case: Case, at: datetime, month: int) -> None:
        """Notes an accrual, so that a preview can tell the period of what is not in the books yet."""
        self.newest[case.id] = max((at, month), self.newest.get(case.id, (at, month)))

    def taken(self, agreement_id: UUID, month: int) -> int:
        """How many of the agreement's appointments were first given an amount in the month: each took a position."""
        return self._next_position(agreement_id, month) - 1

    def write_positions(self) -> None:
        """Writes how many positions of each month are taken now."""
        rows = [
            {"agreement_id": agreement_id, "month": month, "taken": taken}
            for (agreement_id, month), (stored, taken) in sorted(self._positions.items())
            if taken > stored
        ]
        if rows:
            dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
            statement = dialect.insert(t.month_position)
            self._connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["agreement_id", "month"], set_={"taken": statement.excluded.taken}
                ),
                rows,
            )
        self._positions = {key: (taken, taken) for key, (_, taken) in self._positions.items()}

    def _next_position(self, agreement_id: UUID, month: int) -> int:
        key = (agreement_id, month)
        if key not in self._positions:
            found = _TAKEN.first(self._connection, {"agreement": agreement_id, "month": month})
            taken = 0 if found is None else found.taken
            self._positions[key] = (taken, taken)
        return self._positions[key][1] + 1

    def _take_position(self, agreement_id: UUID, month: int) -> None:
        stored, taken = self._positions[agreement_id, month]
        self._positions[agreement_id, month] = (stored, taken + 1)

    def _post(
        self,
        case: Case,
        event: Event,
        quoted: Quote,
        told: Mapping[str, Any],
        month: int,
        amount: int,
    ) -> None:
        pinned, accrual_id = case.pinned, new_id()
        self._add(
            "accrual",
            id=accrual_id,
            buyer_id=pinned.buyer_id,
            supplier_id=pinned.supplier_id,
            agreement_id=pinned.agreement_id,
            appointment_id=case.id,
            kind=AccrualKind.OUTCOME.value,
            state=AccrualState.OPEN.value,
            effective_at=event.effective_at,
            recorded_at=self._now,
            month=month,
            position=quoted.position,
            reference=case.reference,
            service_at=case.state.slot.starts_at,
            definition=pinned.definition.slug,
            definition_version=pinned.definition_version,
            **told,
            amount=amount,
            currency=pinned.definition.currency,
            corrects_accrual_id=None,
        )
        self._postings.post(
            EntryKind.ACCRUAL,
            (pinned.supplier_id, pinned.buyer_id, pinned.definition.currency),
            (amount,),
            source_id=accrual_id,
            effective_at=event.effective_at,
            recorded_at=self._now,
            appointment_id=case.id,
        )


def wording(pinned: Pinned, criteria: Criteria, quoted: Quote, outcome: Outcome | None) -> dict[str, Any]:
    """What an accrual, and so its line, says of how it was priced."""
    confirmed = (c.label for c in pinned.definition.criteria if criteria.get(c.id) is CriterionFinding.CONFIRMED)
    return {
        "outcome": None if outcome is None else outcome.value,
        "confirmed": "\n".join(confirmed),
        "base": quoted.base,
        "bonus": quoted.bonus,
        "share": quoted.share,
    }


def bonus_labels(pinned: Pinned) -> set[str]:
    """The labels of the criteria that the agreement pays a bonus for."""
    return {each.label for each in pinned.definition.criteria if each.id in pinned.agreement.price.bonuses}


def _told(case: Case, criteria: Criteria, quoted: Quote, outcome: Outcome | None, amount: int) -> dict[str, Any]:
    """What an accrual of the amount says: of the whole price, or of what is added to what has accrued."""
    pinned, state = case.pinned, case.state
    told = wording(pinned, criteria, quoted, outcome)
    if amount == quoted.amount:
        return told
    before = quote(pinned.agreement.price, state.criteria, state.share or 0, quoted.position)
    left = Told.of(wording(pinned, state.criteria, before, state.outcome))
    return told | part_of(Told.of(told), amount, bonuses=bonus_labels(pinned), left=left).columns()


def _owed(state: Appointment, event: Event) -> tuple[dict[str, CriterionFinding], int, Outcome | None] | None:
    """What the event makes owed now: criteria, share and outcome; None where nothing accrues with it."""
    if event.kind in RULINGS:
        payload = event.payload
        if not payload["share"] or payload["rebooking_at"] is not None or "replaces" in payload:
            return None
        criteria = {name: CriterionFinding(value) for name, value in payload["criteria"].items()}
        return criteria, payload["share"], Outcome(payload["outcome"])
    if event.kind is EventKind.NO_SHOW_FINAL and state.share:
        return dict(state.criteria), state.share, state.outcome
    return None
