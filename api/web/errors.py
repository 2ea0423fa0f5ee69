"""Refusals as pages: what is not possible, why, and where to go from here.

Owns the page for every error of the web, in words that belong to a person. Whether an address that nobody knows gets
a page or a problem document depends on who asks. Which status a refusal becomes stays with `api.problems`.
"""

from typing import Final

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound

from api import problems
from api.languages import gettext, marked
from api.web.blueprint import pages, show
from ledger.domain.errors import Refusal, Unknown
from ledger.services import Kept

HEADLINES: Final = {
    400: marked("That form could not be read"),
    403: marked("This is not yours to open"),
    404: marked("There is nothing here"),
    405: marked("This page takes no such request"),
    409: marked("That is not possible now"),
    412: marked("It has changed since you looked"),
    413: marked("That is too large"),
    422: marked("The terms do not allow that"),
    429: marked("Too many attempts"),
    500: marked("Something went wrong here"),
    503: marked("Not available at the moment"),
}
ADVICE: Final = {
    400: marked("Go back, load the page again and repeat what you did."),
    404: marked("The address may be mistyped, or it belongs to somebody else."),
    413: marked("A form takes up to five files of 10 MiB each. Nothing was kept; go back and send less."),
    500: marked("It was not your fault, and nothing was half done. Tell the operator the number below."),
    503: marked("Nothing was done. Try again in a moment."),
}


def register(app: Flask) -> None:
    """An address that no route has: a page for a browser, a problem for a client."""
    app.register_error_handler(NotFound, _not_found)


def page(status: int, detail: str | None = None) -> Response:
    """The error page."""
    return show(
        "error",
        status,
        code=status,
        headline=gettext(HEADLINES.get(status, marked("That did not work"))),
        detail=detail,
        advice=gettext(ADVICE[status]) if status in ADVICE else None,
        request_id=g.get("request_id") if status == 500 else None,
    )


def _not_found(error: NotFound) -> Response:
    reads_pages = request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"
    if request.path.startswith(("/v1/", "/hooks/")) or not reads_pages:
        return problems.on_http_exception(error)
    return page(404)


@pages.errorhandler(Refusal)
def _refused(refusal: Refusal) -> Response:
    problem = problems.problem_of(refusal)
    detail = None if isinstance(refusal, Unknown) else refusal.detail
    response = page(problem.status, detail)
    response.headers.update({name: value for name, value in problem.headers.items() if name == "Retry-After"})
    return response


@pages.errorhandler(Kept)
def _kept(kept: Kept) -> Response:
    return _refused(kept.refusal)


@pages.errorhandler(CSRFError)
def _forged(_error: CSRFError) -> Response:
    return page(400, gettext("The form was too old, or your browser kept no cookie."))


@pages.errorhandler(HTTPException)
def _failed(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response(request.environ)  # type: ignore[return-value]  # werkzeug types its own class
    return page(500 if isinstance(error, InternalServerError) else error.code)
