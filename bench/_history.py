"""The history that imports are measured with: the recorded one in `HISTORY_DIR`, else one that is made."""

import csv
import gzip
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from ledger.services.history import Import, Summary
from ledger.store.engine import make_engine
from tests.domain.documents import agreement_document, definition_document

NOW = datetime(2017, 3, 1, 9, tzinfo=UTC)
SECRET = b"a secret for measuring"
FIRST = datetime(2016, 1, 4, 8, tzinfo=UTC)
OUTCOMES = ("attended", "attended", "prospect_no_show", "cancelled_by_prospect", "")


@dataclass(frozen=True)
class History:
    path: Path
    definition: Mapping[str, Any]
    agreement: Mapping[str, Any]

    def take(self, url: str, now: datetime = NOW) -> Summary:
        """Imports it into the database."""
        engine = make_engine(url)
        try:
            return Import(engine, self.definition, self.agreement, SECRET, now).run(self.path)
        finally:
            engine.dispose()


def recorded() -> History | None:
    """The recorded history with its terms, whole."""
    folder = os.environ.get("HISTORY_DIR")
    if not folder:
        return None
    (path,) = Path(folder).glob("*.csv.gz")
    (definition,) = Path(folder).glob("*.definition.json")
    (agreement,) = Path(folder).glob("*.agreement.json")
    return History(path, json.loads(definition.read_bytes()), json.loads(agreement.read_bytes()))


def beginning(of: History, rows: int, folder: Path) -> History:
    """The file's first rows."""
    path = folder / "history.csv"
    with gzip.open(of.path, "rt", encoding="utf-8", newline="") as source, path.open("w", encoding="utf-8") as target:
        target.writelines(islice(source, rows + 1))
    return History(path, of.definition, of.agreement)


def made(rows: int, folder: Path) -> History:
    """Meetings with people who have an e-mail address and a telephone, submitted a minute apart."""
    intake = {
        **definition_document()["intake"],
        "lead_age": None,
        "consent": {"required": False, "bases": [], "max_age": None, "regions": []},
        "caps": {"day": None, "week": None, "month": None},
    }
    attendance = {**definition_document()["attendance"], "contact_attempts": 0}
    definition = definition_document(effective_from="2015-01-01T00:00:00Z", intake=intake, attendance=attendance)
    path = folder / "history.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        written = csv.DictWriter(file, list(_row(0)))
        written.writeheader()
        written.writerows(_row(number) for number in range(rows))
    return History(path, definition, agreement_document(effective_from="2015-01-01T00:00:00Z"))


def _row(number: int) -> dict[str, str]:
    submitted_at = FIRST + timedelta(minutes=number)
    starts_at = submitted_at + timedelta(days=3 + number % 5)
    outcome = OUTCOMES[number % len(OUTCOMES)]
    cancelled = outcome.startswith("cancelled")
    outcome_at = starts_at + (timedelta(hours=-30) if cancelled else timedelta(hours=2))
    return {
        "reference": f"S-{number:07d}",
        "supplier": f"agent-{number % 40}",
        "buyer": f"bank-{number % 3}",
        "definition": "uk-finance-review",
        "submitted_at": submitted_at.isoformat(),
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
        "channel": "outbound",
        "source": "linkedin",
        "prospect_name": f"Person {number}",
        "prospect_email": f"person-{number}@firm-{number % 9000}.example",
        "prospect_phone": f"+4420{number:08d}",
        "fact.employees": str(10 + number % 200),
        "fact.title": "CFO",
        "fact.owner": "true" if number % 7 == 0 else "false",
        "outcome": outcome,
        "outcome_at": outcome_at.isoformat() if outcome else "",
    }
