"""`/v1/appointments`: submissions, and what parties do to an appointment afterwards.

A supplier submits; both parties see their own. Every command settles first what has fallen due, and that stays
even where the command itself is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from api.auth import ADMIN, BUYER, OPERATOR, PARTIES, SUPPLIER, Principal, visible
from api.endpoints import Resource
from api.resources.connections import attaching
from api.schemas import appointments as schemas
from api.schemas import page_of
from api.units import Answer, Command, Query, with_id
from api.units import settings as current_settings
from ledger.domain.errors import Malformed, NotAllowed, Refused, Unknown, VersionMismatch
from ledger.domain.intake import Company, ConsentGiven, Prospect, Submission
from ledger.domain.lifecycle import CriterionFinding, Finding, Party, Slot
from ledger.domain.outcome import Findings
from ledger.services import Kept, appointments, commands, contracts, deliveries, expansion, keeping, matching
from ledger.services.cases import Case
from ledger.services.commands import Actor
from ledger.services.desk import Desk
from ledger.services.intake import IntakeDesk, NotTaken
from ledger.store import tables as t

blueprint = Resource("appointments", description="Appointments: submitted, found, cancelled, rescheduled.")

READERS = {*PARTIES, *OPERATOR}


@blueprint.command(
    "/appointments",
    roles={SUPPLIER},
    takes=schemas.SubmissionBody,
    answers=schemas.Appointment,
    status=201,
    or_else=200,
)
def submit_appointment(command: Command) -> Answer:
    """Submit an appointment.

    Taken (201), or refused (422, `intake_refused`) with every clause that it breaks; the refusal is on record. The
    same reference again is a conflict that names the first one's id. A prospect submitted anew while his no-show can be
    rebooked is that rebooking: the answer (200) is the first appointment with the new slot, known by both references.
    """
    taken = submit(command, command.body)
    return Answer(
        taken.shown,
        status=taken.status,
        version=taken.shown["version"],
        headers=with_id("/v1/appointments", taken.shown["id"]),
        then=attaching(deliveries.waiting_for(command.connection, taken.names), command.now),
    )


@dataclass(frozen=True, slots=True)
class Submitted:
    """The appointment as it is shown, and by what names deliveries that came before it may mean it. `status` is 201,
    or 200 for an earlier one that the submission rebooked."""

    shown: dict[str, Any]
    names: list[str]
    status: int = 201


def submit(command: Command, body: Mapping[str, Any]) -> Submitted:
    """One submission on a desk of its own. Raises what refuses it; that stays on record."""
    supplier_id = command.principal.organisation_id
    assert supplier_id is not None, "a supplier's key has its organisation"
    connection = command.connection
    timeline = contracts.timeline_for(connection, supplier_id, body["definition"])
    pinned = contracts.counting(connection, timeline, command.now)
    desk = Desk(connection, command.now)
    intake = IntakeDesk(desk, contact_secret(), {pinned.buyer_id: timeline.buyer_country})
    submission = submission_of(body)
    digests = intake.digests(pinned.buyer_id, submission.prospect)
    intake.prefetch([(pinned, submission.reference, digests)], at=command.now)
    with keeping(desk.flush):
        result = intake.submit(pinned, submission, command.now, command.principal.actor, digests=digests)
    desk.flush()
    if isinstance(result, NotTaken):
        raise Kept(refused(result))
    names = [*digests.values(), matching.reference_name(timeline.supplier, submission.reference)]
    if body["calendar"]:
        names += name_in_calendar(command, result.case, body["calendar"])
    if result.person is None:
        return Submitted(shown_again(command, result.case), names, 200)
    slugs = {pinned.supplier_id: timeline.supplier, pinned.buyer_id: timeline.buyer}
    shown = appointments.submitted(connection, result.case, result.person, slugs, command.now)
    shown["calendar"] = matching.calendar_of(connection, result.case.id) if body["calendar"] else None
    return Submitted(shown, names)


def refused(result: NotTaken) -> Refused:
    """The refusal of a submission that broke clauses; it is on record."""
    return Refused(result.violations, "the definition's intake rules refuse it", code="intake_refused")


def name_in_calendar(command: Command, case: Case, calendar: Mapping[str, Any]) -> list[str]:
    """Keeps the calendar entry that a supplier names; the names by which deliveries may find it."""
    rows = deliveries.claimed_names(calendar)
    return deliveries.name_appointment(command.connection, case, rows, command.now, command.principal.actor)


def contact_secret() -> bytes:
    return current_settings().contact_secret


def submission_of(body: Mapping[str, Any]) -> Submission:
    """The checked body as the domain reads it."""
    prospect, consent = body["prospect"], body["consent"]
    company = prospect["company"] or {}
    return Submission(
        reference=body["reference"],
        slot=_slot(body["slot"]),
        prospect=Prospect(
            name=prospect["name"],
            email=prospect["email"],
            phone=prospect["phone"],
            company=Company(company.get("name"), company.get("domain"), company.get("number")),
            region=prospect["region"],
        ),
        channel=body["channel"],
        source=body["source"],
        lead_created_at=body["lead_created_at"],
        facts=body["facts"],
        consent=None
        if consent is None
        else ConsentGiven(consent["basis"], consent["captured_at"], consent["reference"]),
    )


def _slot(body: Mapping[str, Any]) -> Slot:
    return Slot(body["starts_at"], body["ends_at"])


@blueprint.query(
    "/appointments", roles=READERS, answers=page_of(schemas.Appointment), arguments=schemas.AppointmentFilters
)
def list_appointments(query: Query) -> Answer:
    """List appointments, newest first."""
    filters = {name: value for name, value in query.arguments.items() if name not in ("limit", "cursor", "expand")}
    listing = query.listing()
    items, following = appointments.page(
        query.connection,
        query.principal,
        appointments.Filters(**filters),
        query.now,
        limit=listing.limit,
        after=listing.after(),
    )
    expansion.expand(query.connection, items, query.arguments["expand"])
    return Answer({"items": items, "next_cursor": None if following is None else listing.cursor_for(following)})


@blueprint.query(
    "/appointments/<uuid:appointment_id>",
    roles=READERS,
    answers=schemas.Appointment,
    arguments=schemas.Expansion,
    versioned=True,
    also=(405,),  # for the name of the batch, which is taken by POST alone
)
def show_appointment(query: Query, appointment_id: UUID) -> Answer:
    """Show one appointment, with what is due as settled."""
    shown = appointments.one(query.connection, appointment_id, visible(query.principal, t.appointment), query.now)
    if shown is None:
        raise Unknown("there is no such appointment")
    expansion.expand(query.connection, [shown], query.arguments["expand"])
    return Answer(shown, version=shown["version"])


@blueprint.query("/appointments/<uuid:appointment_id>/events", roles=READERS, answers=schemas.Events)
def list_appointment_events(query: Query, appointment_id: UUID) -> Answer:
    """List what happened to an appointment, oldest first."""
    check_seen(query.connection, appointment_id, visible(query.principal, t.appointment))
    return Answer({"items": expansion.events(query.connection, [appointment_id])[appointment_id]})


def check_seen(connection: Connection, appointment_id: UUID, sees: ColumnElement[bool]) -> None:
    """Raises `Unknown` where the appointment is not theirs to see."""
    found = connection.execute(select(t.appointment.c.id).where(t.appointment.c.id == appointment_id, sees)).first()
    if found is None:
        raise Unknown("there is no such appointment")


@blueprint.command(
    "/appointments/<uuid:appointment_id>/findings",
    roles={BUYER},
    takes=schemas.FindingsBody,
    answers=schemas.Appointment,
)
def give_findings(command: Command, appointment_id: UUID) -> Answer:
    """State what happened. The pinned definition says what it is worth.

    Taken from the slot's start, absences from the start plus the waiting time, until the deadline; what comes at
    the very instant of the deadline is late. A second time only before the invoice and only if it raises the amount.
    """
    actor = actor_of(command.principal)
    desk, case = taken_in_hand(command, appointment_id, actor)
    with keeping(desk.flush):
        commands.give_findings(desk, case, findings_of(command.body), actor, command.now)
    desk.flush()
    return _answer(command, case)


def findings_of(body: Mapping[str, Any]) -> Findings:
    """The checked body as the domain reads it."""
    criteria = {criterion["id"]: CriterionFinding(criterion["finding"]) for criterion in body["criteria"]}
    notes = {criterion["id"]: criterion["note"] for criterion in body["criteria"] if criterion["note"]}
    return Findings(Finding(body["attendance"]), body["minutes"], criteria, note=body["note"], notes=notes)


@blueprint.command(
    "/appointments/<uuid:appointment_id>/cancel",
    roles=PARTIES,
    takes=schemas.CancellationBody,
    answers=schemas.Appointment,
)
def cancel_appointment(command: Command, appointment_id: UUID) -> Answer:
    """Cancel before the start. A party names itself or the prospect as the one who asked, never the other side."""
    actor = actor_of(command.principal)
    desk, case = taken_in_hand(command, appointment_id, actor)
    body = command.body
    with keeping(desk.flush):
        commands.cancel(desk, case, Party(body["by"]), actor, command.now, body["reason"] or "")
    desk.flush()
    return _answer(command, case)


@blueprint.command(
    "/appointments/<uuid:appointment_id>/reschedule",
    roles=PARTIES,
    takes=schemas.RescheduleBody,
    answers=schemas.Appointment,
)
def reschedule_appointment(command: Command, appointment_id: UUID) -> Answer:
    """Move it to another slot; after a prospect's no-show, within the window, rebook it."""
    actor = actor_of(command.principal)
    desk, case = taken_in_hand(command, appointment_id, actor)
    body = command.body
    with keeping(desk.flush):
        commands.reschedule(
            desk, case, _slot(body["slot"]), Party(body["requested_by"]), actor, command.now, body["reason"] or ""
        )
    desk.flush()
    return _answer(command, case, attach=True)


