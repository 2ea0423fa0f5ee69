"""`/v1/downloads`: the files that were handed out. A party sees its own people's and keys', an admin everybody's."""

from sqlalchemy import select

from api.auth import ADMIN, PARTIES, visible
from api.endpoints import Resource
from api.narrowing import narrowed
from api.schemas import downloads as schemas
from api.schemas import filters
from api.units import Answer, Query
from ledger.store import tables as t

blueprint = Resource("downloads", description="Which files were handed out, to whom, and exactly which bytes.")


@blueprint.listing("/downloads", roles={ADMIN, *PARTIES}, item=schemas.Download, arguments=filters.DownloadFilters)
def list_downloads(query: Query) -> Answer:
    """List what was downloaded, newest first: documents, e-invoices, lines, archives, evidence and payment files."""
    rows = select(t.download, t.organisation.c.slug.label("organisation")).join(
        t.organisation, t.organisation.c.id == t.download.c.organisation_id, isouter=True
    )
    column, rows = t.download.c, rows.where(visible(query.principal, t.download))
    rows = narrowed(rows, query.arguments, within=column.downloaded_at, search=(column.path,))
    return query.page(rows, [column.id], lambda row: {name: row[name] for name in schemas.SHOWN})
