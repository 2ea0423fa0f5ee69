"""From the fields of a form to a terms document and back, so that nobody edits JSON.

Owns how each kind of field reads: what cannot be read stays as it was typed, so that the domain names it as the fault
that it is, and the form shows it again. Refuses nothing itself.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from api.web.amounts import misread_amount, misread_percent, read_amount
from api.web.terms_fields import PARTS, UNITS, Field, Kind, Part, Rows
from ledger.domain.calendar import format_instant, from_local, is_zone, parse_instant
from ledger.domain.errors import FieldError
from ledger.domain.money import format_plain
from ledger.domain.terms import FactType, Operator

Form = MultiDict[str, str]
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}")
_PERCENT: Final = re.compile(r"([0-9]{1,5})(?:[.,]([0-9]{1,2}))?")
_LISTS: Final = frozenset({Operator.IN, Operator.NOT_IN, Operator.BETWEEN, Operator.WITHIN_REGION})
_TRUTH: Final = {"yes": True, "true": True, "no": False, "false": False}
_MOST_ROWS: Final = 200
Parts = Sequence[Part]


def document_of(form: Form, parts: Parts = PARTS, zone: str | None = None) -> dict[str, Any]:
    """The document that the form says. Its times are of the `zone`, or of the one that it names itself."""
    document: dict[str, Any] = {}
    for part in parts:
        for each in part.fields:
            if isinstance(each, Rows):
                _put(document, each.path, _rows(form, each, document))
            elif each.kind is Kind.INSTANT:
                _put(
                    document,
                    each.path,
                    _instant(form.get(each.path, "").strip(), zone or document.get("time_zone", "")),
                )
            else:
                _set(document, each, _read(form, each.path, each, document))
    return document


def with_row(form: Form, path: str, parts: Parts = PARTS) -> Form:
    """The form with one more row of the list."""
    rows = next((r for part in parts for r in part.fields if isinstance(r, Rows) and r.path == path), None)
    found = form.copy()
    if rows is not None:
        number = max(_numbers(form, path), default=-1) + 1
        found[f"{path}.{number}.{rows.fields[0].path}"] = ""
    return found


def without_row(form: Form, place: str) -> Form:
    """The form without the row at `criteria.2`."""
    return MultiDict([(name, value) for name, value in form.items(multi=True) if not name.startswith(f"{place}.")])


def parts_of(
    document: Mapping[str, Any], faults: Iterable[FieldError] = (), parts: Parts = PARTS, zone: str = ""
) -> list[dict[str, Any]]:
    """The form filled in: parts, fields and rows, each with its name, its value and its fault."""
    shown: list[dict[str, Any]] = [
        {"title": part.title, "about": part.about, "fields": [_shown(document, each, "", zone) for each in part.fields]}
        for part in parts
    ]
    names = _by_name(shown)
    for fault in faults:
        _place(names, _name_of(document, fault.pointer), fault.detail)
    return shown


def in_words(document: Mapping[str, Any], faults: Iterable[FieldError], parts: Parts = PARTS) -> tuple[FieldError, ...]:
    """The faults, of which those of an amount or a percentage say how one is typed, not how one is kept."""
    names = _by_name(parts_of(document, (), parts))
    told = []
    for fault in faults:
        field = names.get(_name_of(document, fault.pointer), {})
        if field.get("kind") == Kind.MONEY and read_amount(field["value"], field["unit"]) is None:
            told.append(FieldError(fault.pointer, misread_amount(field["value"], field["unit"])))
        elif field.get("kind") == Kind.PERCENT and not _PERCENT.fullmatch(field["value"]):
            told.append(FieldError(fault.pointer, misread_percent()))
        else:
            told.append(fault)
    return tuple(told)


def _by_name(shown: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    fields: list[dict[str, Any]] = [each for part in shown for each in part["fields"]]
    in_rows = [each for field in fields for row in field.get("rows", ()) for each in row["fields"]]
    return {each["name"]: each for each in (*fields, *in_rows)}


def _place(names: Mapping[str, dict[str, Any]], name: str, detail: str) -> None:
    """Beside the narrowest field that holds it; what belongs to none is told by the list beside the form."""
    while name and name not in names:
        name = name.rpartition(".")[0]
    if name:
        names[name].setdefault("fault", detail)


def _name_of(document: Mapping[str, Any], pointer: str) -> str:
    """The field of a JSON pointer; a fact is known by its place in the form."""
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    facts = list(document.get("facts") or {})
    if len(tokens) > 1 and tokens[0] == "facts" and tokens[1] in facts:
        tokens[1] = str(facts.index(tokens[1]))
    return ".".join(tokens)


def _rows(form: Form, rows: Rows, document: Mapping[str, Any]) -> Any:
    found: list[dict[str, Any]] = []
    for number in _numbers(form, rows.path):
        row: dict[str, Any] = {}
        for each in rows.fields:
            _set(row, each, _read(form, f"{rows.path}.{number}.{each.path}", each, document, row))
        found.append(row)
    if rows.key is None:
        return found
    named: dict[str, dict[str, Any]] = {}
    for row in found:
        name = str(row.pop(rows.key))
        while name in named:
            name += " again"  # no name of a fact has a space: the fault says so, and nothing is lost
        named[name] = row
    return named


def _numbers(form: Form, path: str) -> list[int]:
    """The places of the list that the form has, in order."""
    found = (re.match(rf"{re.escape(path)}\.([0-9]{{1,4}})\.", name) for name in form)
    return sorted({int(match.group(1)) for match in found if match})[:_MOST_ROWS]


def _set(document: dict[str, Any], field: Field, value: Any) -> None:
    if value is None and (field.kind in (Kind.PERCENT, Kind.MONEY) or field.path in ("label", "choices")):
        return
    _put(document, field.path, value)


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for name in way:
        document = document.setdefault(name, {})
    document[last] = value


def _read(
    form: Form, name: str, field: Field, document: Mapping[str, Any], row: Mapping[str, Any] | None = None
) -> Any:
    text = form.get(name, "").strip()
    match field.kind:
        case Kind.SPAN:
            count = form.get(f"{name}.count", "").strip()
            return None if field.optional and not count else {form.get(f"{name}.unit", ""): _whole(count)}
        case Kind.LINES:
            return _lines(form.get(name, "")) or (None if field.path == "choices" else [])
        case Kind.MARKS:
            return [value for value in form.getlist(name) if value]
        case Kind.VALUE:
            return _value(form.get(name, ""), row or {}, document)
        case Kind.FLAG:
            return _TRUTH.get(text, text)
    return None if field.optional and not text else _said(text, field)


def _said(text: str, field: Field) -> Any:
    match field.kind:
        case Kind.WHOLE:
            return _whole(text)
        case Kind.PERCENT:
            return _percent(text)
        case Kind.MONEY:
            amount = read_amount(text, field.currency)
            return text if amount is None else amount
    return text


def _whole(text: str) -> int | str:
    return int(text) if _WHOLE.fullmatch(text) else text


def _percent(text: str) -> int | str:
    """Basis points."""
    found = _PERCENT.fullmatch(text.removesuffix("%").strip())
    return int(Decimal(f"{found[1]}.{found[2] or 0}") * 100) if found else text


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _value(text: str, row: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """A criterion's value, as its test and the type of its fact read it."""
    fact = (document.get("facts") or {}).get(row.get("fact")) or {}
    values = [_typed(line, fact.get("type")) for line in _lines(text)]
    if row.get("operator") in _LISTS:
        return values
    if row.get("operator") == Operator.MATCHES:
        return text.strip() or None
    return values[0] if len(values) == 1 else text.strip() or None


