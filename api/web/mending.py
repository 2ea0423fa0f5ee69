"""Refusals on a page: what stands against it, by which clause, and what to do about it.

Owns the words of the mend for each code. Whether something is refused, and why, is the domain's to say.
"""

import re
from datetime import datetime
from typing import Any, Final

from flask import g

from api.languages import marked
from ledger.domain import wording
from ledger.domain.errors import Refusal

INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

MENDS: Final = {
    "reason_not_taken": marked("Choose one of the reasons that both sides agreed on."),
    "reason_does_not_count": marked("Choose one of the reasons that both sides agreed on."),
    "nothing_disputed": marked("Change at least one fact: who was there, the minutes, or a criterion."),
    "claim_worth_more": marked("Name every criterion that stays refuted, also those of your earlier findings."),
    "already_decided": marked("Claim a fact that nobody has conceded and no arbiter has decided."),
    "return_cap_reached": marked(
        "Agree with the supplier on a credit by hand; claims withdrawn or dismissed make room."
    ),
    "not_contestable": marked("Nothing needs doing: you are owed all of it."),
    "nothing_owed": marked("Nothing needs doing: you owe nothing for it."),
    "disputed": marked("Answer the dispute that is open."),
    "contact_attempts_missing": marked("Add each attempt under Evidence, with the time at which you made it."),
    "minutes_of_an_absence": marked("Leave the minutes empty, or say that it took place."),
    "in_the_future": marked("Give the time at which it happened."),
    "day_in_the_past": marked("Choose today, or a day to come."),
    "superseded_version": marked("Read the newest version, and answer that one."),
    "superseded_definition": marked("Read the newest version, and answer that one."),
    "effective_in_the_past": marked("Choose now, or a time to come."),
    "currency_changed": marked("Give the other currency a definition of its own."),
    "message_needed": marked("Write what is wrong with the document."),
    "version_mismatch": marked("Look at what has changed, then do it again."),
}


def problem_shown(refusal: Refusal | None) -> dict[str, Any] | None:
    """A refusal in the words of a page: what, by which clauses, and the mend."""
    if refusal is None:
        return None
    broken = getattr(refusal, "violations", ()) or ()
    faults = getattr(refusal, "errors", ()) or ()
    details = [(each.clause, each.detail) for each in broken]
    details += [(_place(each.pointer), each.detail) for each in faults]
    details = [(where, _dated(detail)) for where, detail in details or [(None, refusal.detail)]]
    mends = dict.fromkeys(MENDS[code] for code in (*(v.code for v in broken), refusal.code) if code in MENDS)
    return {"details": details, "code": refusal.code, "mends": list(mends)}


def _place(pointer: str) -> str | None:
    """A JSON pointer as people read it; a form's own field needs none."""
    return pointer.strip("/").replace("/", ".") if pointer.startswith("/") else None


def _dated(detail: str) -> str:
    """Instants as pages tell them, in the reader's own time."""
    zone = "UTC" if g.person is None else g.person.time_zone
    return INSTANT.sub(lambda found: wording.moment(datetime.fromisoformat(found[0]), zone), detail)
