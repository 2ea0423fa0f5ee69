"""What bodies and answers look like: types for a type checker (`models.pyi`), plain dicts at run time.

The types are written by `make examples` from the OpenAPI document and checked by the tests.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if not name[:1].isupper():
        raise AttributeError(f"there is no {name!r}")
    return dict
