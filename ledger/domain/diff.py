"""Two versions of a terms document, clause by clause.

Owns which clauses changed and the sentence that says so; lists of criteria, reasons, regions and tiers are matched
by their own identity, not by their place. Refuses to weigh a change: it only tells what was and what is.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ledger.domain import prose, wording
from ledger.domain.definition import parse_definition
from ledger.domain.errors import Malformed
from ledger.domain.reading import escaped
from ledger.domain.terms import FactType, Outcome, Span, Unit

_IDENTITIES: Final = ("id", "code", "region", "from")
"""By which field the items of a list are known again."""
_EMPTY: Final[tuple[Any, ...]] = (None, [], {}, ())
_SHARES: Final = frozenset({"share", "return_cap", "rate"})
_NAMES: Final = {
    "name": "The name",
    "currency": "The currency",
    "time_zone": "The time zone",
    "calendar": "The calendar of business days",
    "effective_from": "The proposed beginning",
    "attendance.minimum_minutes": "The minimum time together, in minutes,",
    "attendance.wait": "The time to wait for the other side",
    "attendance.contact_attempts": "The number of contact attempts owed before a no-show",
    "attendance.present": "Who must be there",
    "attendance.proof_grades": "The grades of evidence that prove attendance",
    "reschedule.limit": "The number of reschedules",
    "reschedule.within": "The time within which to reschedule",
    "reschedule.counts_from": "The change of the start that counts as a reschedule",
    "rebooking.within": "The time to rebook after a no-show",
    "rebooking.limit": "The number of rebookings",
    "notice.late_within": "The notice for a cancellation by the buyer",
    "verification.window": "The buyer's time to state findings",
    "verification.anchor": "The instant from which the buyer's time runs",
    "verification.silence": "The meaning of the buyer's silence",
    "dispute.contest_window": "The supplier's time to contest",
    "dispute.reply_window": "The time to reply to a dispute",
    "dispute.decision_window": "The arbiter's time to decide",
    "dispute.no_reply": "The meaning of no reply",
    "dispute.not_reasons": "The list of reasons that do not count",
    "clawback.window": "The time to claim back",
    "clawback.return_cap": "The cap on returns",
    "duplicates.keys": "The keys by which duplicates are known",
    "duplicates.window": "The time for which a prospect is a duplicate",
    "duplicates.scope": "The scope of the duplicate rule",
    "intake.channels": "The list of channels",
    "intake.backdated_grace": "The grace for backdated submissions",
    "intake.submit_before": "The time before the start by which to submit",
    "intake.lead_age": "The age limit of a lead",
    "intake.suppressions": "The use of the suppression list",
    "price.minimum_per_month": "The minimum per month, in minor units,",
    "price.deposit": "The deposit",
    "payment.days": "The number of days to pay",
    "billing.mode": "The billing mode",
    "billing.acceptance_window": "The supplier's time to query a document",
}
_ITEMS: Final = {
    "criteria": "A {kind} criterion",
    "dispute.reasons": "A reason to contest",
    "clawback.reasons": "A reason to claim back",
    "intake.consent.regions": "A rule of consent",
}
"""What an item of a list is called."""
_FACTS: Final = {
    FactType.INTEGER: "a whole number",
    FactType.DECIMAL: "a number with decimals",
    FactType.BOOLEAN: "yes or no",
    FactType.STRING: "a text",
    FactType.CHOICE: "one of {any}",
    FactType.DATE: "a day",
}
"""What a fact is told by."""


@dataclass(frozen=True, slots=True)
class Change:
    """`clause` as the linter and refusals name it; `before` is None for what is new, `after` for what is gone.

    `pointer` leads to the value in the document that has it: the newer one, or the older where it is gone.
    """

    clause: str
    pointer: str
    before: Any
    after: Any
    sentence: str


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every change from one document to another, in the order of the newer one; nothing where they say the same."""
    changes = tuple(_objects(before, after, "", ""))
    if all(change.before is not None and change.after is not None for change in changes):
        return changes
    was, now = _items(before), _items(after)
    return tuple(_in_words(change, now if change.before is None else was) for change in changes)


