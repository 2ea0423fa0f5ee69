"""The web pages: server-rendered, at `/`, for people with a session.

Owns how the pages join an application: the blueprint, the session cookie, the CSRF tokens, the page for what is not
there. The pages call the same services as the API and decide nothing themselves.
"""

from flask import Flask

from api import languages
from api.settings import Settings
from api.web import (
    accounts,
    agreements,
    appointment,
    bank,
    books,
    calendars,
    confirming,
    connections,
    definitions,
    disputes,
    documents,
    drafts,
    dry_runs,
    due,
    endpoints,
    errors,
    evidence,
    explanation,
    glossary,
    home,
    inbox,
    keys,
    mails,
    months,
    offering,
    opening,
    organisations,
    own_account,
    payment_files,
    people,
    places,
    preferences,
    proving,
    quality,
    sessions,
    settling,
    single_sign_on,
    unsubscribing,
)
from api.web.blueprint import pages

__all__ = ["VIEWS", "register"]

VIEWS = (
    accounts,
    agreements,
    appointment,
    bank,
    books,
    calendars,
    confirming,
    connections,
    definitions,
    disputes,
    documents,
    drafts,
    dry_runs,
    due,
    endpoints,
    evidence,
    explanation,
    glossary,
    home,
    inbox,
    keys,
    mails,
    months,
    offering,
    opening,
    organisations,
    own_account,
    payment_files,
    people,
    places,
    preferences,
    proving,
    quality,
    settling,
    single_sign_on,
)
"""The modules whose views the blueprint has; importing them is what registers them."""


def register(app: Flask, settings: Settings) -> None:
    """Joins the pages to the application."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        languages.gettext, languages.counted, newstyle=True
    )
    sessions.register(app, settings)
    app.register_blueprint(pages)
    app.register_blueprint(unsubscribing.blueprint)
    errors.register(app)
    single_sign_on.register(app, settings)
