"""The words for what the ledger names by a code: parties, kinds, states.

Owns the English and marks it for translation; a template shows a code through the filter `word`. A code that has no
words here reads as it is spelled.
"""

from typing import Final

from api.languages import gettext, marked

WORDS: Final = {
    # parties and roles
    "prospect": marked("Prospect"),
    "buyer": marked("Buyer"),
    "supplier": marked("Supplier"),
    "operator": marked("Operator"),
    "rule": marked("Rule"),
    "admin": marked("Administration"),
    "finance": marked("Finance"),
    "arbiter": marked("Arbiter"),
    # disputes
    "contest": marked("Contested verdict"),
    "clawback": marked("Clawback"),
    "contradiction": marked("Contradicted by evidence"),
    "escalated_silence": marked("Silence to be decided"),
    "conceded": marked("Conceded"),
    "upheld": marked("Upheld"),
    "dismissed": marked("Dismissed"),
    "decided": marked("Decided"),
    "withdrawn": marked("Withdrawn"),
    # money
    "held": marked("Held"),
    "accrued": marked("Accrued"),
    "invoiced": marked("Invoiced"),
    "reversed": marked("Reversed"),
    # criteria
    "as_facts": marked("As the facts meet it"),
    "claimed": marked("Claimed"),
    "confirmed": marked("Confirmed"),
    "refuted": marked("Refuted"),
    "unproven": marked("Unproven"),
    # evidence
    "document": marked("Document"),
    "screenshot": marked("Screenshot"),
    "recording": marked("Recording"),
    "statement": marked("Statement in words"),
    "contact_attempt": marked("Contact attempt"),
    # documents
    "issued": marked("Issued"),
    "accepted": marked("Accepted"),
    "queried": marked("Queried"),
    "credited": marked("Credited"),
    "paid": marked("Paid"),
    # entries of the ledger
    "accrual": marked("Accrual"),
    "hold": marked("Hold"),
    "release": marked("Release"),
    "reversal": marked("Reversal"),
    "reduction": marked("Reduction"),
    "invoice": marked("Invoice"),
    "credit_note": marked("Credit note"),
    "payment": marked("Payment"),
    "payment_returned": marked("Payment returned"),
    "deposit": marked("Deposit"),
    "deposit_drawn": marked("Deposit drawn"),
    # versions
    "draft": marked("Draft"),
    "published": marked("Published"),
    "superseded": marked("Superseded"),
}
FROM: Final = {
    "buyer": marked("from the buyer"),
    "supplier": marked("from the supplier"),
    "operator": marked("from an independent source"),
}
OPENED_BY: Final = {
    "buyer": marked("opened by the buyer"),
    "supplier": marked("opened by the supplier"),
    "operator": marked("opened by the operator"),
    "rule": marked("opened by rule"),
}


def word(code: str) -> str:
    """The code in words, with a capital where the language writes one at the beginning."""
    known = WORDS.get(str(code))
    return str(code).replace("_", " ").capitalize() if known is None else gettext(known)


def from_party(code: str) -> str:
    """Whose evidence it is."""
    return gettext(FROM[str(code)]) if str(code) in FROM else word(code)


def opened_by(code: str) -> str:
    """Who opened a dispute."""
    return gettext(OPENED_BY[str(code)]) if str(code) in OPENED_BY else word(code)


def sentence(text: str) -> str:
    """With a capital at its beginning and a full stop at its end."""
    begun = text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."