def alone(before: Mapping[str, Any], after: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """The older document with this one change made; a mere change of order leaves it as it is."""
    made: dict[str, Any] = copy.deepcopy(dict(before))
    source: Any = before if change.after is None else after
    place: Any = made
    path: list[tuple[Any, Any]] = []
    for token in (token.replace("~1", "/").replace("~0", "~") for token in change.pointer.split("/")[1:]):
        key: Any = token
        source = source.get(token) if isinstance(source, Mapping) else source[int(token)]
        if isinstance(place, list):
            identity = _identity(source)
            key = next((at for at, item in enumerate(place) if _identity(item) == identity), len(place))
        path.append((place, key))
        known = key < len(place) if isinstance(place, list) else key in place
        place = place[key] if known else {}
    place, key = path[-1]
    if change.after is None:
        del place[key]
    elif source == change.after:
        if isinstance(place, list):
            place[key : key + 1] = [source]
        else:
            place[key] = source
    return made


def _items(document: Mapping[str, Any]) -> dict[str, str]:
    """What the text of a definition says of each item of its lists, by clause; nothing of any other document."""
    try:
        definition = parse_definition(document)
    except Malformed:
        return {}
    said = (sentence for _, sentences in prose.clauses(definition) for sentence in sentences)
    return {clause: text.removeprefix("- ").replace("`", "") for clause, text in said}


def _in_words(change: Change, items: Mapping[str, str]) -> Change:
    """The change, an item that is new or gone as a whole in the words that both sides sign."""
    what = items.get(change.clause)
    list_, _, _ = change.clause.rpartition(".")
    if what is None or list_ not in _ITEMS or (change.before is not None and change.after is not None):
        return change
    name = _ITEMS[list_].format(kind=(change.after or change.before).get("kind"))
    return replace(change, sentence=f"{name} is {'new' if change.before is None else 'gone'}: {what}")


def _objects(before: Mapping[str, Any], after: Mapping[str, Any], clause: str, pointer: str) -> Iterator[Change]:
    for key in (*after, *(key for key in before if key not in after)):
        inner = f"{clause}.{key}" if clause else key
        yield from _values(before.get(key), after.get(key), inner, f"{pointer}/{escaped(key)}")


def _values(before: Any, after: Any, clause: str, pointer: str) -> Iterator[Change]:
    if _same(before, after):
        return
    if _is_group(before, clause) and _is_group(after, clause):
        yield from _objects(before, after, clause, pointer)
    elif _is_table(before) and _is_table(after):
        yield from _tables(before, after, clause, pointer)
    else:
        yield Change(clause, pointer, before, after, _sentence(clause, before, after))


def _tables(before: Sequence[Any], after: Sequence[Any], clause: str, pointer: str) -> Iterator[Change]:
    old = {_identity(item): (item, index) for index, item in enumerate(before)}
    new = {_identity(item): (item, index) for index, item in enumerate(after)}
    for identity in (*new, *(identity for identity in old if identity not in new)):
        was, _ = old.get(identity, (None, 0))
        now, index = new.get(identity, (None, old.get(identity, (None, 0))[1]))
        yield from _values(was, now, f"{clause}.{identity}", f"{pointer}/{index}")
    kept_old = [identity for identity in old if identity in new]
    kept_new = [identity for identity in new if identity in old]
    if kept_old != kept_new:
        sentence = f"{_name(clause)} comes in another order: {wording.listed(str(i) for i in new)}."
        yield Change(clause, pointer, list(old), list(new), sentence)


def _same(before: Any, after: Any) -> bool:
    """JSON equality: true is not 1; null and an empty list or object say the same as a key left out."""
    if before in _EMPTY and after in _EMPTY:
        return True
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return all(_same(before.get(key), after.get(key)) for key in before.keys() | after.keys())
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        return len(before) == len(after) and all(_same(a, b) for a, b in zip(before, after, strict=True))
    return type(before) is type(after) and bool(before == after)


def _is_group(value: Any, clause: str) -> bool:
    """An object that is read field by field: a length of time is one value, a bonus called "days" is none."""
    return isinstance(value, Mapping) and (_span(value) is None or clause == "price.bonuses")


def _is_table(value: Any) -> bool:
    items = value if isinstance(value, list | tuple) else ()
    identities = [_identity(item) for item in items]
    known = isinstance(value, list | tuple) and None not in identities
    return known and len(set(identities)) == len(identities)


def _identity(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return None
    return next((item[key] for key in _IDENTITIES if key in item), None)


def _span(value: Any) -> Span | None:
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((unit, count),) = value.items()
    known = unit in Unit.__members__.values() and type(count) is int and count >= 0
    return Span(Unit(unit), count) if known else None


def _sentence(clause: str, before: Any, after: Any) -> str:
    name = _name(clause)
    if before is None:
        return f"{name} is new: {_said(clause, after)}."
    if after is None:
        return f"{name} is gone; it was {_said(clause, before)}."
    return f"{name} changes from {_said(clause, before)} to {_said(clause, after)}."


def _name(clause: str) -> str:
    if clause in _NAMES:
        return _NAMES[clause]
    section, _, rest = clause.partition(".")
    if section == "facts" and "." not in rest:
        return f"The fact “{rest}”"
    if section == "outcomes" and rest in Outcome.__members__.values():
        return f"The share for “{wording.OUTCOMES[Outcome(rest)].lower()}”"
    return f"“{clause}”"


def _said(clause: str, value: Any) -> str:
    """The value in words; shares as percentages, lengths of time with their unit."""
    span = _span(value)
    if span is not None:
        return wording.length(span)
    if type(value) is int and (clause.startswith("outcomes.") or clause.rpartition(".")[2] in _SHARES):
        return wording.percent(value)
    if isinstance(value, Mapping) and clause.startswith("facts.") and value.get("type") in _FACTS:
        return _FACTS[value["type"]].format(any=wording.listed(map(wording.value, value.get("choices", ())), "or"))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_said(f'{clause}.{key}', item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return wording.listed(_said(clause, item) for item in value)
    return "none" if value is None else wording.value(value)
