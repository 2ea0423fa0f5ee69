"""The one blueprint of all pages, and what every page is sent with.

Owns the security headers: scripts run by nonce alone, styles, fonts and everything else come from this host, nobody
else may frame a page. Static files are named with their digest, so that browsers may keep them.
"""

import gzip
import hashlib
import secrets
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, g, render_template, request, url_for
from werkzeug.utils import redirect

from api import languages
from api.web import display

STATIC: Final = Path(__file__).parent / "static"
A_YEAR_SECONDS: Final = 365 * 24 * 3600

pages = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

for _name, _filter in display.FILTERS.items():
    pages.add_app_template_filter(_filter, _name)


def show(template: str, status: int = 200, **values: Any) -> Response:
    """A page, or a part of one, from `templates/web/`: files that end in `.html`, for only these Flask escapes."""
    html = render_template(
        f"web/{template}.html",
        nonce=nonce(),
        asset=asset,
        person=g.get("person"),
        tabs=g.get("tabs", ()),
        language=languages.spoken(),
        **values,
    )
    response = secured(Response(html, status, content_type="text/html; charset=utf-8"))
    response.content_language.add(languages.spoken())
    response.vary.update(("Accept-Language", "Cookie"))
    return response


def led_to(address: str) -> Response:
    """Sends the reader on to another page of ours."""
    response = redirect(address, Response=Response)
    assert isinstance(response, Response), "the class that was asked for"
    return response


def nonce() -> str:
    """This request's."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file, which changes with its content."""
    return url_for("web.static", filename=name, v=_digest(name))


def secured(response: Response, *, framed: bool = False) -> Response:
    """The page with the headers that every page has; a file that is `framed` may stand inside a page of ours."""
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'nonce-{nonce()}'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors '{'self' if framed else 'none'}'"
    )
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "SAMEORIGIN" if framed else "DENY"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    return response


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress((STATIC / name).read_bytes(), mtime=0)


@pages.after_request
def _keep_static(response: Response) -> Response:
    """Static files may be kept for as long as their name stands, and go compressed; pages are neither: what is secret
    in them could be guessed by their length."""
    if request.endpoint == "web.static" and response.status_code in (200, 304) and "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR_SECONDS}, immutable"
        name = str((request.view_args or {})["filename"])
        if name.endswith((".css", ".js")):
            response.vary.add("Accept-Encoding")
            if response.status_code == 200 and request.accept_encodings["gzip"]:
                response.close()
                response.direct_passthrough = False
                response.set_data(_compressed(name))
                response.content_encoding = "gzip"
    return response
