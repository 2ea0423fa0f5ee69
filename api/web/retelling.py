"""What the ledger says in English, said in the reader's language.

The ledger words what happens in English alone, and much of it is on record as it was said: why a submission was
refused, for one. Its sentences are fixed, so they are known again by their words (`sentences`), and their values with
them: instants, amounts, shares, phrases. A sentence that nobody translated stays as it is.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import cache, lru_cache
from typing import Final

from babel.dates import format_datetime

from api.languages import gettext, locale, marked, spoken
from api.web import sentences
from invoices import display as paper
from invoices.languages import Language
from ledger.domain.money import exponent

BETWEEN: Final = re.compile(r"(?<=[.!?]) (?=[A-Z“])")
PLACE: Final = re.compile(r"%\((\w+)\)s")
INSTANT: Final = re.compile(r"[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d(:\d\d)?")
MONTH: Final = re.compile(r"[A-Z][a-z]+ \d{4}")
MONEY: Final = re.compile(r"([A-Z]{3}) ([−-]?)(\d[\d,]*(?:\.\d+)?)")
SHARE: Final = re.compile(r"(\d+)(?:\.(\d{1,2}))? %")
QUOTED: Final = re.compile(r"“([^“”]*)”")
_CONJUNCTION: Final = re.compile(r" (and|or) (?=[^“”]*(?:“[^“”]*”[^“”]*)*$)")
_COMMA: Final = re.compile(r", (?=[^“”]*(?:“[^“”]*”[^“”]*)*$)")
LISTS: Final = frozenset({"names", "before", "after"})
"""The places of lists, whatever is in them."""
CONJUNCTIONS: Final = {"and": marked("and"), "or": marked("or")}
OWN: Final = frozenset({"label", "fact", "id", "code", "zone", "calendar", "region", "vat", "law"})
"""The places of what the parties, or others, have named."""
MOST_KEPT: Final = 8_192
"""Of sentences that were told before, in all languages."""


def told(text: str) -> str:
    """Sentences of the ledger as they are said now."""
    if spoken() == "en" or not text:
        return text
    whole = gettext(text)
    return whole if whole != text else " ".join(_known(each) or each for each in BETWEEN.split(text))


def signed(text: str) -> str:
    """An English text with amounts as pages write them: `€90.00` for `EUR 90.00`."""

    def written(found: re.Match[str]) -> str:
        try:
            return _money(found)
        except ValueError:  # no currency that anybody has
            return found[0]

    return MONEY.sub(written, text) if spoken() == "en" else text


def _known(text: str) -> str | None:
    """One sentence or phrase, if it is one of those that are known."""
    return _known_in(spoken(), text)


@lru_cache(maxsize=MOST_KEPT)
def _known_in(language: Language, text: str) -> str | None:
    """In the language that is spoken; codes are marked where the text marks them."""
    exactly = gettext(text) if text else text
    if exactly != text:
        return exactly
    for sentence, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found:
            said = gettext(sentence) % {name: _place(name, value) for name, value in found.groupdict().items()}
            return said if "`" in text else said.replace("`", "")
    if text[:1].isupper():
        phrase = _known_in(language, text[:1].lower() + text[1:])
        return None if phrase is None else phrase[:1].upper() + phrase[1:]
    return None


def _place(name: str, text: str) -> str:
    """What stands in a place: what the parties call things stays as it is."""
    return text if name in OWN else _listed(text) if name in LISTS else _value(text)


def _listed(text: str) -> str:
    """`a, b or c`; what stands between quotation marks stays together."""
    *first, last = _CONJUNCTION.split(text)
    if not first:
        return _value(text)
    *before, conjunction, rest = (*first, last)
    items = ", ".join(_value(each) for each in _COMMA.split(" ".join(before)))
    return f"{items} {gettext(CONJUNCTIONS[conjunction])} {_value(rest)}"


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
    """Every known sentence, the one with the most words first: what it says more exactly wins.

    Before all of them what introduces another sentence, which would match with the introduction in its first place.
    """

    def rank(sentence: str) -> tuple[bool, int]:
        return sentence.endswith(": %(what)s"), len(PLACE.sub("", sentence))

    by_words = sorted(sentences.KNOWN, key=rank, reverse=True)
    return tuple((sentence, _pattern(sentence)) for sentence in by_words)


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = PLACE.split(sentence)
    parts = (f"(?P<{piece}>.+?)" if n % 2 else re.escape(piece) for n, piece in enumerate(pieces))
    return re.compile("".join(parts).replace("`", "`?"))


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
    """A phrase, which may stand there as it begins a sentence; a single word is somebody's own."""
    text = found[1]
    said = (_known(text[:1].upper() + text[1:]) or _known(text)) if " " in text else None
    return gettext("“%(text)s”", text=said or text)


SHAPES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (INSTANT, _instant),
    (MONEY, _money),
    (SHARE, _share),
    (MONTH, _month),
    (QUOTED, _quoted),
)
"""How a value is written that is no phrase, by its English shape."""
