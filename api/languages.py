"""The languages that pages and e-mails speak: which one is spoken now, and every sentence in each of them.

Owns the choice (set by `speaking`, else the person's own, else what the browser accepts, else English) and the
catalogues in `api/translations`, read as they are written. The English sentence is the key. Dates and amounts follow
the language, too.
"""

import gettext as catalogues
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final, cast

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import g, has_request_context, request

from invoices.languages import LANGUAGES, LOCALES, Language

NAMES: Final[dict[Language, str]] = {"en": "English", "de": "Deutsch", "fr": "Français"}
"""Each in its own words."""
FOLDER: Final = Path(__file__).parent / "translations"

_told: ContextVar[Language | None] = ContextVar("told", default=None)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Everything inside is said in this language, whoever asks."""
    before = _told.set(language)
    try:
        yield
    finally:
        _told.reset(before)


def spoken() -> Language:
    """The language that is spoken now."""
    told = _told.get()
    if told is not None:
        return told
    if not has_request_context():
        return "en"
    if "language" not in g:
        accepted = (known(tag.partition("-")[0].lower()) for tag, quality in request.accept_languages if quality)
        g.language = next(filter(None, accepted), "en")
    return cast("Language", g.language)


def known(language: str | None) -> Language | None:
    """The language, where it is one that we speak."""
    return next((each for each in LANGUAGES if each == language), None)


def locale() -> str:
    """By which dates and numbers are written now."""
    return LOCALES[spoken()]


def gettext(message: str, **values: Any) -> str:
    """The sentence as it is said now, with its `%(values)s`."""
    told = catalogue(spoken()).gettext(message)
    return told % values if values else told


def ngettext(one: str, many: str, n: int, **values: Any) -> str:
    """The sentence for so many; `%(n)s` is their number."""
    return counted(one, many, n) % {"n": n, **values}


def counted(one: str, many: str, n: int) -> str:
    """The sentence for so many, its values still to be filled in; Jinja does that, and escapes them."""
    return catalogue(spoken()).ngettext(one, many, n)


def marked(message: str) -> str:
    """A constant that is translated where it is shown: `gettext(…)` there finds it."""
    return message


@cache
def catalogue(language: Language) -> catalogues.NullTranslations:
    """Every sentence of a language; English is what the code says."""
    if language == "en":
        return catalogues.NullTranslations()
    compiled = BytesIO()
    with (FOLDER / f"{language}.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)
