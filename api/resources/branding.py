"""`/v1/branding`: how documents look, for all buyers or for one. Documents keep the brand they were issued with."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from api.auth import ADMIN
from api.endpoints import Resource
from api.schemas import branding as schemas
from api.units import Answer, Command, Query
from invoices import branding, logos
from invoices.brand import Brand
from ledger.domain.errors import Refused, Unknown
from ledger.services import parties

blueprint = Resource("branding", description="Logo, colours, footer and paper of documents.")


@blueprint.command("/branding", method="PUT", roles={ADMIN}, takes=schemas.BrandBody, answers=schemas.Brand)
def put_branding(command: Command) -> Answer:
    """Brand what is issued from now on. Refused are colours that cannot be read, and pictures that are not harmless.

    An SVG keeps its shapes alone: scripts, text, pictures, effects and references to anything outside refuse it.
    """
    body = command.body
    buyer_id = _buyer(command.connection, body["buyer"])
    try:
        logo = None if body["logo"] is None else logos.read(body["logo"])
        footer = tuple(line.strip() for line in (body["footer"] or "").splitlines() if line.strip())
        brand = Brand(body["accent"], body["band"], footer, body["paper"], None if logo is None else logo.mark)
    except ValueError as error:
        clause = "logo" if isinstance(error, logos.BadLogo) else str(error).partition(":")[0]
        raise Refused.by(clause, "not_fit_to_print", str(error)) from None
    branding.set_brand(command.connection, buyer_id, brand, logo, actor=command.principal.actor, now=command.now)
    return _shown(command.connection, body["buyer"], buyer_id)


@blueprint.query("/branding", roles={ADMIN}, answers=schemas.Brand, arguments=schemas.BrandOf, finds=True)
def show_branding(query: Query) -> Answer:
    """Show what the next documents look like."""
    buyer = query.arguments["buyer"]
    return _shown(query.connection, buyer, _buyer(query.connection, buyer))


def _shown(connection: Connection, buyer: str | None, buyer_id: UUID | None) -> Answer:
    told: dict[str, Any] = branding.brand_of(connection, buyer_id).to_json()
    return Answer({"buyer": buyer, **told})


def _buyer(connection: Connection, slug: str | None) -> UUID | None:
    if slug is None:
        return None
    found = parties.organisation(connection, slug)
    if found["kind"] != "buyer":
        raise Unknown("there is no such buyer")
    identity: UUID = found["id"]
    return identity
