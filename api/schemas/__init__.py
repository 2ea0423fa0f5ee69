"""What requests and answers look like: one marshmallow schema per document, by subject.

Owns the strict base and the way its faults become JSON pointers. Schemas of bodies are loaded; schemas of answers
only document what the resources render. Refuses unknown fields.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from marshmallow import fields as plain
from marshmallow.exceptions import SCHEMA

from api import fields
from api.loading import Load, load_of
from ledger.domain.errors import FieldError, Malformed

MOST_PER_PAGE = 200


class Strict(Schema):
    """The base of every body: unknown fields are refused."""

    class Meta:
        unknown = RAISE

    error_messages: dict[str, str] = {  # noqa: RUF012 - marshmallow declares it for instances
        "unknown": "There is no such field.",
        "type": "Needs an object.",
    }

    @cached_property
    def quickly(self) -> Load | None:
        """Loads what is in order, where the schema has nothing but checks."""
        return load_of(self)


class Page(Strict):
    """The arguments of every list."""

    limit = fields.Digits(
        minimum=1, maximum=MOST_PER_PAGE, load_default=50, metadata={"description": "Items per page at the most"}
    )
    cursor = fields.Text(
        longest=2000, load_default=None, metadata={"description": "`next_cursor` of the page before; opaque"}
    )


def load(schema: Schema, value: Any) -> Any:
    """The loaded value. Raises `Malformed` with a JSON pointer for every fault."""
    if isinstance(schema, Strict) and schema.quickly is not None:
        with suppress(ValidationError):
            return schema.quickly(value)
    try:
        return schema.load(value)
    except ValidationError as error:
        raise Malformed(_faults(error.messages, "")) from None


def _faults(messages: Any, pointer: str) -> Iterator[FieldError]:
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            yield from _faults(below, pointer if name == SCHEMA else f"{pointer}/{_escaped(name)}")
    elif isinstance(messages, list):
        for message in messages:
            yield from _faults(message, pointer)
    else:
        yield FieldError(pointer, str(messages))


def _escaped(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


@lru_cache(maxsize=256)
def page_of(item: type[Schema]) -> type[Schema]:
    """The schema of a list's answer."""
    name = f"{item.__name__}Page"
    members = {
        "items": plain.List(plain.Nested(item), required=True),
        "next_cursor": fields.Text(
            required=True,
            allow_none=True,
            longest=2000,
            metadata={"description": "Where the next page begins; null on the last one"},
        ),
    }
    return type(name, (Strict,), {**members, "__doc__": f"A page of {item.__name__}."})
