"""The catalogues of `api/translations`: what the templates and the code say, and which of it has a translation.

`python -m tests.support.catalogues` (`make translations`) adds what is new, drops what nobody says any more and keeps
the order, so that two changes meet in one place only where they say the same.
"""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from api.languages import FOLDER

TRANSLATED: Final = ("de", "fr")
CODE: Final = Path("api")
KEYWORDS: Final[dict[str, Any]] = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}
HEAD: Final = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plurals}\\n"

"""


@cache
def said() -> Catalog:
    """Every sentence that the pages' templates and the code of `api` mark."""
    found = Catalog()
    for path in sorted((*CODE.rglob("*.py"), *CODE.rglob("templates/**/*.html"), *CODE.rglob("templates/**/*.txt"))):
        for _, message, _, _ in _extracted(path):
            found.add(message)
    return found


def _extracted(path: Path) -> Iterator[tuple[Any, ...]]:
    method = "python" if path.suffix == ".py" else "jinja2"
    options = {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.do"}
    yield from extract_from_file(method, path, keywords=KEYWORDS, options=options)


def kept(language: str) -> Catalog:
    """What is translated."""
    path = FOLDER / f"{language}.po"
    with BytesIO(path.read_bytes() if path.exists() else b"") as source:
        return read_po(source, locale=language, abort_invalid=True)


def messages(catalog: Catalog) -> dict[Any, Message]:
    """By their English, without the head."""
    return {message.id: message for message in catalog if message.id}


def update() -> None:
    """Brings every catalogue in line with what is said, and names what waits for its translation."""
    wanted = messages(said())
    for language in TRANSLATED:
        before = messages(kept(language))
        after = Catalog(locale=language)
        for message in wanted:
            after.add(message, before[message].string if message in before else None)
        path = FOLDER / f"{language}.po"
        with path.open("wb") as target:
            target.write(HEAD.format(language=language, plurals=after.plural_forms).encode())
            write_po(target, after, width=120, omit_header=True, sort_output=True)
        waiting = sum(not all(strings(message)) for message in messages(after).values())
        print(f"{path}: {len(wanted)} sentences, {waiting} without translation")  # noqa: T201  # a tool's answer


def strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string or "",)


if __name__ == "__main__":
    update()
