"""Organisations and what they change.

Owns the record of every former state, the offline checks of VAT identifiers and bank details (python-stdnum) and
how an organisation is found by id or slug. Refuses identifiers that are wrong by form or checksum.
"""

import importlib.metadata
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, true, update
from stdnum import bic, get_cc_module, iban
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError

from ledger.domain.calendar import format_instant
from ledger.domain.errors import Conflict, FieldError, Malformed, Refused, Unknown, VersionMismatch
from ledger.store import tables as t
from ledger.store.types import new_id

EUROPEAN = frozenset({*eu_vat.MEMBER_STATES, "el", "xi"})
"""Prefixes of VAT identifiers that the European checker knows, in lower case."""

UNCHECKED = "not checked"
"""How a method begins that is none: nobody knows the country's identifiers offline."""


def create_organisation(connection: Connection, details: Mapping[str, Any], now: datetime) -> RowMapping:
    """Takes an organisation on. `details` are columns by name; raises `Conflict` for a slug that is taken."""
    slug = details["slug"]
    taken = connection.execute(select(t.organisation.c.id).where(t.organisation.c.slug == slug)).scalar_one_or_none()
    if taken is not None:
        raise Conflict(f"there is an organisation {slug!r} already", code="slug_taken", existing_id=str(taken))
    values = {**details, **_checked(details, details, now), "id": new_id(), "version": 1, "created_at": now}
    connection.execute(insert(t.organisation).values(values))
    return organisation(connection, values["id"])


def change_organisation(
    connection: Connection,
    reference: UUID | str,
    changes: Mapping[str, Any],
    actor: str,
    now: datetime,
    *,
    expected_version: int | None = None,
    within: ColumnElement[bool] | None = None,
) -> RowMapping:
    """Changes what differs and keeps the former state. Raises `Unknown` or `VersionMismatch`."""
    before = organisation(connection, reference, within=within, lock=True)
    if expected_version is not None and expected_version != before["version"]:
        raise VersionMismatch
    merged = {
        name: {**(before[name] or {}), **value} if isinstance(value, Mapping) else value
        for name, value in changes.items()
    }
    changed = {name: value for name, value in merged.items() if before[name] != value}
    if not changed:
        return before
    changed |= _checked(changed, {**before, **changed}, now)
    connection.execute(
        insert(t.organisation_change).values(
            id=new_id(),
            organisation_id=before["id"],
            version=before["version"],
            before=_frozen(before),
            actor=actor,
            recorded_at=now,
        )
    )
    connection.execute(
        update(t.organisation)
        .where(t.organisation.c.id == before["id"])
        .values(**changed, version=before["version"] + 1)
    )
    return organisation(connection, before["id"])


def organisation(
    connection: Connection, reference: UUID | str, *, within: ColumnElement[bool] | None = None, lock: bool = False
) -> RowMapping:
    """By id or slug, among those `within`. Raises `Unknown`."""
    query = select(t.organisation).where(named(reference), true() if within is None else within)
    found = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if found is None:
        raise Unknown
    return found


def supplier_named(connection: Connection, slug: str) -> UUID:
    """The supplier of this short name. Raises `Refused` (`unknown_supplier`)."""
    organisation = t.organisation.c
    query = select(organisation.id).where(organisation.slug == slug, organisation.kind == "supplier")
    found: UUID | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise Refused.by("supplier", "unknown_supplier", f"there is no supplier {slug!r}")
    return found


def named(reference: UUID | str) -> ColumnElement[bool]:
    """The condition for an id or a slug; no slug has the form of a UUID."""
    if isinstance(reference, UUID):
        return t.organisation.c.id == reference
    try:
        return t.organisation.c.id == UUID(reference) if len(reference) == 36 else t.organisation.c.slug == reference
    except ValueError:
        return t.organisation.c.slug == reference


def changes_of(connection: Connection, organisation_id: UUID) -> list[RowMapping]:
    """Every former state, oldest first."""
    change = t.organisation_change
    query = select(change).where(change.c.organisation_id == organisation_id).order_by(change.c.version)
    return list(connection.execute(query).mappings())


def check_vat_id(vat_id: str, country: str | None) -> tuple[str, str]:
    """The identifier in its usual form and how it was checked. Raises stdnum's ValidationError for a wrong one."""
    compact = "".join(vat_id.split()).upper()
    prefix = compact[:2] if compact[:2].isalpha() else (country or "").upper()
    if prefix.lower() in EUROPEAN:
        return eu_vat.validate(compact if compact.startswith(prefix) else prefix + compact), _how("stdnum.eu.vat")
    module = get_cc_module(prefix.lower(), "vat") if prefix else None
    if module is None:
        return compact, f"{UNCHECKED}: no offline checker for {prefix or 'an unknown country'}"
    number = module.validate(compact)
    return (number if number.startswith(prefix) else prefix + number), _how(f"stdnum.{prefix.lower()}.vat")


def is_checked(method: str | None) -> bool:
    """Whether the recorded method of a check says that there was one; what failed it was never taken."""
    return method is not None and not method.startswith(UNCHECKED)


def _how(module: str) -> str:
    version = importlib.metadata.version("python-stdnum")
    return f"form and checksum by {module} (python-stdnum {version})"


def _checked(changed: Mapping[str, Any], whole: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The identifiers among what changed, in their usual form, with when and how they were checked."""
    found: dict[str, Any] = {}
    broken: list[FieldError] = []
    if "vat_id" in changed:
        found |= {"vat_checked_at": None, "vat_check": None}
        if changed["vat_id"] is not None:
            try:
                found["vat_id"], found["vat_check"] = check_vat_id(changed["vat_id"], whole["address"].get("country"))
                found["vat_checked_at"] = now
            except ValidationError as error:
                broken.append(FieldError("/vat_id", f"the VAT identifier is wrong: {error}"))
    for name, module in (("iban", iban), ("bic", bic)):
        if changed.get(name) is not None:
            try:
                found[name] = module.validate(changed[name])
            except ValidationError as error:
                broken.append(FieldError(f"/bank/{name}", f"the {name.upper()} is wrong: {error}"))
    if broken:
        raise Malformed(broken)
    return found


def _frozen(row: RowMapping) -> dict[str, Any]:
    """A row as JSON for the record of former states."""
    return {
        name: format_instant(value) if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
        for name, value in row.items()
    }
