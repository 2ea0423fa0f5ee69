"""What was handed out, on record before it is sent: nobody can say later that he never had a document."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection

from ledger.services.access import Principal
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.types import new_id


def record(connection: Connection, who: Principal, path: str, content: bytes, now: datetime) -> None:
    """`path` is the address that was asked for, with its query."""
    row = {
        "id": new_id(),
        "organisation_id": who.organisation_id,
        "actor": who.actor,
        "path": path,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "downloaded_at": now,
    }
    insert_rows(connection, t.download, [row])
