"""The hash chain's head."""

from sqlalchemy import Connection, select

from ledger.store import tables as t


def head(connection: Connection) -> str | None:
    """The hash of the last link; None while there is none."""
    link = t.chain_link.c
    found: str | None = connection.execute(
        select(link.hash).order_by(link.sequence.desc()).limit(1)
    ).scalar_one_or_none()
    return found
