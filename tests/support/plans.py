"""What SQLite reads from end to end for a statement, by its plan: of tables that grow, nothing should be.

Plans depend on the schema alone, since statistics are never gathered; so few rows tell what a million would cost.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

GROWING = {
    "accrual", "appointment", "appointment_event", "contact_key", "delivery_hint", "dispute", "dispute_message",
    "document_line", "entry", "evidence_item", "incoming_delivery", "intake_refusal", "linked_reference",
    "outgoing_delivery", "prospect", "transfer",
}  # fmt: skip
"""Tables that grow with every appointment."""
WHOLE = {
    "download_export": "opening balances, of all that came before the month",
    "erase_prospect": "what was delivered and belongs to no appointment, for it may tell of the person",
    "report_on_data": "refusals of the period, of all definitions",
    "report_on_scenarios": "refusals of the period, of all definitions",
    "report_on_suppliers": "refusals of the period, of all definitions",
    "show_account": "counts what is due and unsettled",
    "show_metrics": "counts what is pending, by an index of that alone",
    "show_trial_balance": "counts what is due and unsettled",
    "start_billing_run": "credits, by an index of them alone",
}
"""What reads all of something, and what that is."""
NAMED = re.compile(r'\b(?:FROM|JOIN)\s+"?(\w+)"?\s+AS\s+"?(\w+)"?', re.IGNORECASE)
READ_WHOLE = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")


@contextmanager
def heard(engine: Engine, statements: set[str]) -> Iterator[None]:
    """Adds what the SQLite database is told meanwhile, values included."""

    def listen(raw: Any, *_: Any) -> None:
        raw.set_trace_callback(statements.add)

    event.listen(engine, "checkout", listen)
    try:
        yield
    finally:
        event.remove(engine, "checkout", listen)


def read_whole(connection: Any, statement: str) -> Iterator[str]:
    """Growing tables that SQLite reads from end to end for a statement, unless it stops after a page."""
    if not re.match(r"(SELECT|WITH|UPDATE|DELETE|INSERT(?!.* VALUES ))", statement, re.DOTALL):
        return
    names = {alias: table for table, alias in NAMED.findall(statement)}
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    in_order = "LIMIT" in statement and not any("TEMP B-TREE" in step for step in plan)
    for step in plan:
        if found := READ_WHOLE.match(step):
            table = names.get(found[1], found[1])
            if table in GROWING and not (in_order and found[2]):
                yield table
