"""One request as one unit of work: authenticated, checked, done and answered inside one transaction.

Owns the order of things: who asks (401, 403) before what is asked (400), the claim on the idempotency key before the
effect, the answer kept with the effect. A refusal undoes the effect, unless the service said `Kept`; either way the
same key brings the same refusal again. What the database itself refuses is never answered as done.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, current_app, g, request
from marshmallow import Schema
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select

from api import auth, etags, idempotency, limits, problems, strict_json
from api.auth import FailedKeys, Principal
from api.cursors import Listing
from api.databases import database
from api.handing_out import handed_out
from api.idempotency import Claim, Rendered
from api.limits import Limits
from api.schemas import load
from api.settings import Settings
from api.strict_json import Reader
from ledger.domain.encoding import dumps
from ledger.domain.errors import (
    Conflict,
    IllegalMove,
    Refusal,
    Refused,
    Unauthenticated,
    VersionMismatch,
    WindowClosed,
)
from ledger.services import Kept, access, sandboxes
from ledger.store.engine import Contended, reading, writing

ATTEMPTS: Final = 4
"""How often a command is tried that stood in somebody's way: the second time it sees what the other one did."""

JSON: Final = "application/json"
SETTINGS: Final = "appointment-ledger-settings"
LIMITS: Final = "appointment-ledger-limits"
FAILED_KEYS: Final = "appointment-ledger-failed-keys"
CLOCK: Final = "appointment-ledger-clock"

FINAL_REFUSALS: Final = (Refused, IllegalMove, WindowClosed, Conflict)
"""Refusals that a repeated command gets again; all others are judged anew, for nothing was decided."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a view gives back: a JSON value (None: no body). `version` becomes the ETag.

    `confidential` answers hold a secret that is shown once and are never kept in the clear. `then` is done once the
    effect is committed, before the answer goes out; what it refuses is on record elsewhere and changes no answer.
    """

    body: Any = None
    status: int | None = None
    version: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    confidential: bool = False
    then: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A request that only reads, in one snapshot. `arguments` are the checked query parameters."""

    connection: Connection
    principal: Principal
    now: datetime
    arguments: Mapping[str, Any]

    def listing(self, most: int | None = None) -> Listing:
        """The page asked for, of `most` items at the most; its cursor is bound to this list and these filters."""
        filters = {name: value for name, value in self.arguments.items() if name not in ("limit", "cursor")}
        scope = f"{request.path}\n{dumps(filters, sort=True).decode()}"
        limit = min(self.arguments["limit"], most or self.arguments["limit"])
        return Listing(limit, self.arguments["cursor"], scope, settings().secret_key)

    def page(
        self,
        query: Select[Any],
        keys: Sequence[ColumnElement[Any]],
        render: Callable[[RowMapping], Any],
        *,
        most: int | None = None,
    ) -> Answer:
        """A list's answer: `{"items", "next_cursor"}`, newest first by `keys`. The query carries the tenant."""
        rows, following = self.listing(most).rows(self.connection, query, keys)
        return Answer({"items": [render(row) for row in rows], "next_cursor": following})


@dataclass(slots=True)
class Expectation:
    """The version that `If-Match` named. One that nobody has compared is not met, for there is none to compare."""

    version: int | None
    compared: bool = False

    def check(self) -> None:
        """Raises `VersionMismatch` where it was not compared."""
        if self.version is not None and not self.compared:
            raise VersionMismatch("what this command is about has no version to match")


@dataclass(frozen=True, slots=True)
class Command:
    """A request that writes. `body` is checked."""

    connection: Connection
    principal: Principal
    now: datetime
    body: Any
    expectation: Expectation

    @property
    def expected_version(self) -> int | None:
        """What `If-Match` named; whoever asks compares it."""
        self.expectation.compared = True
        return self.expectation.version


QueryView = Callable[..., Answer | Response]
CommandView = Callable[..., Answer]
Prepare = Callable[[Any, Principal, Mapping[str, Any]], Any]
"""From the checked body, who asks and the path to another body, before the transaction that writes is opened."""


