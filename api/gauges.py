"""What waits in the database, as gauges for `/metrics`: the same from whichever process is asked.

Owns a handful of counts that find their rows by an index, so that asking every few seconds costs nothing to speak of.
While the database is away it says that, and no more.
"""

from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import Connection, Engine, func, select

from invoices.rendering import MOST_ATTEMPTS
from ledger.domain.errors import Unavailable
from ledger.services import mail_outbox, outbox
from ledger.services.deadlines import agreements_due
from ledger.store import tables as t
from ledger.store.engine import reading

_RENDERING: Final = t.rendering.c
_RUN: Final = t.billing_run.c


def exposition(engine: Engine, now: datetime) -> bytes:
    """Prometheus' text format of what waits now."""
    registry = CollectorRegistry()
    up = Gauge("ledger_database_up", "Whether the database answers", registry=registry)
    try:
        with reading(engine) as connection:
            found = _counted(connection, now)
    except Unavailable:
        up.set(0)
        return generate_latest(registry)
    up.set(1)
    for name, (text, value) in found.items():
        Gauge(f"ledger_{name}", text, registry=registry).set(value)
    return generate_latest(registry)


def _counted(connection: Connection, now: datetime) -> dict[str, tuple[str, int]]:
    hooks, mails = outbox.counts(connection), mail_outbox.counts(connection)
    unrendered = select(func.count()).select_from(t.rendering)
    failed = (_RENDERING.state == "failed") & (_RENDERING.attempts >= MOST_ATTEMPTS)
    running = select(func.count()).select_from(t.billing_run).where(_RUN.state.in_(("queued", "running")))
    return {
        "agreements_due": ("Agreements with something due and not settled", len(agreements_due(connection, now))),
        "renderings_waiting": (
            "Documents issued and not rendered yet",
            connection.execute(unrendered.where(_RENDERING.state == "pending")).scalar_one(),
        ),
        "renderings_failed": (
            "Documents that failed to render too often",
            connection.execute(unrendered.where(failed)).scalar_one(),
        ),
        "billing_runs_open": ("Billing runs queued or running", connection.execute(running).scalar_one()),
        "webhook_deliveries_waiting": ("Webhooks that wait to be sent", hooks["waiting"]),
        "webhook_endpoints_alive": ("Endpoints that are sent to", hooks["alive"]),
        "webhook_endpoints_disabled": ("Endpoints disabled because they failed or are gone", hooks["disabled"]),
        "mails_waiting": ("Causes of e-mail that wait to be told", mails["waiting"]),
        "mails_failed": ("Causes of e-mail that were given up in the last months", mails["failed"]),
    }
