"""`/healthz`, `/readyz` and `/metrics`: for whoever watches over the installation. No key is needed.

`/healthz` says that the process answers, `/readyz` that the database does and that it is migrated.
"""

from flask import Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST

from api import fields, gauges
from api.databases import database
from api.endpoints import Resource
from api.schemas import Strict
from api.traffic import EXTENSION, Metrics
from api.units import clock

blueprint = Resource("health", description="Whether it works, for whoever watches over it.", prefix="")


class Health(Strict):
    """What was asked is so."""

    status = fields.Choice(("ok", "ready"), required=True)


@blueprint.open_query("/healthz", answers=Health)
def show_health() -> Response:
    """Say that the process answers."""
    return Response(b'{"status":"ok"}', content_type="application/json")


@blueprint.open_query("/readyz", answers=Health)
def show_readiness() -> Response:
    """Say that the database answers and is at the newest revision; 503 otherwise."""
    database().check_migrated()
    return Response(b'{"status":"ready"}', content_type="application/json")


@blueprint.open_query("/metrics", media_type=CONTENT_TYPE_LATEST)
def show_metrics() -> Response:
    """Counters and times by route, and what waits in the database, in Prometheus' format."""
    metrics = current_app.extensions[EXTENSION]
    assert isinstance(metrics, Metrics)
    waiting = gauges.exposition(database().engine, clock())
    return Response(metrics.exposition() + waiting, content_type=CONTENT_TYPE_LATEST)
