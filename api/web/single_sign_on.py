"""Logging in through an OpenID provider, where one is configured: there and back, and on as after a password.

Owns which person a proof belongs to and what is asked of them still: a role that needs a second factor shows it here,
unless the provider says that it has asked for two. Every refusal looks the same; why stands in the log.
"""

import importlib
import logging
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final

from flask import Flask, Response, current_app, request, session, url_for
from sqlalchemy import RowMapping

from api import openid
from api.databases import database
from api.languages import gettext
from api.openid import Asked, NotProved, Proof, Provider
from api.settings import Settings
from api.units import clock, settings
from api.web.accounts import second_step
from api.web.blueprint import led_to, pages, show
from ledger.domain.errors import Unknown
from ledger.services import identities
from ledger.store.engine import reading, writing
from ledger.store.logins import PROVIDER

EXTENSION: Final = "appointment-ledger-openid"
THERE_AND_BACK: Final = timedelta(minutes=10)
SESSION: Final = "asked"

log = logging.getLogger(__name__)


def register(app: Flask, found: Settings) -> None:
    """Raises ValueError where the settings are incomplete or the optional package is missing."""
    given = (found.oidc_issuer, found.oidc_client_id, found.oidc_client_secret)
    app.jinja_env.globals["single_sign_on"] = any(given)
    if not any(given):
        return
    if not all(given):
        raise ValueError("OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET belong together")
    try:
        importlib.import_module("joserfc.jwt")
    except ImportError as error:
        raise ValueError("OIDC_ISSUER needs the extra package: pip install appointment-ledger[oidc]") from error
    app.extensions[EXTENSION] = Provider(*given)


def provider() -> Provider:
    """The configured one. Raises `Unknown` where there is none."""
    found = current_app.extensions.get(EXTENSION)
    if found is None:
        raise Unknown
    assert isinstance(found, Provider)
    return found


@pages.get("/login/provider")
def to_provider() -> Response:
    """Off to the provider."""
    asked, to = Asked.anew(), request.args.get("to", "")
    try:
        address = openid.authorization_url(provider(), asked, _redirect_uri(), again="again" in request.args)
    except NotProved as error:
        return _refused(str(error))
    session[SESSION] = {**asdict(asked), "to": to, "since": int(clock().timestamp())}
    return led_to(address)


@pages.get("/login/provider/callback")
def from_provider() -> Response:
    """Back again, with a code that is good once."""
    known, now, kept = provider(), clock(), session.pop(SESSION, None)
    if not isinstance(kept, dict) or now >= datetime.fromtimestamp(kept["since"], UTC) + THERE_AND_BACK:
        return _refused("no login was begun in this browser, or long ago")
    asked = Asked(kept["state"], kept["nonce"], kept["verifier"])
    try:
        proof = openid.proof(known, asked, _redirect_uri(), request.args, now)
    except NotProved as error:
        return _refused(str(error))
    user = _person(known, proof, now)
    if user is None or user["disabled_at"] is not None:
        return _refused("nobody here has this identity")
    return second_step(
        user, now, kept["to"], PROVIDER, asked=not proof.second_factor, proved_at=proof.proved_at or NEVER
    )


NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When somebody was asked for a password whose provider does not say."""


def _person(known: Provider, proof: Proof, now: datetime) -> RowMapping | None:
    with reading(database().engine) as connection:
        user = identities.found(connection, known.issuer, proof.subject)
    if user is not None or proof.email is None:
        return user
    with writing(database().engine) as connection:
        return identities.bind(connection, known.issuer, proof.subject, proof.email, now)


def _redirect_uri() -> str:
    return settings().public_url + url_for("web.from_provider")


def _refused(why: str) -> Response:
    log.warning("a login through the provider was refused: %s", why)
    wrong = gettext(
        "The provider’s answer lets nobody in here. Try again; if it stays so, your account may be missing, disabled "
        "or under another e-mail address: ask your administrator."
    )
    return show("login", 401, to="", email="", wrong=wrong)
