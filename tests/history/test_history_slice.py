"""A recorded history against a model of its own, thirty lines long, that knows nothing of the product."""

import csv
import gzip
import itertools
import json
import os
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from ledger.store import tables as t
from ledger.store.engine import make_engine, reading
from tests.history.histories import taken

FOLDER = os.environ.get("HISTORY_DIR", "")
FILE = Path(FOLDER) / "history-2015-2016.csv.gz"
ROWS = 3_000

Months = dict[tuple[str, str, int], list[int]]


def expected(rows: list[dict[str, str]]) -> tuple[Months, int]:
    """(count, sum) of the accruals per supplier, buyer and month; and how many rows are refused."""
    owed, refused = [], 0
    for line, row in enumerate(rows):
        if not row["fact.party_size"] or int(row["fact.party_size"]) < 1:
            refused += 1
            continue
        share = {"attended": 100, "prospect_no_show": 25}.get(row["outcome"], 0)
        if share:
            at = datetime.fromisoformat(row["outcome_at"])
            owed.append((at, row["submitted_at"], line, share, row))
    found: Months = defaultdict(lambda: [0, 0])
    positions: Counter[tuple[str, str, int]] = Counter()
    for at, _, _, share, row in sorted(owed, key=lambda each: each[:3]):
        local = at.astimezone(ZoneInfo("Europe/Lisbon"))
        key = (row["supplier"], row["buyer"], local.year * 100 + local.month)
        positions[key] += 1
        base = 900 if positions[key] <= 100 else 800 if positions[key] <= 500 else 700
        price = base + (150 if row["fact.repeat_guest"] == "true" else 0)
        found[key][0] += 1
        found[key][1] += (price * share * 2 + 100) // 200
    return dict(found), refused


@pytest.mark.skipif(not FOLDER or not FILE.exists(), reason="HISTORY_DIR names no recorded history")
def test_a_recorded_history_accrues_what_the_terms_say(sqlite_url: str, tmp_path: Path) -> None:
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        header, *lines = itertools.islice(file, ROWS + 1)
    path = tmp_path / "slice.csv.gz"
    path.write_bytes(gzip.compress("".join([header, *lines]).encode()))
    months, refused = expected(list(csv.DictReader([header, *lines])))
    terms = {
        name: json.loads((Path(FOLDER) / f"hotel-stay.{name}.json").read_text()) for name in ("definition", "agreement")
    }
    engine = make_engine(sqlite_url)
    summary, _ = taken(engine, path, **terms)
    assert (summary.rows, summary.refused, summary.taken) == (ROWS, refused, ROWS - refused)
    supplier, buyer, accrual = t.organisation.alias("s"), t.organisation.alias("b"), t.accrual.c
    query = (
        select(supplier.c.slug, buyer.c.slug, accrual.month, func.count(), func.sum(accrual.amount))
        .select_from(t.accrual)
        .join(supplier, supplier.c.id == accrual.supplier_id)
        .join(buyer, buyer.c.id == accrual.buyer_id)
        .group_by(supplier.c.slug, buyer.c.slug, accrual.month)
    )
    with reading(engine) as connection:
        booked = {(row[0], row[1], row[2]): [row[3], row[4]] for row in connection.execute(query)}
    engine.dispose()
    assert booked == months
