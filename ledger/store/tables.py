"""Every table, so that whoever needs the whole metadata imports one module."""

from sqlmodel import SQLModel

from ledger.store import appointments, billing, chain, contracts, journal, parties

metadata = SQLModel.metadata

MODULES = (appointments, billing, chain, contracts, journal, parties)
