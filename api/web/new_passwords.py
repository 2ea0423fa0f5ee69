"""A password that somebody chooses: typed twice, long enough, and not their own address."""

from typing import Final

from flask import request

from api.languages import gettext
from ledger.domain.errors import Malformed

SHORTEST: Final = 12
LONGEST: Final = 128


def new_password(email: str) -> str:
    """The password of the form. Raises `Malformed` with what is wrong about it."""
    new, again = request.form.get("new", ""), request.form.get("again", "")
    if not SHORTEST <= len(new) <= LONGEST:
        raise Malformed.at(
            "new", gettext("A password has %(least)s to %(most)s characters.", least=SHORTEST, most=LONGEST)
        )
    if new.casefold() in (email, email.partition("@")[0]) or len(set(new)) < SHORTEST // 2:
        raise Malformed.at("new", gettext("That password is easy to guess; take another one."))
    if new != again:
        raise Malformed.at("again", gettext("The two are not the same; type the new password twice."))
    return new
