"""Who an `actor` on record is, for the reader of a page: a person by name, a key by what it is for.

Owns what organisations are called, and what a party learns of others: the operator's people and keys are "the
operator".
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, select

from api.languages import gettext
from ledger.services.access import INSTALLATION, Principal
from ledger.store import tables as t

COMMAND_LINE = "command-line"


def party_names(connection: Connection, slugs: Iterable[str | None]) -> dict[str, str]:
    """What these organisations are called, by their short names."""
    organisation = t.organisation.c
    query = select(organisation.slug, organisation.legal_name).where(organisation.slug.in_({*filter(None, slugs)}))
    return {row.slug: row.legal_name for row in connection.execute(query)}


def names_of(connection: Connection, actors: Iterable[str], reader: Principal) -> dict[str, str]:
    """A name for each actor."""
    wanted = set(actors)
    found = {INSTALLATION: gettext("the installation"), COMMAND_LINE: gettext("the command line")}
    for kind, table, name in (("user", t.user_account, "name"), ("key", t.api_key, "name")):
        ids = [UUID(each.partition(":")[2]) for each in wanted if each.startswith(f"{kind}:")]
        columns = select(table.c.id, table.c.organisation_id, table.c[name].label("name")).where(table.c.id.in_(ids))
        for row in connection.execute(columns).all() if ids else ():
            own = reader.is_operator or row.organisation_id == reader.organisation_id
            words = row.name or gettext("an unnamed key")
            if kind == "key" and row.name:
                words = gettext("key “%(name)s”", name=row.name)
            found[f"{kind}:{row.id}"] = words if own else gettext("the operator")
    return found
