"""Which e-mail a person gets, each kind by itself.

Says so where the installation sends none, and where the last mail was not taken, with the server's words.
"""

from datetime import timedelta
from typing import Final

from flask import Response, request, url_for

from api.databases import database
from api.mail.writing import KINDS
from api.units import clock, settings
from api.web.blueprint import led_to, pages, show
from api.web.sessions import only, person
from ledger.services import mail_outbox, mail_wishes
from ledger.store.engine import reading, writing

LATELY: Final = timedelta(days=30)


@pages.get("/preferences/mail")
@only()
def mails() -> Response:
    """What this person is told by e-mail, to be changed."""
    viewer, now = person(), clock()
    with reading(database().engine) as connection:
        wanted = mail_wishes.wanted(connection, viewer.id, viewer.principal.roles)
        failure = mail_outbox.last_failure(connection, viewer.id, now - LATELY)
    return show(
        "mails",
        wanted=wanted,
        kinds=KINDS,
        sends=settings().sends_mail,
        failure=failure,
        zone=viewer.time_zone,
        done="done" in request.args,
    )


@pages.post("/preferences/mail")
@only()
def keep_mails() -> Response:
    """Keeps the choice, from now on."""
    viewer, now = person(), clock()
    chosen = set(request.form.getlist("kind"))
    with writing(database().engine) as connection:
        for kind in mail_wishes.kinds_for(viewer.principal.roles):
            mail_wishes.choose(connection, viewer.id, kind, kind.value in chosen, now)
    return led_to(url_for("web.mails", done=1))
