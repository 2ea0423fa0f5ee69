"""What the words of the trade mean: the one place of their texts, shown where a word stands and as a page.

Owns `term(…)` of the templates: a button that explains itself on hover, focus and touch, to screen readers as its
description. The meanings are the contract's; a definition may say more, never something else.
"""

from typing import Final

from flask import Response, g
from markupsafe import Markup

from api.languages import gettext, marked
from api.web.blueprint import pages, show
from api.web.sessions import only

TERMS: Final = {
    "findings": (
        marked("Findings"),
        marked(
            "What a side states as fact: who was there, for how long, which criterion was met. What it is "
            "worth, the terms say."
        ),
    ),
    "silence": (
        marked("Silence"),
        marked(
            "No findings until the deadline. The definition says what it means; most often the "
            "appointment counts as attended."
        ),
    ),
    "share": (
        marked("Share"),
        marked("How much of the price an outcome is worth by the definition, from 0 to 100 %."),
    ),
    "grade": (
        marked("Grade"),
        marked(
            "How independent evidence is. A: from an account that neither side controls. B: a side "
            "against its own interest. C: a side for itself; it decides nothing alone."
        ),
    ),
    "unproven": (
        marked("Unproven"),
        marked("Nobody ruled on the criterion and the facts do not meet it: no bonus, and no disqualification."),
    ),
    "disqualified": (
        marked("Disqualified"),
        marked("A required criterion was refuted. It counts as that, whoever came."),
    ),
    "contest": (
        marked("Contest"),
        marked("The supplier says that the verdict is wrong, within his window and for a reason that counts."),
    ),
    "clawback": (
        marked("Clawback"),
        marked("The buyer claims back what was accepted, within his window and for a reason that counts."),
    ),
    "claim": (
        marked("Claim"),
        marked("The findings that whoever opened the dispute says are true."),
    ),
    "held": (
        marked("Held"),
        marked("Disputed money that is not invoiced until the dispute ends; only what the sides disagree on."),
    ),
    "accrued": (
        marked("Accrued"),
        marked("Owed by the terms and not invoiced yet."),
    ),
    "decision_clock": (
        marked("Decision clock"),
        marked("Until when the arbiter decides. A late decision is flagged, and still counts."),
    ),
    "waiting_time": (
        marked("Waiting time"),
        marked("How long the side that came must wait before the other counts as absent."),
    ),
    "self_billed": (
        marked("Self-billing"),
        marked("The buyer issues the supplier's invoice for him, by an agreement that both signed."),
    ),
    "statement": (
        marked("Statement"),
        marked("A list of what is owed, no invoice: the supplier sends his own, which is recorded against it."),
    ),
    "parked": (
        marked("Parked"),
        marked(
            "A supplier who cannot be billed yet, with the reason. Nothing is lost: a run after the mend "
            "takes what is due."
        ),
    ),
    "period": (
        marked("Month"),
        marked("The calendar month, in the definition's time zone, in which an amount takes effect."),
    ),
    "effective": (
        marked("Effective"),
        marked(
            "When something counts from, such as the deadline that silence met; recorded is when it was written down."
        ),
    ),
    "replacement": (
        marked("Replacement"),
        marked("Instead of money back, the supplier's next attended, qualified appointment is worth nothing."),
    ),
    "rebooking": (
        marked("Rebooking"),
        marked(
            "After a prospect's no-show the supplier may book him again for a while; until then the "
            "no-show is not final."
        ),
    ),
    "return_cap": (
        marked("Return cap"),
        marked("The share of a month's appointments beyond which no more may be clawed back."),
    ),
    "acceptance": (
        marked("Acceptance"),
        marked(
            "The supplier accepts an invoice made for him, or queries it; a query stops the due date, silence accepts."
        ),
    ),
}
"""By its key, each word and its meaning."""


def term(key: str, words: str | None = None) -> Markup:
    """The word (or others for it), explained where it stands."""
    g.terms = number = g.get("terms", 0) + 1
    word, meaning = TERMS[key]
    return Markup(
        '<span class="explained"><button type="button" class="term" aria-describedby="term-{n}">{word}</button>'
        '<span class="tip" role="tooltip" id="term-{n}">{meaning}</span></span>'
    ).format(n=number, word=words or gettext(word), meaning=gettext(meaning))


pages.add_app_template_global(term, "term")


@pages.get("/glossary")
@only()
def glossary() -> Response:
    """Every word with its meaning, by the alphabet of the reader."""
    words = sorted((gettext(word), gettext(meaning)) for word, meaning in TERMS.values())
    return show("glossary", words=words)
