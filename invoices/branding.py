"""Brands as they are set and found: of a buyer's documents, or of all where a buyer has none of his own.

Owns the rows; every setting is a row of its own, and documents keep the brand that counted when they were issued.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, or_, select

from invoices.brand import PLAIN, Brand
from invoices.logos import Logo
from ledger.services.posting import insert_ignoring
from ledger.store import tables as t
from ledger.store.types import new_id

_branding = t.branding.c
_NEWEST: Final = (
    select(_branding.brand)
    .where(or_(_branding.buyer_id == bindparam("buyer_id"), _branding.buyer_id.is_(None)))
    .order_by(_branding.buyer_id.is_(None), _branding.id.desc())
    .limit(1)
)
_LOGO: Final = select(t.logo.c.content).where(t.logo.c.sha256 == bindparam("sha256"))


def set_brand(
    connection: Connection, buyer_id: UUID | None, brand: Brand, logo: Logo | None, *, actor: str, now: datetime
) -> None:
    """From now on documents are issued with it. A new picture comes with the brand that names it."""
    if logo is not None:
        mark = logo.mark
        row = {"sha256": mark.sha256, "media_type": mark.media_type, "width": mark.width, "height": mark.height}
        connection.execute(insert_ignoring(connection, t.logo), row | {"content": logo.content, "recorded_at": now})
    row = {"id": new_id(), "buyer_id": buyer_id, "brand": brand.to_json(), "recorded_at": now, "actor": actor}
    connection.execute(insert(t.branding), row)


def brand_of(connection: Connection, buyer_id: UUID | None) -> Brand:
    """The buyer's, else the installation's, else the built-in one. Of None: the installation's."""
    found = connection.execute(_NEWEST, {"buyer_id": buyer_id}).scalar_one_or_none()
    return PLAIN if found is None else Brand.from_json(found)


def logo(connection: Connection, content: Mapping[str, Any]) -> bytes | None:
    """The picture that a frozen document names."""
    mark = content.get("brand", {}).get("logo")  # documents from before there were brands name none
    return None if mark is None else connection.execute(_LOGO, {"sha256": mark["sha256"]}).scalar_one()
