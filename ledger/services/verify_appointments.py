"""Checks of appointments: each row against its events, its terms, its accruals and the person behind it.

Owns one pass over all appointments and the checks that look at one of them whole. Whether an agreement's month has
all its positions is told at the end of the pass.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from ledger.domain.calendar import Period
from ledger.domain.decisions import RULE
from ledger.domain.disputes import claimed, open_dispute
from ledger.domain.journal import AccrualKind, AccrualState
from ledger.domain.lifecycle import Appointment, CriterionFinding, Event, EventKind, Verdict
from ledger.domain.money import share_of
from ledger.domain.pricing import base_price, bonus_price, quote
from ledger.services import cases, contracts
from ledger.services.cases import Case
from ledger.services.contracts import Pinned
from ledger.services.intake import commitment
from ledger.services.verify import UNREADABLE, Fault, Look, Sweep, explained
from ledger.services.verify_positions import Positions
from ledger.services.verify_wholes import PERSONAL, STRAY, Whole, wholes

REPLAY, DEADLINES, PRICES, AMOUNTS, MISSING, LINES, PERSONS, POSITIONS = (
    "appointments replay",
    "deadlines kept",
    "prices",
    "amounts",
    "accepted and accrued",
    "lines within the price",
    "prospects",
    "positions",
)
Told = Iterator[str]
AT_ITS_DEADLINE: Final = frozenset({EventKind.DEEMED, EventKind.NO_SHOW_FINAL, EventKind.DISPUTE_ESCALATED})
"""What happens by rule alone, at the very instant that it falls due."""
FOUND: Final = frozenset({Verdict.GIVEN, Verdict.DEEMED})
SETTLED: Final = FOUND | {Verdict.DECIDED}


def appointments(look: Look) -> Iterator[Fault]:
    """Every appointment by every check, then the positions of the months."""
    positions = Positions()
    for whole in wholes(look):
        if isinstance(whole, Fault):
            yield whole
            continue
        yield from _checked(look, whole, positions)
    for (agreement_id, month), what in positions.disagreements(look):
        yield Fault(POSITIONS, what, f"agreement {agreement_id} month {month}")


def _checked(look: Look, whole: Whole, positions: Positions) -> Iterator[Fault]:
    row = whole.row
    pin = (row.agreement_id, row.agreement_version, row.definition_id, row.definition_version)
    try:
        pinned = contracts.pinned(look.connection, *pin)
    except UNREADABLE as error:
        yield Fault(REPLAY, f"its pinned terms cannot be read: {explained(error)}", whole.where)
        return
    for name, check in CHECKS.items():
        try:
            for what in check(whole, pinned):
                yield Fault(name, what, whole.where)
        except UNREADABLE as error:
            yield Fault(name, f"cannot be read: {explained(error)}", whole.where)
    first = next((a for a in whole.accruals if a.kind == AccrualKind.OUTCOME), None)
    if first is not None and not positions.take((row.agreement_id, first.month), first.position or 0):
        yield Fault(POSITIONS, f"position {first.position} of month {first.month} is taken already", whole.where)


def replayed(whole: Whole, pinned: Pinned) -> Told:
    """The row is what the events lead to, and the events are numbered without gaps."""
    numbers = [event.number for event in whole.events]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the events are numbered {numbers}"
    moves = whole.moves
    if moves.state is None:
        yield str(moves.broken)
        return
    for name, value in _columns(whole, pinned, moves.state).items():
        found = getattr(whole.row, name)
        if found != value:
            yield f"{name} is {found}, the events lead to {value}"


def _columns(whole: Whole, pinned: Pinned, state: Appointment) -> dict[str, Any]:
    """What the row must hold."""
    return {
        **cases.changing(Case(whole.row.id, pinned, whole.row.reference, state, state.version)),
        "submitted_at": state.submitted_at,
        "claims": dict(state.claims),
        "buyer_id": pinned.buyer_id,
        "supplier_id": pinned.supplier_id,
        "currency": pinned.definition.currency,
    }


def deadlines(whole: Whole, pinned: Pinned) -> Told:
    """What was due happened at its instant, and before anything that somebody did then or later."""
    for number, (before, event) in enumerate(whole.moves.made, 1):
        due_at = None if before is None else before.next_due_at
        late = due_at is not None and event.effective_at >= due_at
        if late and (event.effective_at != due_at or event.actor != RULE):
            yield f"event {number} took effect at {event.effective_at}, although something was due at {due_at}"
        elif _at_its_deadline(event) and event.effective_at != due_at:
            yield f"event {number} ({event.kind}) took effect at {event.effective_at}, not at its deadline {due_at}"


def _at_its_deadline(event: Event) -> bool:
    if event.kind is EventKind.REPLACEMENT_ENDED:
        return not event.payload["kept"]
    return event.kind in AT_ITS_DEADLINE


def prices(whole: Whole, pinned: Pinned) -> Told:
    """Base, bonus and amount are what the pinned terms make of position, criteria and share."""
    yield from _row_price(whole, pinned)
    schedule, zone = pinned.agreement.price, pinned.definition.time_zone
    labels = {c.label: c.id for c in pinned.definition.criteria}
    told_apart = len(labels) == len(pinned.definition.criteria)
    for count, accrual in enumerate(whole.accruals):
        confirmed = {labels[label] for label in accrual.confirmed.split("\n") if label in labels}
        bonus = sum(amount for criterion, amount in schedule.bonuses.items() if criterion in confirmed)
        worth = share_of(accrual.base + accrual.bonus, accrual.share)
        month = Period.of(accrual.effective_at, zone).number
        is_part = count > 0 and abs(accrual.amount) == worth
        is_own_price = is_part and (accrual.base, accrual.bonus) == (worth, 0)
        without_base = is_part and accrual.base == 0
        facts = (
            ("position", accrual.position, whole.row.position, True),
            ("base", accrual.base, base_price(schedule, accrual.position), not (is_own_price or without_base)),
            ("bonus", accrual.bonus, bonus, told_apart and not is_own_price),
            ("month", accrual.month, month, True),
            ("amount", accrual.amount, worth, count == 0),
            ("amount", abs(accrual.amount), min(abs(accrual.amount), worth), True),
        )
        for name, found, expected, counts in facts:
            if counts and found != expected:
                yield f"accrual {accrual.id}: {name} is {found}, by the pinned terms {expected}"


def _row_price(whole: Whole, pinned: Pinned) -> Told:
    """The row's share, price and amount. What a replacement leaves is decided elsewhere, by what came of it."""
    row, schedule = whole.row, pinned.agreement.price
    if row.verdict not in SETTLED or row.rebooking_at is not None:
        return
    if row.verdict in FOUND and row.outcome is not None and row.share != pinned.definition.outcomes[row.outcome]:
        yield f"share is {row.share}, by the pinned terms {pinned.definition.outcomes[row.outcome]}"
    if row.position is None or row.replaces_id or any(event.payload.get("replacement_at") for event in whole.events):
        return
    price = base_price(schedule, row.position) + bonus_price(schedule, _criteria(row))
    moved = next((event.payload["money"] for event in reversed(whole.events) if event.payload.get("money")), None)
    if (row.verdict in FOUND or "price" in (moved or ())) and row.price != price:  # older decisions told none
        yield f"price is {row.price}, by the pinned terms {price}"
    worth = max(0, share_of(price, row.share or 0) - row.credited)
    if row.amount != worth:
        yield f"amount is {row.amount}, by the pinned terms and what was credited by hand {worth}"


