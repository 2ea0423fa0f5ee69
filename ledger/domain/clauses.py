"""The longer clauses of a definition document: facts, criteria, dispute, clawback and intake.

Owns how each is read strictly into its frozen value. A criterion's value must suit its operator and the type of its
fact; a pattern must run in linear time. A criterion on a fact that is not declared still reads: the linter names it.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import re2

from ledger.domain.facts import expectation, stored
from ledger.domain.reading import Fields, iso_date
from ledger.domain.terms import (
    Anchor,
    Caps,
    Clawback,
    Consent,
    ConsentRule,
    Criterion,
    CriterionKind,
    Dispute,
    Fact,
    FactType,
    FactValue,
    Intake,
    Missing,
    NoReply,
    Operator,
    Reason,
    Remedy,
    RemedyKind,
    Standard,
)

IDENTIFIER: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
"""Names of facts, criteria and reasons: they become columns, clauses and codes."""
_REGION: Final = r"[A-Z]{2}(-[A-Z0-9]{1,3})?"
_LONGEST_PATTERN: Final = 500
_WHOLE_SHARE: Final = 10_000
_ORDERED: Final = frozenset({FactType.INTEGER, FactType.DECIMAL, FactType.DATE})
_TEXTUAL: Final = frozenset({FactType.STRING, FactType.CHOICE})
_SUITED: Final = {
    Operator.AT_LEAST: _ORDERED,
    Operator.AT_MOST: _ORDERED,
    Operator.BETWEEN: _ORDERED,
    Operator.MATCHES: _TEXTUAL,
    Operator.WITHIN_REGION: _TEXTUAL,
}
"""The types of fact that an operator can read; the others read any."""

Value = FactValue | tuple[FactValue, ...] | None


def read_facts(fields: Fields) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for name in fields.names():
        if not re.fullmatch(IDENTIFIER, name):
            fields.fault(name, f"the name of a fact must match {IDENTIFIER}")
        fact = fields.fields(name)
        fact_type = fact.choice("type", FactType)
        choices: tuple[str, ...] = ()
        if fact_type is FactType.CHOICE:
            choices = fact.texts("choices")
            if not choices:
                fact.fault("choices", "must name at least one choice")
        elif fact.has("choices"):
            fact.fault("choices", f"a fact of type {fact_type} has no choices")
        facts[name] = Fact(fact_type, fact.optional_text("label") or name, choices)
        fact.close()
    return facts


def read_criteria(root: Fields, facts: Mapping[str, Fact]) -> tuple[Criterion, ...]:
    criteria: list[Criterion] = []
    taken: set[str] = set()
    for pointer, item in root.items("criteria"):
        fields = Fields(item, pointer, root.faults)
        criterion = _criterion(fields, facts)
        if criterion.id in taken:
            fields.fault("id", f"{criterion.id!r} is the id of another criterion too")
        taken.add(criterion.id)
        criteria.append(criterion)
        fields.close()
    return tuple(criteria)


def read_dispute(fields: Fields) -> Dispute:
    dispute = Dispute(
        contest_window=fields.span("contest_window"),
        reply_window=fields.span("reply_window"),
        decision_window=fields.optional_span("decision_window"),
        no_reply=fields.choice("no_reply", NoReply),
        reasons=_reasons(fields, remedies=False),
        not_reasons=fields.texts("not_reasons", optional=True),
    )
    fields.close()
    return dispute


def read_clawback(fields: Fields) -> Clawback:
    clawback = Clawback(
        window=fields.span("window"),
        anchor=fields.choice("anchor", Anchor, default=Anchor.SLOT_END),
        return_cap=fields.optional_integer("return_cap", 0, _WHOLE_SHARE),
        reasons=_reasons(fields, remedies=True),
    )
    fields.close()
    return clawback


def read_intake(fields: Fields) -> Intake:
    intake = Intake(
        channels=fields.texts("channels"),
        backdated_grace=fields.span("backdated_grace"),
        submit_before=fields.span("submit_before"),
        lead_age=fields.optional_span("lead_age"),
        consent=_consent(fields.fields("consent")),
        caps=_caps(fields.optional_fields("caps")),
        suppressions=fields.boolean("suppressions"),
    )
    fields.close()
    return intake


def _criterion(fields: Fields, facts: Mapping[str, Fact]) -> Criterion:
    identifier = fields.text("id", pattern=IDENTIFIER)
    name = fields.text("fact")
    operator = fields.choice("operator", Operator)
    fact = facts.get(name)
    if fact is not None and fact.type not in _SUITED.get(operator, (fact.type,)):
        fields.fault("operator", f"{operator} does not read a fact of type {fact.type}")
        fact = None
    return Criterion(
        id=identifier,
        label=fields.optional_text("label") or identifier,
        fact=name,
        operator=operator,
        value=_value(fields, operator, fact),
        kind=fields.choice("kind", CriterionKind),
        evidence=fields.choice("evidence", Standard),
        missing=fields.choice("missing", Missing),
    )


def _value(fields: Fields, operator: Operator, fact: Fact | None) -> Value:
    if operator is Operator.PRESENT:
        if fields.has("value"):
            fields.fault("value", "present takes no value")
        return None
    if not fields.has("value"):
        fields.fault("value", f"{operator} needs a value")
        return None
    if operator is Operator.MATCHES:
        return _pattern(fields)
    if operator is Operator.WITHIN_REGION:
        return _regions(fields)
    if operator is Operator.BETWEEN:
        return _bounds(fields, fact)
    if operator in (Operator.IN, Operator.NOT_IN):
        values = tuple(_scalar(fields, pointer, item, fact) for pointer, item in fields.items("value"))
        if not values:
            fields.fault("value", "must be a list of at least one value")
        return values
    value = _scalar(fields, fields.at("value"), fields.raw("value"), fact)
    if operator in _SUITED and fact is None and not _is_comparable(value):
        fields.fault("value", f"{operator} compares numbers and dates")
    return value


def _scalar(fields: Fields, pointer: str, value: object, fact: Fact | None) -> FactValue:
    if not isinstance(value, bool | int | str):
        fields.faults.add(pointer, "must be a string, a whole number or true or false")
        return ""
    if fact is None:
        return value
    found = stored(fact.type, value)
    if found is None:
        fields.faults.add(pointer, expectation(Fact(fact.type, fact.label)))
        return value
    return found


def _bounds(fields: Fields, fact: Fact | None) -> Value:
    before = len(fields.faults.errors)
    bounds = tuple(_scalar(fields, pointer, item, fact) for pointer, item in fields.items("value"))
    if len(fields.faults.errors) > before:
        return bounds
    if len(bounds) != 2 or not all(_is_comparable(bound) for bound in bounds):
        fields.fault("value", "must be a list of two numbers or dates, the lower first")
        return bounds
    low, high = (_comparable(bound) for bound in bounds)
    if type(low) is not type(high) or low > high:  # type: ignore[operator]
        fields.fault("value", "must begin with the lower bound")
    return bounds


def _regions(fields: Fields) -> Value:
    value = fields.raw("value")
    regions = (value,) if isinstance(value, str) else fields.texts("value")
    if not regions and not isinstance(value, str):
        fields.fault("value", "must name at least one region")
    if any(not re.fullmatch(_REGION, region) for region in regions):
        fields.fault("value", "must name ISO 3166 regions such as GB or GB-KEN")
    return regions


def _pattern(fields: Fields) -> str:
    """RE2 refuses what could run for longer than linear time: back references and look-around."""
    pattern = fields.text("value", longest=_LONGEST_PATTERN)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as fault:
        fields.fault("value", f"is not a pattern that runs in linear time: {fault}")
    return pattern


def _is_comparable(value: FactValue) -> bool:
    return (
        type(value) is int
        or (isinstance(value, str) and stored(FactType.DECIMAL, value) is not None)
        or (isinstance(value, str) and iso_date(value) is not None)
    )


def _comparable(value: FactValue) -> object:
    day = iso_date(value) if isinstance(value, str) else None
    return day or Decimal(value)


def _reasons(fields: Fields, *, remedies: bool) -> tuple[Reason, ...]:
    reasons: list[Reason] = []
    taken: set[str] = set()
    for pointer, item in fields.items("reasons"):
        reason = Fields(item, pointer, fields.faults)
        code = reason.text("code", pattern=IDENTIFIER)
        if code in taken:
            reason.fault("code", f"{code!r} is the code of another reason too")
        taken.add(code)
        reasons.append(
            Reason(
                code=code,
                label=reason.optional_text("label") or code,
                evidence=reason.choice("evidence", Standard),
                remedy=_remedy(reason.fields("remedy")) if remedies else None,
            )
        )
        reason.close()
    return tuple(reasons)


def _remedy(fields: Fields) -> Remedy:
    kind = fields.choice("kind", RemedyKind)
    if kind is RemedyKind.PARTIAL:
        remedy = Remedy(kind, share=fields.integer("share", 0, _WHOLE_SHARE))
    elif kind is RemedyKind.REPLACEMENT:
        remedy = Remedy(kind, expires=fields.span("expires"))
    else:
        remedy = Remedy(kind)
    for key in ("share", "expires"):
        if fields.has(key) and getattr(remedy, key) is None:
            fields.fault(key, f"a {kind} has none")
    fields.close()
    return remedy


def _consent(fields: Fields) -> Consent:
    general = _consent_rule(fields, None)
    rules: list[ConsentRule] = []
    if fields.has("regions"):
        for pointer, item in fields.items("regions"):
            regional = Fields(item, pointer, fields.faults)
            region = regional.text("region", pattern=_REGION)
            if any(rule.region == region for rule in rules):
                regional.fault("region", f"{region!r} has a rule already")
            rules.append(_consent_rule(regional, region))
            regional.close()
    fields.close()
    return Consent(general, tuple(rules))


def _consent_rule(fields: Fields, region: str | None) -> ConsentRule:
    return ConsentRule(
        region=region,
        required=fields.boolean("required"),
        bases=fields.texts("bases", optional=True),
        max_age=fields.optional_span("max_age"),
    )


def _caps(fields: Fields | None) -> Caps:
    if fields is None:
        return Caps(None, None, None)
    caps = Caps(
        day=fields.optional_integer("day", 0, 1_000_000),
        week=fields.optional_integer("week", 0, 1_000_000),
        month=fields.optional_integer("month", 0, 1_000_000),
    )
    fields.close()
    return caps
