"""What a piece of evidence says: `evidence.said`, one normalised statement a row, whoever's event it was read from.

Owns the shapes and the grade that a party's own statement earns. Every instant is RFC 3339 in UTC. A row that says
nothing that can be read has no statement; a statement is never more than what the event proves. The shapes:

- `{"what": "joined"|"left", "side": "prospect"|"buyer"|"supplier"|None, "participant", "session", "at"}`: somebody came
  into the session or left it. `participant` is one key for the same participant's stay within the session; `side` is
  None where the event does not tell. They come in any order, and more than once.
- `{"what": "log", "session", "from", "until"}`: the session's log covers this span; either end may be None (not known,
  yet). Presence needs no log; absence does.
- `{"what": "no_show", "absent": "prospect"|"buyer", "undone": bool, "by": "session"|"person"}`: what a person marked is
  that person's word, whatever the grade of the account that signed it.
- `{"what": "call", "leg", "status", "seconds"}`: weak, for it may be voicemail.
- `{"what": "booking", "external_id", "previous", "starts_at", "ends_at", "cancelled": bool}`: `previous` names the
  booking that it takes the place of, or is None.
"""

from collections.abc import Mapping
from typing import Any, Final

from ledger.domain.lifecycle import Party

Said = Mapping[str, Any]

JOINED: Final = "joined"
LEFT: Final = "left"
LOG: Final = "log"
NO_SHOW: Final = "no_show"
CALL: Final = "call"
BOOKING: Final = "booking"


def grade_of(owner: Party, said: Said | None) -> str:
    """A: the operator's; B: a party's against its own interest; C: a party's for it, or neutral, or unread."""
    if owner is Party.OPERATOR:
        return "A"
    favoured = _favours(said) if said is not None else None
    return "C" if favoured is None or favoured is owner else "B"


def _favours(said: Said) -> Party | None:
    """Which party gains if it is true: presence and the buyer's absence are worth more than the prospect's absence."""
    what = said["what"]
    if what in (JOINED, LEFT):
        return None if said["side"] in (None, Party.SUPPLIER.value) else Party.SUPPLIER
    if what == NO_SHOW:
        gain = Party.SUPPLIER if said["absent"] == Party.BUYER.value else Party.BUYER
        if said["undone"]:
            return Party.BUYER if gain is Party.SUPPLIER else Party.SUPPLIER
        return gain
    if what == CALL:
        return Party.SUPPLIER if said["status"] == "completed" else Party.BUYER
    return None
