"""What the ledger says in English, said in the reader's language.

The ledger words what happens in English alone, and much of it is on record as it was said: why a submission was
refused, for one. Its sentences are fixed, so they are known again by their words (`sentences`), and their values with
them: instants, amounts, shares, phrases. A sentence that nobody translated stays as it is.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Final

from babel.dates import format_datetime

from api.languages import gettext, locale, spoken
from api.web import sentences
from invoices import display as paper
from ledger.domain.money import exponent

BETWEEN: Final = re.compile(r"(?<=[.!?]) (?=[A-Z“])")
PLACE: Final = re.compile(r"%\((\w+)\)s")
INSTANT: Final = re.compile(r"[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d(:\d\d)?")
MONTH: Final = re.compile(r"[A-Z][a-z]+ \d{4}")
MONEY: Final = re.compile(r"([A-Z]{3}) ([−-]?)(\d[\d,]*(?:\.\d+)?)")
SHARE: Final = re.compile(r"(\d+)(?:\.(\d{1,2}))? %")
QUOTED: Final = re.compile(r"“(.*)”")


def told(text: str) -> str:
    """Sentences of the ledger as they are said now."""
    if spoken() == "en" or not text:
        return text
    whole = gettext(text)
    return whole if whole != text else " ".join(_known(each) or each for each in BETWEEN.split(text))


def _known(text: str) -> str | None:
    """One sentence or phrase, if it is one of those that are known."""
    exactly = gettext(text) if text else text
    if exactly != text:
        return exactly
    for sentence, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return gettext(sentence) % {name: _value(value) for name, value in found.groupdict().items()}
    if text[:1].isupper():
        phrase = _known(text[:1].lower() + text[1:])
        return None if phrase is None else phrase[:1].upper() + phrase[1:]
    return None


def _value(text: str) -> str:
    """What stands in a sentence's place: a phrase, an instant, an amount, a share, a list of phrases."""
    for shape, write in SHAPES:
        found = shape.fullmatch(text)
        with suppress(ValueError):  # the shape of a date that is none, or of a currency that nobody has
            if found:
                return write(found)
    parts = [_known(part) for part in re.split(r", | and ", text)] if " and " in text else [None]
    if all(parts):
        *first, last = (part for part in parts if part)
        return " ".join((", ".join(first), gettext("and"), last))
    return _known(text) or text


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Every known sentence, the one with the most words first: what it says more exactly wins."""
    by_words = sorted(sentences.KNOWN, key=lambda sentence: len(PLACE.sub("", sentence)), reverse=True)
    return tuple((sentence, _pattern(sentence)) for sentence in by_words)


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = PLACE.split(sentence)
    return re.compile("".join(f"(?P<{piece}>.+?)" if n % 2 else re.escape(piece) for n, piece in enumerate(pieces)))


def _instant(found: re.Match[str]) -> str:
    text = found[0]
    at = datetime.strptime(text, "%a %d %b %Y, %H:%M:%S" if found[1] else "%a %d %b %Y, %H:%M")  # noqa: DTZ007  # stays
    return str(format_datetime(at, sentences.MOMENTS[spoken()], locale=locale()))


def _month(found: re.Match[str]) -> str:
    return paper.month(datetime.strptime(found[0], "%B %Y").date(), locale())  # noqa: DTZ007  # a month has no zone


def _money(found: re.Match[str]) -> str:
    currency, minus, digits = found.groups()
    minor = int(digits.replace(",", "").replace(".", ""))
    if len(digits.partition(".")[2]) != exponent(currency):
        return found[0]
    return paper.money(-minor if minus else minor, currency, locale())


def _share(found: re.Match[str]) -> str:
    whole, fraction = found.groups()
    return paper.percent(int(whole) * 100 + int((fraction or "0").ljust(2, "0")), locale())


def _quoted(found: re.Match[str]) -> str:
    return gettext("“%(text)s”", text=_known(found[1]) or found[1])


SHAPES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (INSTANT, _instant),
    (MONEY, _money),
    (SHARE, _share),
    (MONTH, _month),
    (QUOTED, _quoted),
)
"""How a value is written that is no phrase, by its English shape."""
