"""The life of a definition: drafted, edited, published, superseded; never changed after.

Owns drafts and publishing. Refuses loose drafts (the linter's errors), a past `effective_from` (which only an
import may have), and everything on somebody else's definition. How definitions are found and read is in
`definition_reading.py`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from ledger.domain.definition import content_hash, parse_definition
from ledger.domain.errors import Conflict, IllegalMove, Refused, Unknown, Violation
from ledger.domain.lint import LintFinding, Severity, lint, publishes
from ledger.store import tables as t
from ledger.store.types import new_id


def create_definition(connection: Connection, buyer_id: UUID, document: Mapping[str, Any], *, now: datetime) -> UUID:
    """A new definition with a first draft. Raises `Malformed`, or `Conflict` where the buyer has the slug already."""
    terms = parse_definition(document)
    existing = connection.execute(
        select(t.definition.c.id).where(t.definition.c.buyer_id == buyer_id, t.definition.c.slug == terms.slug)
    ).scalar_one_or_none()
    if existing is not None:
        raise Conflict(f"there is a definition {terms.slug!r} already", code="slug_taken", existing_id=str(existing))
    definition_id = new_id()
    connection.execute(
        insert(t.definition).values(id=definition_id, buyer_id=buyer_id, slug=terms.slug, created_at=now)
    )
    _insert_draft(connection, definition_id, buyer_id, 1, document, now)
    return definition_id


def put_draft(connection: Connection, definition_id: UUID, document: Mapping[str, Any], *, now: datetime) -> int:
    """Replaces the draft, or starts the next one after a published version. Returns its number."""
    head = lock(connection, definition_id)
    terms = parse_definition(document)
    if terms.slug != head.slug:
        raise Refused.by("slug", "slug_changed", f"the definition's slug is {head.slug!r} and stays so")
    version = t.definition_version.c
    draft = draft_number(connection, definition_id)
    if draft is not None:
        connection.execute(
            update(t.definition_version)
            .where(version.definition_id == definition_id, version.number == draft)
            .values(document=dict(document), updated_at=now)
        )
        return draft
    last = connection.execute(select(func.max(version.number)).where(version.definition_id == definition_id)).scalar()
    number = (last or 0) + 1
    _insert_draft(connection, definition_id, head.buyer_id, number, document, now)
    return number


def draft_number(connection: Connection, definition_id: UUID) -> int | None:
    """The number of the draft, if there is one."""
    version = t.definition_version.c
    return connection.execute(
        select(version.number).where(version.definition_id == definition_id, version.published_at.is_(None))
    ).scalar_one_or_none()


def draft_document(connection: Connection, definition_id: UUID) -> dict[str, Any]:
    """The draft's document. Raises `IllegalMove` where there is none."""
    version = t.definition_version.c
    found = connection.execute(
        select(version.document).where(version.definition_id == definition_id, version.published_at.is_(None))
    ).scalar_one_or_none()
    if found is None:
        raise IllegalMove("there is no draft; the newest version is published", code="no_draft")
    return dict(found)


def lint_draft(connection: Connection, definition_id: UUID) -> tuple[LintFinding, ...]:
    """Everything that the linter finds in the draft. Raises `IllegalMove` where there is none."""
    return lint(parse_definition(draft_document(connection, definition_id)))


def publish(
    connection: Connection,
    definition_id: UUID,
    *,
    effective_from: datetime | None,
    now: datetime,
    actor: str,
    imported: bool = False,
) -> tuple[int, tuple[LintFinding, ...]]:
    """Publishes the draft, effective `effective_from` (default now). Returns its number and the linter's warnings.

    Raises `Refused` with every finding of the linter if one of them is an error, or where the effective time lies in
    the past or before the version that this one supersedes.
    """
    lock(connection, definition_id)
    document = draft_document(connection, definition_id)
    effective = effective_from or now
    if effective < now and not imported:
        raise Refused.by("effective_from", "effective_in_the_past", "a version counts from now or a later instant")
    document["effective_from"] = effective.astimezone(UTC).isoformat().replace("+00:00", "Z")
    findings = lint(parse_definition(document))
    if not publishes(findings):
        raise Refused(map(_violation, findings), "the draft is too loose to publish", code="loose_definition")
    _check_successor(connection, definition_id, effective, document["currency"])
    number = draft_number(connection, definition_id)
    assert number is not None, "a document was read from the draft"
    version = t.definition_version.c
    connection.execute(
        update(t.definition_version)
        .where(version.definition_id == definition_id, version.number == number)
        .values(
            document=document,
            hash=content_hash(document),
            effective_from=effective,
            published_at=now,
            published_by=actor,
            updated_at=now,
        )
    )
    return number, findings


def _violation(finding: LintFinding) -> Violation:
    """A finding as the refusal names it. Warnings come along, marked as what they are: they refuse nothing."""
    mark = "Warning: " if finding.severity is Severity.WARNING else ""
    return Violation(finding.clause, finding.code, f"{mark}{finding.detail} {finding.mend}".strip())


def _check_successor(connection: Connection, definition_id: UUID, effective: datetime, currency: str) -> None:
    """A version begins no earlier than the one before it, and keeps the currency in which agreements price."""
    version = t.definition_version.c
    newest = connection.execute(
        select(version.effective_from, version.document)
        .where(version.definition_id == definition_id, version.published_at.is_not(None))
        .order_by(version.number.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return
    if effective < newest.effective_from:
        raise Refused.by(
            "effective_from", "effective_before_predecessor", "a version cannot count before the one it supersedes"
        )
    if currency != newest.document["currency"]:
        stays = f"the currency stays {newest.document['currency']}, in which the agreements price; another currency "
        raise Refused.by("currency", "currency_changed", f"{stays}needs a definition of its own")


def lock(connection: Connection, definition_id: UUID) -> Any:
    """The head, held until the end of the transaction: numbers and publishing go one after the other."""
    query = select(t.definition).where(t.definition.c.id == definition_id).with_for_update()
    head = connection.execute(query).one_or_none()
    if head is None:
        raise Unknown
    return head


def _insert_draft(
    connection: Connection,
    definition_id: UUID,
    buyer_id: UUID,
    number: int,
    document: Mapping[str, Any],
    now: datetime,
) -> None:
    connection.execute(
        insert(t.definition_version).values(
            definition_id=definition_id,
            number=number,
            buyer_id=buyer_id,
            document=dict(document),
            created_at=now,
            updated_at=now,
        )
    )
