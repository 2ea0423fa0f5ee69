"""Checks of what must never change: guards of the database, terms and their acceptances, the bytes of evidence.

Owns the comparison of every stored hash with what it covers, and of the triggers with their inventory. Refuses
nothing; what is missing, switched off or other than its hash is a fault.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from alembic.migration import MigrationContext
from sqlalchemy import and_, select, text

from ledger.domain.agreement import agreement_hash
from ledger.domain.definition import content_hash
from ledger.domain.errors import Unavailable
from ledger.services import private
from ledger.services.verify import UNREADABLE, Fault, Look, Sweep, explained
from ledger.store import migrate, triggers
from ledger.store import tables as t

GUARDS, REVISION, TERMS, ACCEPTANCES, EVIDENCE = "triggers", "migrations", "terms", "acceptances", "evidence"
FEW: Final = 20
"""Rows with whole files in them that are in memory at a time."""


def missing_guards(look: Look) -> Iterator[Fault]:
    """Triggers that are not there, or are switched off."""
    armed = _armed(look)
    for name in sorted(_expected(look) - armed):
        yield Fault(GUARDS, "the trigger that keeps records as they are is missing or switched off", name)


def _expected(look: Look) -> frozenset[str]:
    if look.connection.dialect.name == "sqlite":
        return triggers.inventory()
    guarded = (*triggers.APPEND_ONLY, triggers.PUBLISHED)
    return triggers.inventory() | {f"{table}_no_truncate" for table in guarded}


def _armed(look: Look) -> frozenset[str]:
    """Triggers that fire: as they were created on SQLite, not disabled on PostgreSQL."""
    if look.connection.dialect.name == "sqlite":
        wanted = {" ".join(statement.split()) for statement in triggers.create_statements("sqlite")}
        rows = look.connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        return frozenset(row.name for row in rows if " ".join(row.sql.split()) in wanted)
    rows = look.connection.execute(
        text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
    )
    return frozenset(row.tgname for row in rows)


def revision(look: Look) -> Iterator[Fault]:
    """A database that is not at the newest revision."""
    found, newest = MigrationContext.configure(look.connection).get_current_revision(), migrate.newest()
    if found != newest:
        yield Fault(REVISION, f"the database is at revision {found or 'none'}, the newest is {newest}", "migrations")


def published_terms(look: Look) -> Iterator[Fault]:
    """Published versions that are not what their hash says."""
    version = t.definition_version.c
    query = select(version.definition_id, version.number, version.document, version.hash).where(
        version.published_at.is_not(None)
    )
    for row in look.rows(query.order_by(version.definition_id, version.number)):
        where = f"definition {row.definition_id} version {row.number}"
        try:
            found = content_hash(row.document)
        except UNREADABLE as error:
            yield Fault(TERMS, f"the terms have no canonical form: {explained(error)}", where)
            continue
        if found != row.hash:
            yield Fault(TERMS, f"the terms hash to {found}, published was {row.hash}", where)


def acceptances(look: Look) -> Iterator[Fault]:
    """Acceptances of something else than what the versions say."""
    said, agreed, published = t.acceptance.c, t.agreement_version.c, t.definition_version.c
    query = (
        select(t.acceptance, agreed.document, published.hash.label("definition_hash"))
        .join_from(t.acceptance, t.agreement, t.agreement.c.id == said.agreement_id, isouter=True)
        .join(
            t.agreement_version,
            and_(agreed.agreement_id == said.agreement_id, agreed.number == said.agreement_version),
            isouter=True,
        )
        .join(
            t.definition_version,
            and_(
                published.definition_id == t.agreement.c.definition_id,
                published.number == said.definition_version,
            ),
            isouter=True,
        )
        .order_by(said.id)
    )
    for row in look.rows(query):
        where = f"acceptance {row.id} of agreement {row.agreement_id} version {row.agreement_version} by {row.party}"
        if row.document is None or row.definition_hash is None:
            yield Fault(ACCEPTANCES, "what was accepted is not there", where)
            continue
        try:
            found = agreement_hash(row.document, row.definition_hash)
        except UNREADABLE as error:
            yield Fault(ACCEPTANCES, f"the terms have no canonical form: {explained(error)}", where)
            continue
        if found != row.hash:
            yield Fault(ACCEPTANCES, f"the terms hash to {found}, accepted was {row.hash}", where)


def evidence(look: Look) -> Iterator[Fault]:
    """Evidence whose bytes are not those that came."""
    item, prospect = t.evidence_item.c, t.prospect.c
    query = select(item.id, item.appointment_id, item.size, item.sha256, item.content, prospect.salt).outerjoin(
        t.prospect, prospect.appointment_id == item.appointment_id
    )
    for row in look.connection.execute(query.order_by(item.id).execution_options(yield_per=FEW)):
        if not row.salt:  # erased with the person; `persons` tells of a prospect that is not there
            continue
        try:
            content = private.opened_content(row.salt, bytes(row.content)) or b""
        except Unavailable:
            yield Fault(EVIDENCE, "its bytes were changed", f"evidence {row.id} of appointment {row.appointment_id}")
            continue
        if len(content) != row.size or hashlib.sha256(content).hexdigest() != row.sha256:
            what = f"{len(content)} bytes that do not match the size {row.size} and SHA-256 they came with"
            yield Fault(EVIDENCE, what, f"evidence {row.id} of appointment {row.appointment_id}")


SWEEPS = (
    Sweep((GUARDS,), missing_guards),
    Sweep((REVISION,), revision),
    Sweep((TERMS,), published_terms),
    Sweep((ACCEPTANCES,), acceptances),
    Sweep((EVIDENCE,), evidence),
)
