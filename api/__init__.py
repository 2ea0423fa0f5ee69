"""The edge: HTTP, web pages and the command line. Everything below it is called from here, with the time.

Owns `create_app`. The factory may run many times in one process: an application keeps its settings, its engine and
its counters to itself.
"""

import weakref
from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from api import documentation, logs, problems, tracing, traffic, web
from api import settings as configuration
from api.auth import FailedKeys
from api.databases import EXTENSION, SANDBOX, Database, SandboxDatabase
from api.limits import Limits
from api.resources import BLUEPRINTS
from api.units import FAILED_KEYS, LIMITS, SETTINGS
from invoices.storage import storage_at

__all__ = ["create_app"]


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The application. Settings come from the environment; `config` overrides them (see `api.settings`)."""
    settings = configuration.read(config)
    storage_at(settings.documents_url)  # a wrong address is told now, not with the first document
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a path is what it says: nobody is led elsewhere
    app.config.update(config or {})
    app.config.update(SECRET_KEY=settings.secret_key, TESTING=settings.testing)
    logs.configure(settings)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # as Flask wraps

    key, threads = settings.secret_key, settings.threads
    store = Database(settings.database_url, key=key, pool_size=max(8, threads))
    playground = SandboxDatabase(settings.sandbox_database_url, key=key, pool_size=max(2, threads))
    for each in (store, playground):
        weakref.finalize(app, each.dispose)
    app.extensions[SETTINGS] = settings
    app.extensions[EXTENSION] = store
    app.extensions[SANDBOX] = playground
    app.extensions[FAILED_KEYS] = FailedKeys(0 if settings.testing else settings.failed_keys_per_minute)

    per_key, per_organisation = settings.requests_per_minute_per_key, settings.requests_per_minute_per_organisation
    shared = not settings.is_sqlite or settings.processes > 1
    app.extensions[LIMITS] = Limits(0, 0) if settings.testing else Limits(per_key, per_organisation, shared)

    traffic.register(app, log=not settings.testing)
    if settings.tracing:
        tracing.register(app)
    api = documentation.make_api(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    problems.register(app)
    app.register_blueprint(documentation.pages)
    web.register(app, settings)
    return app