@blueprint.command(
    "/appointments/<uuid:appointment_id>/calendar",
    method="PUT",
    roles={SUPPLIER, ADMIN},
    takes=schemas.CalendarBody,
    answers=schemas.Appointment,
)
def name_calendar_entry(command: Command, appointment_id: UUID) -> Answer:
    """Name the booking and the join link, so that what calendars and meetings send is found.

    What was named before stays known. It moves nothing: another time is a matter of `reschedule`.
    """
    desk, case = taken_in_hand(command, appointment_id, actor_of(command.principal))
    desk.flush()
    name_in_calendar(command, case, command.body)
    return _answer(command, case, attach=True)


def actor_of(principal: Principal) -> Actor:
    """Who commands, as the services name it."""
    if principal.is_operator:
        return Actor(principal.actor, Party.OPERATOR, None)
    if principal.party is None:
        raise NotAllowed("this is for the parties of the appointment")
    return Actor(principal.actor, Party(principal.party), principal.organisation_id)


def taken_in_hand(command: Command, appointment_id: UUID, actor: Actor) -> tuple[Desk, Case]:
    """The appointment on a desk, settled. Raises `Kept` where `If-Match` names another version."""
    desk = Desk(command.connection, command.now)
    case = commands.in_hand(desk, appointment_id, actor, command.now)
    expected = command.expected_version
    if expected is not None and expected != case.state.version:
        desk.flush()
        raise Kept(VersionMismatch("the appointment has changed since you read it"))
    return desk, case


def _answer(command: Command, case: Case, *, attach: bool = False) -> Answer:
    """The appointment as it is now; with `attach`, deliveries that wait for it are looked at again afterwards."""
    waiting = deliveries.waiting_for_appointment(command.connection, case.id) if attach else []
    return Answer(shown_again(command, case), version=case.state.version, then=attaching(waiting, command.now))


def shown_again(command: Command, case: Case) -> dict[str, Any]:
    """The appointment as it is now, read from the database."""
    shown = appointments.one(command.connection, case.id, t.appointment.c.id == case.id, command.now)
    if shown is None:
        raise Malformed.at("", "the appointment was not written")
    return shown