def _criteria(row: Any) -> dict[str, Any]:
    return {name: CriterionFinding(value) for name, value in row.criteria.items()}


def amounts(whole: Whole, pinned: Pinned) -> Told:
    """The amount and what of it is held are what stands in accruals; held money has a dispute or a promise."""
    row = whole.row
    standing = sum(a.amount for a in whole.accruals if a.state != AccrualState.CLOSED)
    held = sum(a.amount for a in whole.accruals if a.state == AccrualState.HELD)
    if standing != row.amount:
        yield f"amount is {row.amount}, its accruals come to {standing}"
    if held != row.held:
        yield f"{row.held} is held, its held accruals come to {held}"
    if held and row.verdict != Verdict.CONTESTED and row.replacement_at is None:
        yield f"{held} is held without a dispute or a promised replacement"
    state = whole.moves.state
    if held and state is not None and state.disputed and held > (most := _disagreement(state, pinned)):
        yield f"{held} is held, the parties disagree on {most}"
    foreign = {a.agreement_id for a in whole.accruals} - {row.agreement_id}
    if foreign or any(a.currency != row.currency for a in whole.accruals):
        yield "an accrual is in another agreement or currency"


def _disagreement(state: Appointment, pinned: Pinned) -> int:
    """What has accrued above the worth of the open dispute's claim."""
    claim = claimed(pinned.definition, state, open_dispute(state))
    assert state.position is not None, "what is held has accrued at a position"
    worth = quote(pinned.agreement.price, claim.criteria, claim.share or 0, state.position).amount
    return state.amount - min(state.amount, max(0, worth - state.credited))


def missing(whole: Whole, pinned: Pinned) -> Told:
    """What was accepted with a share has accrued, unless it keeps a promise or its position's price can be nothing."""
    row, schedule = whole.row, pinned.agreement.price
    if whole.accruals or row.replaces_id or row.verdict not in SETTLED or not row.share or row.rebooking_at is not None:
        return
    bonus = bonus_price(schedule, _criteria(row))
    if all(share_of(tier.amount + bonus, row.share) for tier in schedule.tiers):
        yield f"accepted as {row.outcome} at a share of {row.share}, and nothing has accrued"


def lines(whole: Whole, pinned: Pinned) -> Told:
    """What its lines charge less what they give back stays within the highest price that it was given."""
    billed = sum(
        -a.line_amount if a.kind == AccrualKind.CREDIT else a.line_amount
        for a in whole.accruals
        if a.line_amount is not None
    )
    told = ((event.payload.get("money") or {}).get("price") or 0 for event in whole.events)
    price = max((whole.row.price or 0, *told))
    if not 0 <= billed <= price:
        yield f"its lines come to {billed}, its price is {price}"


def persons(whole: Whole, pinned: Pinned) -> Told:
    """The personal data is what the first event committed to, or was erased."""
    person = whole.prospect
    if person is None:
        yield "its prospect is not there"
    elif person.erased_at is not None:
        left = [name for name in (*PERSONAL, "salt") if getattr(person, name)]
        if left:
            yield f"the prospect was erased, and there is still {', '.join(left)}"
    elif whole.events:
        told = {name: getattr(person, name) for name in PERSONAL}
        if commitment(person.salt, told) != whole.events[0].payload.get("prospect"):
            yield "the prospect is not who was committed to when it was submitted"


CHECKS: Final[dict[str, Callable[[Whole, Pinned], Told]]] = {
    REPLAY: replayed,
    DEADLINES: deadlines,
    PRICES: prices,
    AMOUNTS: amounts,
    MISSING: missing,
    LINES: lines,
    PERSONS: persons,
}

SWEEPS = (Sweep((*CHECKS, POSITIONS, STRAY), appointments),)
