"""Every refusal as an answer: the only place that knows which HTTP status a refusal becomes.

Owns the mapping, the problem document (RFC 9457) and the handlers for what nobody foresaw. Refuses to show a
traceback, a statement or a parameter to anybody: a 500 holds the request's id alone.
"""

import logging
import sqlite3
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, g, request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError

from api.refusals import TooLarge, TooMany, UnsupportedType
from ledger.domain.errors import (
    Conflict,
    IllegalMove,
    Malformed,
    NotAllowed,
    Refusal,
    Refused,
    Unauthenticated,
    Unavailable,
    Unknown,
    VersionMismatch,
    WindowClosed,
)
from ledger.services import Kept
from ledger.store.engine import UNIQUE_VIOLATION, Contended

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2

STATUS: dict[type[Refusal], int] = {
    Malformed: 400,
    Unauthenticated: 401,
    NotAllowed: 403,
    Unknown: 404,
    IllegalMove: 409,
    WindowClosed: 409,
    Conflict: 409,
    VersionMismatch: 412,
    TooLarge: 413,
    UnsupportedType: 415,
    Refused: 422,
    TooMany: 429,
    Unavailable: 503,
}

TITLES: dict[int, str] = {
    400: "The request is malformed",
    401: "A valid key is needed",
    403: "Not allowed",
    404: "Not found",
    405: "This method is not taken here",
    409: "The state does not allow it",
    412: "It has changed since",
    413: "Too large",
    415: "This content type is not taken",
    422: "A rule says no",
    428: "Name the version you read",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not available at the moment",
}

CODES: dict[int, str] = {
    400: "malformed",
    404: Unknown.default_code,
    405: "method_not_allowed",
    413: TooLarge.default_code,
    415: UnsupportedType.default_code,
    500: "internal_error",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal on its way out."""

    status: int
    code: str
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {
            "type": f"urn:appointment-ledger:problem:{self.code}",
            "title": TITLES.get(self.status, HTTPStatus(self.status).phrase),
            "status": self.status,
            "detail": self.detail,
            "instance": request.path,
            "code": self.code,
            **self.extra,
        }

    def body(self) -> bytes:
        return orjson.dumps(self.document())

    def response(self) -> Response:
        return Response(self.body(), self.status, dict(self.headers), content_type=MEDIA_TYPE)


def problem_of(refusal: Refusal) -> Problem:
    """What a refusal looks like from outside."""
    status = next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)
    extra: dict[str, Any] = {}
    headers: dict[str, str] = {}
    match refusal:
        case Malformed() if refusal.errors:
            extra["errors"] = [{"pointer": e.pointer, "detail": e.detail} for e in refusal.errors]
        case Refused() if refusal.violations:
            extra["violations"] = [{"clause": v.clause, "code": v.code, "detail": v.detail} for v in refusal.violations]
        case Conflict() if refusal.existing_id is not None:
            extra["existing_id"] = refusal.existing_id
        case VersionMismatch() if refusal.code == "version_required":
            status = 428
        case Unauthenticated():
            headers["WWW-Authenticate"] = 'Bearer realm="appointment-ledger"'
        case TooMany():
            headers["Retry-After"] = str(refusal.retry_after)
        case Unavailable():
            headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        case _:
            pass
    return Problem(status, refusal.code, refusal.detail, extra, headers)


def register(app: Flask) -> None:
    """Turns whatever a view raises into a problem."""
    app.register_error_handler(Refusal, lambda refusal: problem_of(refusal).response())
    app.register_error_handler(Kept, lambda kept: problem_of(kept.refusal).response())
    app.register_error_handler(PoolTimeout, _busy)
    app.register_error_handler(IntegrityError, _conflicting)
    app.register_error_handler(Contended, _contended)
    app.register_error_handler(HTTPException, on_http_exception)
    app.log_exception = _log_exception  # type: ignore[method-assign]  # Flask asks for a subclass


def on_http_exception(error: HTTPException) -> Response:
    """What Flask and its extensions raise: 404, 405, 413, 500 and their like."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response(request.environ)  # type: ignore[return-value]  # werkzeug types its own class
    if isinstance(error, InternalServerError):
        detail = "It was not your request's fault. Tell the operator the request's id."
        return Problem(500, CODES[500], detail, {"request_id": g.get("request_id", "")}).response()
    code = CODES.get(error.code, HTTPStatus(error.code).name.lower())
    detail = Unknown.default_detail if error.code == 404 else error.description or error.name
    kept = ("Allow", "Retry-After", "WWW-Authenticate")
    headers = {name: value for name, value in error.get_headers(request.environ) if name in kept}
    return Problem(error.code, code, detail, headers=headers).response()


def _busy(_error: PoolTimeout) -> Response:
    return problem_of(Unavailable("every database connection is busy; nothing was done", code="busy")).response()


def _contended(error: Contended) -> Response:
    """Tried again and still in the way: at a unique row it is a conflict, at a lock it is worth another try."""
    if isinstance(error.__cause__, IntegrityError):
        return _conflicting(error.__cause__)
    return problem_of(error).response()


def _conflicting(error: IntegrityError) -> Response:
    """A unique row is taken. Any other broken constraint is a bug of ours."""
    unique = getattr(error.orig, "sqlstate", None) == UNIQUE_VIOLATION or (
        getattr(error.orig, "sqlite_errorcode", None)
        in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
    )
    if not unique:
        raise error
    taken = Conflict("something else took its place at the same moment; read again", code="concurrent_change")
    return problem_of(taken).response()


def _log_exception(exc_info: Any) -> None:
    """Where it went wrong, never with what: messages and statements may hold personal data."""
    kind, _, frames = exc_info
    where = "".join(traceback.format_tb(frames))
    rule = request.url_rule.rule if request.url_rule else "?"
    log.error(
        "unhandled %s in %s %s [request %s]\n%s", kind.__name__, request.method, rule, g.get("request_id", "-"), where
    )
