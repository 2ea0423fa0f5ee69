"""The way into a schema for what is in order, without marshmallow's machinery, which costs several times the checks.

Lays a schema's fields out once; each reads by its own `_deserialize` and validators, so that there is no second set of
rules. Refuses without saying where or why: the schema itself reads again what is refused here, and explains.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from marshmallow import RAISE, Schema, ValidationError, fields, missing
from marshmallow.decorators import VALIDATES_SCHEMA

Load = Callable[[Any], dict[str, Any]]
"""From a JSON value to what the schema loads. Raises ValidationError."""
Read = Callable[[Any, str, Mapping[str, Any]], Any]
_ABSENT: Final = object()


class _Part(NamedTuple):
    """A field: its name in the body and in what is loaded, and how it reads what is there."""

    key: str
    name: str
    read: Read
    checks: tuple[Callable[[Any], Any], ...]
    takes_null: bool
    is_needed: bool
    default: Any


class NotInOrderError(ValidationError):
    """The body has to be read by its schema."""

    def __init__(self) -> None:
        super().__init__("Not in order.")


def load_of(schema: Schema) -> Load | None:
    """What loads a body that is in order; None for a schema that does more than check its fields and itself."""
    checks = _checks(schema)
    if checks is None or not all(map(_is_plain, schema.load_fields.values())):
        return None
    parts = tuple(_part(name, field) for name, field in schema.load_fields.items())
    keys = frozenset(part.key for part in parts)

    def load(data: Any) -> dict[str, Any]:
        if type(data) is not dict or not keys.issuperset(data):
            raise NotInOrderError
        found: dict[str, Any] = {}
        for key, name, read, validators, takes_null, is_needed, default in parts:
            value = data.get(key, _ABSENT)
            if value is _ABSENT:
                if is_needed:
                    raise NotInOrderError
                if default is not missing:
                    found[name] = default() if callable(default) else default
            elif value is None:
                if not takes_null:
                    raise NotInOrderError
                found[name] = None
            else:
                found[name] = value = read(value, key, data)
                for validator in validators:
                    validator(value)
        for check in checks:
            check(found, partial=None, many=False, unknown=RAISE)
        return found

    return load


def _checks(schema: Schema) -> tuple[Callable[..., Any], ...] | None:
    """What the schema checks when its fields are read; None where it does anything else."""
    hooks = {name: found for name, found in type(schema).resolve_hooks().items() if found}
    found = hooks.pop(VALIDATES_SCHEMA, [])
    if (
        hooks
        or any(options.get("pass_original") for _name, _many, options in found)
        or type(schema).load is not Schema.load
        or schema.unknown != RAISE
        or schema.many
        or schema.partial
    ):
        return None
    return tuple(getattr(schema, name) for name, _many, _options in found)


def _is_plain(field: fields.Field[Any]) -> bool:
    return (
        type(field).deserialize is fields.Field.deserialize
        and not (field.pre_load or field.post_load)
        and "." not in (field.attribute or "")
    )


def _part(name: str, field: fields.Field[Any]) -> _Part:
    return _Part(
        field.data_key or name,
        field.attribute or name,
        _read_of(field),
        tuple(field.validators),
        field.allow_none,
        field.required,
        field.load_default,
    )


def _read_of(field: fields.Field[Any]) -> Read:
    if type(field) is fields.Nested and not (field.many or field.unknown):
        load = load_of(field.schema)
        if load is not None:
            return lambda value, _key, _data: load(value)
    return field._deserialize  # noqa: SLF001 - where every field has its rule
