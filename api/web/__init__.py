"""The web pages: server-rendered, at `/`, for people with a session.

Owns how the pages join an application: the blueprint, the session cookie, the CSRF tokens, the page for what is not
there. The pages call the same services as the API and decide nothing themselves.
"""

from flask import Flask

from api.settings import Settings
from api.web import (
    accounts,
    agreements,
    appointment,
    books,
    calendars,
    definitions,
    disputes,
    documents,
    drafts,
    dry_runs,
    due,
    errors,
    evidence,
    explanation,
    home,
    inbox,
    months,
    opening,
    quality,
    sessions,
    settling,
)
from api.web.blueprint import pages

__all__ = ["VIEWS", "register"]

VIEWS = (
    accounts,
    agreements,
    appointment,
    books,
    calendars,
    definitions,
    disputes,
    documents,
    drafts,
    dry_runs,
    due,
    evidence,
    explanation,
    home,
    inbox,
    months,
    opening,
    quality,
    settling,
)
"""The modules whose views the blueprint has; importing them is what registers them."""


def register(app: Flask, settings: Settings) -> None:
    """Joins the pages to the application."""
    sessions.register(app, settings)
    app.register_blueprint(pages)
    errors.register(app)