def _typed(text: str, fact_type: str | None) -> bool | int | str:
    if fact_type == FactType.INTEGER:
        return _whole(text)
    if fact_type == FactType.BOOLEAN:
        return _TRUTH.get(text.lower(), text)
    return text


def _instant(text: str, zone: str) -> str | None:
    if not text:
        return None
    try:
        return format_instant(from_local(datetime.fromisoformat(text), zone))
    except ValueError:
        return text


def _shown(document: Mapping[str, Any], field: Field | Rows, prefix: str = "", zone: str = "") -> dict[str, Any]:
    zone = zone or str(document.get("time_zone", ""))
    value: Any = document
    for name in field.path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(field, Rows):
        items = value or ()
        if field.key is not None:
            items = [{field.key: name, **item} for name, item in (value or {}).items()]
        rows = [
            {
                "place": f"{field.path}.{n}",
                "fields": [_shown(item, each, f"{field.path}.{n}.", zone) for each in field.fields],
            }
            for n, item in enumerate(items)
        ]
        return {"name": field.path, "one": field.one, "rows": rows}
    return {
        "name": f"{prefix}{field.path}",
        "label": field.label,
        "kind": field.kind.value,
        "hint": field.hint,
        "unit": field.currency,
        "choices": UNITS if field.kind is Kind.SPAN else field.choices,
        "optional": field.optional,
        "value": _written(field, value, zone),
    }


def _written(field: Field, value: Any, zone: str) -> Any:
    """The value as the field shows it."""
    match field.kind:
        case Kind.SPAN:
            unit, count = next(iter(value.items())) if isinstance(value, Mapping) and value else ("days", "")
            return {"unit": unit, "count": str(count)}
        case Kind.MARKS:
            return list(value or ())
        case Kind.LINES | Kind.VALUE if isinstance(value, list | tuple):
            return "\n".join(_plain(item) for item in value)
        case Kind.PERCENT if type(value) is int:
            whole, rest = divmod(value, 100)
            return f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)
        case Kind.MONEY if type(value) is int and value >= 0:
            return format_plain(value, field.currency)
        case Kind.INSTANT if isinstance(value, str) and is_zone(zone):
            return _local(value, zone)
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _local(text: str, zone: str) -> str:
    try:
        at = parse_instant(text).astimezone(UTC)
    except ValueError:
        return text
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(timespec="minutes")
