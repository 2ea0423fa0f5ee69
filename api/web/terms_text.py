"""The text of the terms for a page: numbered clauses, paragraphs with their items, codes marked.

The words are those of `ledger.domain.prose`, numbered as its Markdown is, so that page and paper read the same; who
reads another language gets a translation of them.
"""

from dataclasses import dataclass, field
from typing import Final

from flask import request
from markupsafe import Markup

from api.web.retelling import told
from ledger.domain.prose import clauses
from ledger.domain.terms import Agreement, Definition

ORIGINAL: Final = "en"
"""The language that the terms are written in; a page asked for `text` in it does not translate them."""


@dataclass
class Paragraph:
    """One numbered sentence and the items below it, each with the path of its term."""

    number: str
    path: str
    text: Markup
    items: list[tuple[str, Markup]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Section:
    """A clause."""

    number: int
    heading: str
    paragraphs: list[Paragraph]


def paragraphs(definition: Definition, agreement: Agreement | None = None, *, since: int = 1) -> list[Section]:
    """The clauses from number `since` on."""
    say = str if request.args.get("text") == ORIGINAL else told
    found = []
    for number, (heading, sentences) in enumerate(clauses(definition, agreement), start=1):
        if number < since:
            continue
        section = Section(number, say(heading), [])
        for path, sentence in sentences:
            if sentence.startswith("- ") and section.paragraphs:
                section.paragraphs[-1].items.append((path, marked(say(sentence.removeprefix("- ")))))
            else:
                section.paragraphs.append(
                    Paragraph(f"{number}.{len(section.paragraphs) + 1}", path, marked(say(sentence)))
                )
        found.append(section)
    return found


def marked(text: str) -> Markup:
    """The sentence with what stands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))
