"""Files that leave the house: each is on record, to whom and which bytes, before the first of them is sent.

The record is a transaction of its own after the one that read; where it cannot be written, nothing is handed out.
"""

from datetime import datetime

from flask import Response, request

from api.databases import database
from ledger.services import downloads
from ledger.services.access import Principal
from ledger.store.engine import writing


def handed_out(response: Response, who: Principal, now: datetime) -> Response:
    """The response as it is; a file among them has been put on record. Raises when the database is away."""
    if "Content-Disposition" in response.headers and request.method == "GET":
        path = request.full_path.removesuffix("?")
        with writing(database().engine) as connection:
            downloads.record(connection, who, path, response.get_data(), now)
    return response
