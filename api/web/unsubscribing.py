"""Stopping a kind of mail from the mail itself, without a login: by the mailbox's own button (RFC 8058) or by a page.

Owns a blueprint of its own, because nobody's session has a say in it: the signed token says whose mail it is. A look
changes nothing; mailboxes and their scanners open every link.
"""

from uuid import UUID

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from api.databases import database
from api.mail import unsubscribing
from api.mail.writing import KINDS
from api.units import clock, settings
from api.web.blueprint import show
from ledger.domain.mailing import MailKind
from ledger.services import mail_wishes
from ledger.store.engine import writing

blueprint = Blueprint("unsubscribing", __name__)


@blueprint.get(f"{unsubscribing.PATH}/<token>")
def ask(token: str) -> Response:
    """Ask whether this kind is to be stopped."""
    _, kind = _meant(token)
    return show("unsubscribe", kind=KINDS[kind], done=False)


@blueprint.post(f"{unsubscribing.PATH}/<token>")
def stop(token: str) -> Response:
    """Stop it. Once more changes nothing."""
    user_id, kind = _meant(token)
    with writing(database().engine) as connection:
        mail_wishes.choose(connection, user_id, kind, False, clock())
    return show("unsubscribe", kind=KINDS[kind], done=True)


def _meant(token: str) -> tuple[UUID, MailKind]:
    """Whose mail of which kind. A token that is not ours is no address of ours."""
    found = unsubscribing.meant(settings().secret_key, token)
    if found is None:
        raise NotFound
    return found
