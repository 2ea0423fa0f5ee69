"""`/v1/prospects/erase`: a person's right to be forgotten, against a ledger that forgets nothing."""

from dataclasses import asdict

from sqlalchemy import ColumnElement, Table, select

from api.auth import ADMIN, BUYER, visible
from api.databases import database
from api.endpoints import Resource
from api.resources.appointments import contact_secret
from api.schemas import erasure as schemas
from api.units import Answer, Command
from ledger.services.erasure import Subject, erase
from ledger.store import tables as t

blueprint = Resource("prospects", description="The people behind appointments, and how they are forgotten.")


@blueprint.command("/prospects/erase", roles={ADMIN, BUYER}, takes=schemas.ErasureBody, answers=schemas.Erased)
def erase_prospect(command: Command) -> Answer:
    """Erase a person: name, contacts, facts, consent, evidence, and every word about him.

    By appointment, all appointments of the same e-mail address. A buyer erases what he is a party to, an admin all.
    What was booked stays booked and billed, under the supplier's reference. The keyed digests of his contacts stay, so
    that duplicates and suppressions go on to be recognised. There is no way back.
    """
    principal, body = command.principal, command.body
    country = None
    if principal.organisation_id is not None:
        address = select(t.organisation.c.address).where(t.organisation.c.id == principal.organisation_id)
        country = command.connection.execute(address).scalar_one().get("country")

    def sees(table: Table) -> ColumnElement[bool]:
        return visible(principal, table)

    erased = erase(
        command.connection,
        Subject(body["email"], body["phone"], body["appointment"]),
        sees,
        secret=contact_secret(),
        country=country,
        actor=principal.actor,
        organisation_id=principal.organisation_id,
        now=command.now,
    )
    return Answer(asdict(erased), then=database().forget)
