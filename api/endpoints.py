"""How a resource declares its operations: one decorator for what reads, one for what writes.

Owns the registration of views and their description for the OpenAPI document, error statuses and headers
included, so that a view is left with what is particular to it. See `api.resources` for the pattern.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import nullcontext
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, Final

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema

from api import csv_bodies, ndjson, strict_json, uploads
from api.collecting import collecting_afterwards
from api.schemas import Page, page_of
from api.strict_json import Reader
from api.units import CommandView, Prepare, QueryView, answer_command, answer_query, may_be_empty, settings

IDEMPOTENCY_KEY: Final = "IDEMPOTENCY_KEY"
IF_MATCH: Final = "IF_MATCH"
IF_NONE_MATCH: Final = "IF_NONE_MATCH"

PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    IDEMPOTENCY_KEY: {
        "name": "Idempotency-Key",
        "description": "The same key with the same body gets the same answer again and has no second effect; "
        "with another body it is refused (422). Keys do not expire.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    IF_MATCH: {
        "name": "If-Match",
        "description": "An ETag as it was read; refused (412) if the resource has changed since.",
        "schema": {"type": "string"},
    },
    IF_NONE_MATCH: {
        "name": "If-None-Match",
        "description": "An ETag as it was read; 304 if nothing has changed since.",
        "schema": {"type": "string"},
    },
}
"""Request headers that operations share, by the name of their component."""

ETAG: Final[dict[str, Any]] = {
    "description": "The version that was read, for If-Match and If-None-Match; a weak one is for If-None-Match alone.",
    "schema": {"type": "string"},
}

BYTES: Final[dict[str, str]] = {"type": "string"}
"""The schema of an answer that is not JSON."""

_READS: Final = (400, 401, 403, 429, 503)
_WRITES: Final = (400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503)


class Resource(Blueprint):
    """A blueprint whose views take a `Query` or a `Command` and give back an `Answer`."""

    def __init__(self, name: str, *, description: str, prefix: str = "/v1") -> None:
        super().__init__(name, __name__, url_prefix=prefix, description=description)
        self._prepare_doc_cbks.append(_describe_headers)

    def query(
        self,
        rule: str,
        *,
        roles: Collection[str],
        answers: type[Schema] | None = None,
        arguments: type[Schema] | None = None,
        media_type: str | None = None,
        versioned: bool = False,
        or_csv: bool = False,
        finds: bool = False,
        also: tuple[int, ...] = (),
    ) -> Callable[[QueryView], QueryView]:
        """Declares a GET. `versioned` answers carry an ETag that commands match, others of a path with an id one
        for caches; `media_type` is for answers that are not JSON.

        Those that can be asked for in another format than JSON are `or_csv`. One whose arguments name what may not be
        there `finds` it (404), as one with a name in its path always does. `also` are statuses that others do not have.
        """
        schema = arguments() if arguments else None

        def declare(view: QueryView) -> QueryView:
            @wraps(view)
            def endpoint(**path: Any) -> Response:
                return answer_query(view, roles, schema, path)

            shown = answers or (BYTES if media_type else None)
            by_id = "<" in rule and media_type is None
            tagged = {"ETag": "ETAG"} if versioned or by_id else None
            described = self.response(200, shown, content_type=media_type, description=_said(200), headers=tagged)(
                endpoint
            )
            if or_csv:
                table = {200: {"content": {csv_bodies.MEDIA_TYPE: {"schema": BYTES}}}}
                described = self.doc(responses=table)(described)
            if arguments is not None:
                described = self.arguments(arguments, location="query", error_status_code=400)(described)
            if tagged is not None:
                described = self.alt_response(304, description="Nothing has changed.")(described)
            headers = [IF_NONE_MATCH] if tagged is not None else []
            statuses = (*_statuses(rule, _READS, finds=finds), *also)
            self._declare(rule, "GET", endpoint, described, roles, statuses, headers)
            return view

        return declare

    def open_query(
        self, rule: str, *, answers: type[Schema] | None = None, media_type: str | None = None
    ) -> Callable[[Callable[[], Response]], Callable[[], Response]]:
        """Declares a GET that needs no key and opens no transaction."""

        def declare(view: Callable[[], Response]) -> Callable[[], Response]:
            shown = answers or (BYTES if media_type else None)
            described = self.response(200, shown, content_type=media_type, description=_said(200))(view)
            self._declare(rule, "GET", view, described, (), (503,), [])
            return view

        return declare

    def open_command(
        self, rule: str, *, statuses: Iterable[int], body: Mapping[str, Any], status: int = 204
    ) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """Declares a POST that needs no key, because what it takes proves itself; the view opens its transactions."""

        def declare(view: Callable[..., Response]) -> Callable[..., Response]:
            described = self.response(status, description=_said(status))(view)
            described = self.doc(requestBody=body)(described)
            self._declare(rule, "POST", view, described, (), statuses, [])
            return view

        return declare

    def listing(
        self,
        rule: str,
        *,
        roles: Collection[str],
        item: type[Schema],
        arguments: type[Page] = Page,
    ) -> Callable[[QueryView], QueryView]:
        """Declares a GET of a page of items; the view answers with `Query.page`."""
        return self.query(rule, roles=roles, answers=page_of(item), arguments=arguments)

    def command(
        self,
        rule: str,
        *,
        roles: Collection[str],
        takes: type[Schema] | None = None,
        answers: type[Schema] | None = None,
        status: int = 200,
        or_else: int | None = None,
        method: str = "POST",
        limit: int | None = None,
        prepare: Prepare | None = None,
        reads: Reader = strict_json.read,
        lines: bool = False,
    ) -> Callable[[CommandView], CommandView]:
        """Declares what writes. `prepare` turns the checked body into another one before the transaction opens.

        `or_else` is another status that the same answer may have. Without `takes` the body may be empty or `{}`;
        `limit` is the largest body in bytes. `uploads.json_or_form` as `reads` takes a file too, `ItemsAsCsv` a CSV.
        A body of `items` may come as `lines` of NDJSON without a limit; the view gets each of them as bytes.
        """
        schema = takes() if takes else None

        def declare(view: CommandView) -> CommandView:
            @wraps(view)
            def endpoint(**path: Any) -> Response:
                answer = partial(answer_command, view, roles, schema, path, status=status, limit=limit, prepare=prepare)

                def answering(part: int | None, reads: Reader) -> Response:
                    with collecting_afterwards() if lines else nullcontext():
                        return answer(reads=reads, part=part)

                if lines and ndjson.is_sent():
                    return ndjson.answer_lines(answering, settings().max_body_bytes)
                return answering(None, reads)

            described = self.response(status, answers, description=_said(status))(endpoint)
            if or_else is not None:
                described = self.alt_response(or_else, schema=answers, description=_said(or_else))(described)
            if takes is not None:
                needed = not may_be_empty(schema)
                described = self.arguments(takes, location="json", required=needed, error_status_code=400)(described)
            if reads is uploads.json_or_form:
                described = self.doc(requestBody={"content": {"multipart/form-data": {"schema": takes}}})(described)
            if isinstance(reads, csv_bodies.ItemsAsCsv):
                described = self.doc(requestBody={"content": {csv_bodies.MEDIA_TYPE: {"schema": BYTES}}})(described)
            if lines:
                described = self.doc(requestBody={"content": {ndjson.MEDIA_TYPE: {"schema": BYTES}}})(described)
            headers = [IDEMPOTENCY_KEY, IF_MATCH] if method == "POST" else [IF_MATCH]
            self._declare(rule, method, endpoint, described, roles, _statuses(rule, _WRITES), headers)
            return view

        return declare

    def _declare(
        self,
        rule: str,
        method: str,
        endpoint: Callable[..., Response],
        described: Callable[..., Response],
        roles: Collection[str],
        statuses: Iterable[int],
        headers: list[str],
    ) -> None:
        for status in statuses:
            described = self.alt_response(status, response=HTTPStatus(status).name)(described)
        security: list[dict[str, list[str]]] = [{"key": sorted(roles)}] if roles else []
        described = self.doc(operationId=endpoint.__name__, security=security)(described)
        # flask-smorest's decorators describe the view and would also run it: here they only describe.
        endpoint.__dict__["_apidoc"] = {**described.__dict__["_apidoc"], "headers": headers}
        if roles:
            endpoint.__doc__ = f"{(endpoint.__doc__ or '').rstrip()}\n\nRoles: {', '.join(sorted(roles))}."
        self.add_url_rule(rule, endpoint.__name__, endpoint, methods=[method])


def _statuses(rule: str, statuses: tuple[int, ...], *, finds: bool = False) -> tuple[int, ...]:
    return (*statuses, 404) if finds or ("<" in rule and 404 not in statuses) else statuses


def _said(status: int) -> str:
    return {200: "Done.", 201: "Created.", 202: "Taken; it goes on in the background.", 204: "Done."}.get(
        status, "Done."
    )


def _describe_headers(doc: dict[str, Any], doc_info: Mapping[str, Any], **_: Any) -> dict[str, Any]:
    """Adds the shared headers after flask-smorest has written the query's own parameters."""
    doc.setdefault("parameters", []).extend(doc_info.get("headers", []))
    return doc
