"""The OpenAPI document and the page that shows it, without any other host.

Owns the API's description, the shared components and `/docs` (Swagger UI, vendored under `static/swagger-ui`).
"""

import json
import secrets
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any, Final

from flask import Blueprint, Flask, Response, render_template
from flask_smorest import Api
from flask_smorest.utils import prepare_response
from markdown_it import MarkdownIt
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from api import illustrations
from api.codes import CODES
from api.endpoints import ETAG, PARAMETERS, Resource
from api.fields import OPENAPI
from api.problems import MEDIA_TYPE, TITLES, on_http_exception
from api.schemas.problem import Problem

DESCRIPTION: Final = """
Decides what a sales appointment is worth, by terms that both sides accepted, and bills exactly that.
Begin with [your first appointment in five minutes](/docs/first-appointment).

* **Keys.** `Authorization: Bearer al_…`; each operation names the roles of which a key needs one.
  A wrong or revoked key is 401, the wrong role 403, somebody else's row 404.
* **Commands.** Every POST takes an `Idempotency-Key`; the same key and body give the same answer again.
* **Refusals** are `application/problem+json` with a stable `code`, and `errors` (400) or `violations` (422).
* **Money** is a whole number of minor units beside an ISO 4217 code; **instants** are RFC 3339 with an offset in,
  UTC out.
* **Lists** are newest first; `next_cursor` is the `cursor` of the next page.
"""

SETTINGS: Final[dict[str, Any]] = {
    "API_TITLE": "Appointment Ledger",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.1",
    "OPENAPI_URL_PREFIX": "/",
    "OPENAPI_JSON_PATH": "openapi.json",
}


class LedgerApi(Api):
    """flask-smorest's Api with problems instead of its own errors, and a document made when it is first asked for.

    Most processes (workers, commands, all but one of the server's) never show the document, and making it takes
    longer than everything else that an application does before its first answer.
    """

    ERROR_SCHEMA = Problem
    DEFAULT_ERROR_RESPONSE_NAME = None
    """Every status is told; none is left to a catch-all."""

    def __init__(self, app: Flask, **options: Any) -> None:
        self._resources: list[Resource] = []
        self._making = Lock()
        super().__init__(app, **options)

    def _init_spec(self, **options: Any) -> None:
        """Waits for the first reader."""

    def register_blueprint(self, blp: Resource) -> None:
        """Adds the resource's paths to the application, and its place in the document."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp)
        self._resources.append(blp)

    @cached_property
    def _document(self) -> str:
        super()._init_spec(**self._spec_kwargs)
        self.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer", "bearerFormat": "al_…"})
        for resource in self._resources:
            resource.register_views_in_doc(self, self._app, self.spec, name=resource.name, parameters=None)
            self.spec.tag({"name": resource.name, "description": resource.description})
        document = self.spec.to_dict()
        illustrations.show_examples(document)
        illustrations.show_links(document)
        illustrations.show_codes(document)
        return json.dumps(document, indent=2)

    def _openapi_json(self) -> Response:
        with self._making:
            document = self._document
        return Response(document, mimetype="application/json")

    def handle_http_exception(self, error: HTTPException) -> Response:
        return on_http_exception(error)

    def _register_responses(self) -> None:
        """Every refusal as a component: its media type, and the codes that come with its status."""
        for status, codes in CODES.items():
            told = {"properties": {"status": {"const": status}, "code": {"enum": list(codes)}}}
            shown = {
                "type": f"urn:appointment-ledger:problem:{codes[0]}",
                "title": TITLES[status],
                "status": status,
                "detail": "What is wrong, for a person to read.",
                "instance": "/v1/appointments",
                "code": codes[0],
            }
            response = {"description": TITLES[status], "schema": {"allOf": [Problem, told]}, "example": shown}
            prepare_response(response, self.spec, MEDIA_TYPE)
            self.spec.components.response(HTTPStatus(status).name, response, lazy=True)

    def _register_etag_headers(self) -> None:
        for name, parameter in PARAMETERS.items():
            self.spec.components.parameter(name, "header", parameter, lazy=True)
        self.spec.components.header("ETAG", ETAG, lazy=True)


def make_api(app: Flask) -> LedgerApi:
    """A fresh Api for this application; resources register with it."""
    app.config.update(SETTINGS)
    api = LedgerApi(
        app,
        spec_kwargs={
            "info": {"description": DESCRIPTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
            "servers": [{"url": "/"}],
        },
    )
    for field, (kind, form) in OPENAPI.items():
        api.register_field(field, kind, form)
    return api


pages = Blueprint("docs", __name__, template_folder="templates", static_folder="static", static_url_path="/docs/static")


GUIDE: Final = "first-appointment.md"
PACKAGED: Final = Path(__file__).with_name("guides")
"""Where an installed package has the guide; a checkout has it under `docs`."""


@pages.get("/docs")
def show_documentation() -> Response:
    """The API's documentation, to read and to try."""
    return _page("docs.html.j2", "script-src 'nonce-{}'; style-src 'self' 'unsafe-inline'; connect-src 'self'")


@pages.get("/docs/first-appointment")
def show_guide() -> Response:
    """The way to a first appointment, with scripts to copy."""
    folder = PACKAGED if PACKAGED.is_dir() else Path(__file__).parents[1] / "docs"
    text = (folder / GUIDE).read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("# ")
    # The guide is ours; HTML in it would still be shown and not run.
    html = Markup(MarkdownIt("commonmark", {"html": False}).render(text))  # noqa: S704 - our own file
    return _page("guide.html.j2", "style-src 'nonce-{}'", title=title, text=html)


def _page(template: str, allowed: str, **values: Any) -> Response:
    """A page that may do what is `allowed`, and speak to no other host."""
    nonce = secrets.token_urlsafe(16)
    page = Response(render_template(template, nonce=nonce, **values), content_type="text/html; charset=utf-8")
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; {allowed.format(nonce)}; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page
