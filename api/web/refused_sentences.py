"""Further sentences of `sentences`: what services refuse, how an identifier was checked, what is loose in terms."""

from typing import Final

from api.languages import marked

SERVICES: Final = (
    marked("the window for findings closed; silence took effect at %(when)s"),
    marked("the window for findings closed; silence brought it to the arbiter"),
    marked("there is no no-show that can still be rebooked"),
    marked("the window to contest has closed"),
    marked("the window for a clawback has closed"),
    marked("the time to answer is over; silence has accepted the document"),
    marked("people and keys of a %(kind)s have the role %(role)s"),
    marked("the new slot is too long after the first one"),
    marked("it may be rescheduled %(limit)s times"),
    marked("the new slot must start in the future"),
    marked("the new slot must start inside the window"),
    marked("a disputed appointment cannot be rebooked"),
    marked("reference %(reference)s was submitted before"),
    marked("there is no such organisation"),
    marked("there is an organisation %(slug)s already"),
    marked("there is a connection %(slug)s already"),
    marked("there is a user with this e-mail address already"),
    marked("these two have an agreement on this definition; add a version"),
    marked("the agreement ends at %(when)s already"),
    marked("an agreement can be ended only for the future"),
    marked("agreements price in the currency of the definition"),
    marked("the definition has no published version %(number)s"),
    marked("the definition has no published version yet"),
    marked("without required criteria nobody is disqualified"),
    marked("without minimum minutes nothing is cut short"),
    marked("everything on the document was given back already"),
    marked("a credit note is not voided; what it gave back can be charged again"),
    marked("the document is the invoice itself; none of the supplier's is awaited"),
    marked("no payment of that amount is there to come back"),
    marked("the line has its payment already"),
    marked("nothing is due by %(day)s"),
    marked("SEPA pays euros, this is %(currency)s"),
    marked("queried"),
    marked("the buyer's IBAN is missing"),
    marked("the supplier's IBAN is missing"),
    marked("in a payment file already"),
    marked("the line is set aside already"),
    marked("the line is set aside; take it back first"),
    marked("the line is not set aside"),
    marked("the statement is neither camt.053 nor CSV in UTF-8"),
    marked("the statement has no column %(columns)s"),
    marked("the statement is not well-formed XML: %(why)s"),
    marked("the statement is not a camt.053 document"),
    marked("line %(line)s: %(why)s"),
    marked("%(text)s is not a day such as 2026-12-01"),
    marked("%(text)s is not an amount of money"),
    marked("%(text)s is not an ISO 4217 currency"),
    marked("%(currency)s has %(digits)s digits after the point, %(text)s has more"),
    marked("an entry says neither CRDT nor DBIT"),
    marked("an entry has no amount"),
    marked("your role needs a second factor; replace it instead"),
    marked("you cannot disable your own account; ask somebody else"),
    marked("there is no second factor that codes could stand in for"),
    marked("the key is not alive any more"),
    marked("the key has a successor already"),
    marked("the endpoint is disabled"),
    marked("the endpoint is disabled or deleted"),
    marked("an organisation has %(n)s endpoints at the most"),
    marked("the URL must begin with https://"),
    marked("the URL must be reachable from the internet"),
    marked("the URL must name a host"),
    marked("the connection is disabled"),
    marked("the delivery is not in quarantine"),
    marked("the secret must be base64, with or without whsec_"),
    marked("the secret must not be blank"),
    marked("the VAT identifier is wrong: %(why)s"),
    marked("form and checksum by %(module)s (python-stdnum %(version)s)"),
    marked("not checked: no offline checker for %(country)s"),
    marked("not checked: no offline checker for an unknown country"),
)
LOOSE: Final = (
    marked(
        "Without the evidence that %(reasons)s asks for, an unanswered dispute goes to the arbiter, who has "
        "no window to decide in: it may never end."
    ),
    marked("“%(reason)s” counts here and does not count by dispute.not_reasons."),
    marked(
        "The clawback ends %(ends)s after the slot, when silence accepts only after %(accepts)s: what "
        "silence accepted could never be claimed back."
    ),
    marked(
        "The clawback ends %(ends)s after the slot, while the buyer may state findings for %(accepts)s: what "
        "he finds late could never be claimed back."
    ),
)
