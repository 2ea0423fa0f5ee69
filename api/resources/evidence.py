"""Evidence about appointments: what parties send, as JSON or as files, kept as it came.

Files are handed out as downloads only, whatever they say they are: nothing that a party sent is ever shown as a page.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy import Connection, select

from api.auth import ADMIN, ARBITER, OPERATOR, PARTIES, visible
from api.endpoints import Resource
from api.resources.appointments import actor_of, check_seen, taken_in_hand
from api.schemas import evidence as schemas
from api.units import JSON, Answer, Command, Query
from api.uploads import Upload, json_or_form
from ledger.domain.encoding import dumps
from ledger.domain.errors import Unknown
from ledger.domain.messages import mapping, plain
from ledger.services import cases, commands, keeping, private, readings
from ledger.store import tables as t

blueprint = Resource("evidence", description="Evidence: raw bytes with their hash and the grade of their origin.")

READERS = {*PARTIES, *OPERATOR}
LARGEST_FILE = 10 * 1024 * 1024
OVERHEAD = 64 * 1024
"""What the other fields of a form may take beside the file."""
SHOWN = (
    "id", "kind", "party", "grade", "verified", "occurred_at", "received_at", "media_type", "file_name", "sha256",
    "size", "said",
)  # fmt: skip


@blueprint.command(
    "/appointments/<uuid:appointment_id>/evidence",
    roles={*PARTIES, ADMIN, ARBITER},
    takes=schemas.EvidenceBody,
    answers=schemas.Evidence,
    status=201,
    limit=LARGEST_FILE + OVERHEAD,
    reads=json_or_form,
)
def add_evidence(command: Command, appointment_id: UUID) -> Answer:
    """Add evidence: any JSON value, or a file of up to 10 MiB, kept as it comes.

    What the operator adds is of grade A, as his own pull. Of a party, what can be read (see the body) and speaks
    against its own interest is B, everything else C. A `contact_attempt` by the buyer counts towards a no-show.
    """
    actor = actor_of(command.principal)
    desk, case = taken_in_hand(command, appointment_id, actor)
    body, content = command.body, command.body["content"]
    sent: dict[str, Any] = (
        {"content": content.content, "media_type": content.media_type, "file_name": content.file_name}
        if isinstance(content, Upload)
        else {"content": dumps(content, sort=True), "media_type": JSON, "said": _said(content)}
    )
    with keeping(desk.flush):
        evidence_id = commands.add_evidence(
            desk, case, actor, command.now, kind=body["kind"], occurred_at=body["occurred_at"], **sent
        )
    desk.flush()
    return Answer(next(item for item in evidence_of(command.connection, appointment_id) if item["id"] == evidence_id))


def _said(content: Any) -> list[Any]:
    """What can be read of a JSON value that somebody adds by hand."""
    return [statement.said for statement in plain(mapping(content), "")]


@blueprint.query("/appointments/<uuid:appointment_id>/evidence", roles=READERS, answers=schemas.EvidenceList)
def list_evidence(query: Query, appointment_id: UUID) -> Answer:
    """List the evidence about an appointment, oldest first, with the presence that it shows."""
    check_seen(query.connection, appointment_id, visible(query.principal, t.appointment))
    presence = presence_of(query.connection, appointment_id, query.now)
    return Answer({"items": evidence_of(query.connection, appointment_id), "presence": presence})


@blueprint.query(
    "/appointments/<uuid:appointment_id>/evidence/<uuid:evidence_id>/content",
    roles=READERS,
    media_type="application/octet-stream",
)
def download_evidence(query: Query, appointment_id: UUID, evidence_id: UUID) -> Response:
    """Download the bytes as they were received."""
    check_seen(query.connection, appointment_id, visible(query.principal, t.appointment))
    evidence = t.evidence_item.c
    content: bytes | None = query.connection.execute(
        select(evidence.content).where(evidence.id == evidence_id, evidence.appointment_id == appointment_id)
    ).scalar_one_or_none()
    if content is None:
        raise Unknown("there is no such evidence")
    content = private.opened_content(private.key_of(query.connection, appointment_id), content)
    if content is None:
        raise Unknown("the evidence was erased with the prospect", code="erased")
    response = Response(content, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{evidence_id}.bin"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def evidence_of(connection: Connection, appointment_id: UUID) -> list[dict[str, Any]]:
    """What was received about an appointment, oldest first, without the bytes."""
    evidence = t.evidence_item.c
    shown = (*(evidence[name] for name in SHOWN), evidence.delivery_id.label("delivery"))
    query = select(*shown).where(evidence.appointment_id == appointment_id)
    key = private.key_of(connection, appointment_id)
    return [
        {**row, "file_name": private.opened_text(key, row["file_name"])}
        for row in connection.execute(query.order_by(evidence.id)).mappings()
    ]


def presence_of(connection: Connection, appointment_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Who was there and for how long, by the grade of the evidence that shows it."""
    (case,) = cases.load(connection, t.appointment.c.id == appointment_id)
    return [readings.as_json(case, picture) for picture in readings.pictures(connection, case, now)]
