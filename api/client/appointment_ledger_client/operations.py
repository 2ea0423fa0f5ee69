"""A method for every operation of the OpenAPI document, made from the table beside it (`operations.json`).

The table and the types (`operations.pyi`) are written by `make examples` and checked by the tests.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any, Final
from urllib.parse import quote

TABLE: Final[Mapping[str, Mapping[str, Any]]] = json.loads(
    resources.files(__package__).joinpath("operations.json").read_text(encoding="utf-8")
)


class Operations(ABC):
    """The operations by name: what the path names, then the body; query parameters by keyword."""

    @abstractmethod
    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any],
        key: str | None = None,
        if_match: str | None = None,
    ) -> Any:
        """Sends one request."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = TABLE.get(name)
        if operation is None:
            raise AttributeError(f"there is no operation {name!r}")

        def perform(*arguments: Any, key: str | None = None, if_match: str | None = None, **query: Any) -> Any:
            named: list[str] = operation["path_names"]
            if not len(named) <= len(arguments) <= len(named) + operation["takes_body"]:
                raise TypeError(
                    f"{name}() takes {', '.join(named) or 'no name'}{' and a body' * operation['takes_body']}"
                )
            places = {each: quote(str(value), safe="") for each, value in zip(named, arguments, strict=False)}
            body = arguments[len(named)] if len(arguments) > len(named) else None
            asked = {each.removesuffix("_"): value for each, value in query.items() if value is not None}
            if unknown := asked.keys() - {*operation["query"]}:
                raise TypeError(f"{name}() has no parameter {', '.join(sorted(unknown))}")
            return self.request(
                operation["method"], operation["path"].format(**places), body, query=asked, key=key, if_match=if_match
            )

        perform.__name__, perform.__doc__ = name, operation["summary"]
        return perform

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *TABLE]