Then = Callable[[], None] | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command came with, read before its transaction; `fault` is told only to who may ask."""

    body: Any = None
    key: str | None = None
    request_hash: str = ""
    expected_version: int | None = None
    fault: Refusal | None = None


def clock() -> datetime:
    """The only clock that commands go by; an application under `CLOCK` may bring another one, as a simulation does."""
    told = current_app.extensions.get(CLOCK)
    return datetime.now(UTC) if told is None else told()


def _told(connection: Connection, principal: Principal, now: datetime) -> datetime:
    """The time that a request goes by: in the test mode, that of its sandbox."""
    return sandboxes.now_in(connection, principal.organisation_id, now) if principal.is_test else now


def _note_use(principal: Principal) -> None:
    """Puts the use of a key on record; where that cannot be done now, the next request does it."""
    now = clock()
    if not access.is_noted(principal, now):
        with suppress(Refusal), writing(database().engine) as connection:
            access.note_use(connection, principal, now)


def settings() -> Settings:
    """The current application's."""
    found = current_app.extensions[SETTINGS]
    assert isinstance(found, Settings)
    return found


def answer_query(
    view: QueryView, roles: Collection[str], arguments: Schema | None, path: Mapping[str, Any]
) -> Response:
    """Runs a reading view in one snapshot. What a path names by an id is tagged, so that it need not be sent twice."""
    secret = _secret()
    with reading(database().engine) as connection:
        now = clock()
        principal = _authenticated(connection, secret, roles, now)
        now = _told(connection, principal, now)
        answer = view(Query(connection, principal, now, _query_arguments(arguments)), **path)
    _note_use(principal)
    if isinstance(answer, Response):
        return handed_out(answer, principal, now)
    return _conditional(render(answer, 200), tagged=bool(path))


def answer_command(
    view: CommandView,
    roles: Collection[str],
    schema: Schema | None,
    path: Mapping[str, Any],
    *,
    status: int,
    limit: int | None = None,
    prepare: Prepare | None = None,
    reads: Reader = strict_json.read,
    part: int | None = None,
) -> Response:
    """Runs a writing view in one transaction, once per idempotency key, or per numbered `part` of one."""
    secret = _secret()
    taken = _take(schema, reads, limit or settings().max_body_bytes, part)
    store = database()
    principal: Principal | None = None
    if store.is_sqlite or prepare is not None:
        # The writer's lock is for those who may write, and never waits for a password to be hashed.
        with reading(store.engine) as connection:
            principal = _authenticated(connection, secret, roles, clock())
        _raise(taken.fault)
        if prepare is not None:
            taken = replace(taken, body=prepare(taken.body, principal, path))
    for attempt in range(ATTEMPTS):
        try:
            rendered, then = _unit(store.engine, view, roles, taken, path, status, secret, principal)
        except Contended:
            if attempt + 1 == ATTEMPTS:
                raise
            continue
        if then is not None:
            with suppress(Refusal):
                then()
        return rendered.response()
    raise AssertionError("the last attempt answers or raises")


def _unit(
    engine: Engine,
    view: CommandView,
    roles: Collection[str],
    taken: Taken,
    path: Mapping[str, Any],
    status: int,
    secret: str,
    principal: Principal | None,
) -> tuple[Rendered, Then]:
    """The command in one transaction, and what is to be done after it. Raises `Contended` to be tried again."""
    claim: Claim | None = None
    then: Then = None
    try:
        with writing(engine) as connection:
            now = clock()
            if principal is None:
                principal = _authenticated(connection, secret, roles, now)
                _raise(taken.fault)
            now = _told(connection, principal, now)
            claim = _claim(taken, principal)
            if claim is not None and (kept := claim.take(connection, now)) is not None:
                return kept, None
            command = Command(connection, principal, now, taken.body, Expectation(taken.expected_version))
            rendered, then = _perform(view, command, path, status)
            if claim is not None:
                claim.fill(connection, rendered)
            if not access.is_noted(principal, now):
                access.note_use(connection, principal, now)
    except FINAL_REFUSALS as refusal:
        if claim is None:
            raise
        rendered = _remember(engine, claim, refused(refusal))
    return rendered, then


def refused(refusal: Refusal) -> Rendered:
    """A refusal as an answer that can be kept."""
    problem = problems.problem_of(refusal)
    return Rendered(problem.status, problem.body(), {**problem.headers, "Content-Type": problems.MEDIA_TYPE})


