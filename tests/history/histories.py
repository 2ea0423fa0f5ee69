"""Handmade histories for tests: rows with defaults, written as CSV or NDJSON, and a look at all that was stored."""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from ledger.services.history import Import, Summary
from ledger.services.history_batch import RefusedRow
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.domain.documents import agreement_document, definition_document

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
SECRET = b"a secret for tests"
FREE_INTAKE: dict[str, Any] = {
    "channels": ["outbound", "inbound"],
    "backdated_grace": {"hours": 0},
    "submit_before": {"hours": 0},
    "lead_age": None,
    "consent": {"required": False, "bases": [], "max_age": None, "regions": []},
    "caps": {"day": None, "week": None, "month": None},
    "suppressions": True,
}


def definition(**changes: Any) -> dict[str, Any]:
    """Terms that ask for nothing but the facts; no-shows need no contact attempts."""
    document = definition_document(intake=FREE_INTAKE)
    document["attendance"] = {**document["attendance"], "contact_attempts": 0}
    return {**document, **changes}


def agreement(**changes: Any) -> dict[str, Any]:
    return agreement_document(**changes)


def row(reference: str, **changes: Any) -> dict[str, Any]:
    """One appointment: submitted on a Monday, met on the Wednesday after, no outcome yet."""
    return {
        "reference": reference,
        "supplier": "acme-calls",
        "buyer": "north-bank",
        "definition": "uk-finance-review",
        "submitted_at": "2026-03-02T09:00:00Z",
        "starts_at": "2026-03-04T10:00:00Z",
        "ends_at": "2026-03-04T10:30:00Z",
        "channel": "outbound",
        "fact.employees": 42,
        "fact.title": "CFO",
        **changes,
    }


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    rows = list(rows)
    columns = list(dict.fromkeys(name for each in rows for name in each))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_ndjson(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return path


def taken(engine: Engine, path: Path, **settings: Any) -> tuple[Summary, list[RefusedRow]]:
    """The file taken in, and what was refused."""
    refused: list[RefusedRow] = []
    given: dict[str, Any] = {
        "definition": definition(),
        "agreement": agreement(),
        "secret": SECRET,
        "now": NOW,
        "on_refused": refused.append,
        **settings,
    }
    return Import(engine, **given).run(path), refused


def codes(refused: Iterable[RefusedRow]) -> list[tuple[str, str, str]]:
    """(reference, stage, code) of every violation."""
    return [(each.row.cells.get("reference", ""), each.stage, v.code) for each in refused for v in each.violations]


def stored(engine: Engine) -> dict[str, Any]:
    """How many rows every table has, and every balance, position and state."""
    appointment = t.appointment.c
    columns = (appointment.reference, appointment.schedule, appointment.verdict, appointment.outcome, appointment.share)
    with reading(engine) as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in t.metadata.sorted_tables
        }
        balances = connection.execute(select(t.account.c.kind, t.account.c.balance)).all()
        states = connection.execute(
            select(*columns, appointment.amount, appointment.position, appointment.version)
        ).all()
    return {"counts": counts, "balances": sorted(map(tuple, balances)), "states": Counter(map(tuple, states))}


def state(engine: Engine, reference: str) -> Any:
    """The row of one appointment."""
    with reading(engine) as connection:
        return connection.execute(select(t.appointment).where(t.appointment.c.reference == reference)).one()