def render(answer: Answer, status: int) -> Rendered:
    """The answer's bytes and headers. Instants go out in UTC with a Z."""
    headers = dict(answer.headers)
    if answer.body is None:
        return Rendered(answer.status or status, b"", headers)
    body = dumps(answer.body)
    headers["Content-Type"] = JSON
    if answer.version is not None:
        headers["ETag"] = f'"{etags.tag(answer.version, body)}"'
    return Rendered(answer.status or status, body, headers, answer.confidential)


def _perform(view: CommandView, command: Command, path: Mapping[str, Any], status: int) -> tuple[Rendered, Then]:
    try:
        answer = view(command, **path)
    except Kept as kept:
        return refused(kept.refusal), None
    command.expectation.check()
    return render(answer, status), answer.then


def _remember(engine: Engine, claim: Claim, answer: Rendered) -> Rendered:
    """Keeps a refusal whose effect was undone; another's answer, if the key has got one in the meantime."""
    with writing(engine) as connection:
        kept = claim.take(connection, clock())
        if kept is not None:
            return kept
        claim.fill(connection, answer)
    return answer


def may_be_empty(schema: Schema | None) -> bool:
    """Whether a command can come without a body: where no field is needed, nothing means `{}`."""
    return schema is None or not any(field.required for field in schema.fields.values())


def _take(schema: Schema | None, reads: Reader, limit: int, part: int | None) -> Taken:
    try:
        key = idempotency.key_of(request, part) if request.method == "POST" else None
        expected = etags.expected_version(request)
        value = reads(request, limit, optional=may_be_empty(schema))
        body = load(schema or _NOTHING, {} if value is None else value)
        request_hash = "" if key is None else idempotency.fingerprint(request, value, settings().secret_key)
        return Taken(body, key, request_hash, expected)
    except Refusal as refusal:
        return Taken(fault=refusal)


def _claim(taken: Taken, principal: Principal) -> Claim | None:
    if taken.key is None:
        return None
    return Claim(principal.account, taken.key, taken.request_hash, settings().secret_key)


def _secret() -> str:
    """The key that came with the request. Without one, the database need not be asked."""
    secret = auth.secret_of(request)
    if secret is None:
        raise _wrong_key(clock())
    return secret


def _authenticated(connection: Connection, secret: str, roles: Collection[str], now: datetime) -> Principal:
    try:
        principal = auth.authenticate(connection, secret, now)
    except Unauthenticated:
        raise _wrong_key(now) from None
    g.actor = principal.actor
    _count(principal, now)
    auth.require(principal, roles)
    return principal


def _count(principal: Principal, now: datetime) -> None:
    """Counts a request once, however often its command is tried or how many parts it has. Raises `TooMany`."""
    if "standings" not in g:
        limiter = current_app.extensions[LIMITS]
        assert isinstance(limiter, Limits)
        g.standings = limiter.count(database().engine, principal, now)
        limits.check(g.standings)


def _wrong_key(now: datetime) -> Refusal:
    counter = current_app.extensions[FAILED_KEYS]
    assert isinstance(counter, FailedKeys)
    return counter.refusal(request.remote_addr or "", now)


def _query_arguments(schema: Schema | None) -> Mapping[str, Any]:
    given = request.args.to_dict(flat=False)
    flat = {name: values[0] if len(values) == 1 else values for name, values in given.items()}
    return load(schema or _NOTHING, flat)  # type: ignore[no-any-return]  # marshmallow gives Any


def _conditional(rendered: Rendered, *, tagged: bool) -> Response:
    """304 where the client has these bytes already."""
    known = rendered.headers.get("ETag") or (etags.weak(rendered.body) if tagged else None)
    response = rendered.response()
    if known is not None:
        response.headers["ETag"] = known
    response.headers["Cache-Control"] = "private, no-cache" if known else "no-store"
    if known and request.if_none_match.contains_weak(known.removeprefix("W/").strip('"')):
        response.status_code = 304
        response.set_data(b"")
        del response.headers["Content-Type"]
    return response


def _raise(fault: Refusal | None) -> None:
    if fault is not None:
        raise fault


_NOTHING: Final = Schema.from_dict({})()


def with_id(path: str, identity: UUID) -> dict[str, str]:
    """The headers that tell where a created resource is."""
    return {"Location": f"{path}/{identity}"}
