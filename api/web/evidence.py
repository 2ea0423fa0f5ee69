"""Evidence on pages: files and notes that a party adds, and the way back to them.

Owns the form and its limits (files of up to 10 MiB, several at once). What comes is kept as it came and is handed out
as a download only, whatever it says it is. Somebody else's appointment is not there.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection, select

from api.databases import database
from api.languages import gettext, marked
from api.problems import problem_of
from api.units import JSON, clock
from api.uploads import Upload
from api.web.acting import actor_of, refusal_of
from api.web.blueprint import led_to, pages, show
from api.web.documents import download
from api.web.mending import problem_shown
from api.web.sessions import LARGEST_FILE, MOST_FILES, only, person, takes_files
from ledger.domain.calendar import from_local
from ledger.domain.encoding import dumps
from ledger.domain.errors import Malformed, Refusal, Unknown
from ledger.services import appointments, commands, private
from ledger.services.access import BUYER, OPERATOR, PARTIES, SUPPLIER, visible
from ledger.services.cases import Case
from ledger.services.desk import Desk
from ledger.store import tables as t
from ledger.store.engine import reading

KINDS: Final = {
    "document": marked("A document"),
    "screenshot": marked("A screenshot"),
    "recording": marked("A recording"),
    "statement": marked("A statement in words"),
}
"""What a person adds by hand, beside attempts to reach the prospect."""
ATTEMPT: Final = {commands.CONTACT_ATTEMPT: marked("An attempt to reach the prospect")}
LONGEST_WORDS: Final = 2_000


@pages.get("/appointments/<uuid:appointment_id>/evidence")
@only(BUYER, SUPPLIER)
def evidence_form(appointment_id: UUID) -> Response:
    """The form to add evidence."""
    return _page(appointment_id)


@pages.post("/appointments/<uuid:appointment_id>/evidence")
@only(BUYER, SUPPLIER)
@takes_files
def add_evidence(appointment_id: UUID) -> Response:
    """Keep files, or words, as evidence."""

    words = request.form.get("words", "").strip()[:LONGEST_WORDS]
    try:
        kind, at, sent = request.form.get("kind"), _instant(request.form.get("occurred_at", "")), files_sent()
        if kind not in _kinds():
            raise Malformed.at("kind", gettext("Say what it is."))
        if words:
            sent.append(Upload(None, JSON, dumps({"note": words}, sort=True)))
        if not sent:
            raise Malformed.at("files", gettext("Choose a file, or write what you know."))
    except Malformed as malformed:
        return _page(appointment_id, malformed)
    refusal = refusal_of(appointment_id, lambda desk, case, now: keep(desk, case, now, sent, kind=kind, at=at), clock)
    if refusal is not None:
        return _page(appointment_id, refusal)
    return led_to(url_for("web.appointment", appointment_id=appointment_id, done="evidence"))


@pages.get("/appointments/<uuid:appointment_id>/evidence/<uuid:evidence_id>")
@only(*PARTIES, *OPERATOR)
def evidence_content(appointment_id: UUID, evidence_id: UUID) -> Response:
    """The bytes as they were received, as a download."""
    item = t.evidence_item.c
    query = select(item.content, item.file_name).where(
        item.id == evidence_id, item.appointment_id == appointment_id, visible(person().principal, t.evidence_item)
    )
    with reading(database().engine) as connection:
        found = connection.execute(query).one_or_none()
        key = private.key_of(connection, appointment_id)
    content = None if found is None else private.opened_content(key, found.content)
    if found is None or content is None:
        raise Unknown("there is no such evidence, or it was erased with the prospect")
    name = private.opened_text(key, found.file_name)
    return download(content, name or f"{evidence_id}.bin", "application/octet-stream")


def files_sent() -> list[Upload]:
    """The files of the form that was sent; a field that was left empty is none. Raises `Malformed`."""
    parts = [part for part in request.files.getlist("files") if part.filename]
    if len(parts) > MOST_FILES:
        raise Malformed.at("files", gettext("Send up to %(n)s files at once; more may follow.", n=MOST_FILES))
    uploads = []
    for part in parts:
        content = part.stream.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise Malformed.at(
                "files", gettext("“%(name)s” is larger than 10 MiB; send it in parts.", name=part.filename)
            )
        uploads.append(Upload(part.filename, part.mimetype or "application/octet-stream", content))
    return uploads


def keep(
    desk: Desk, case: Case, now: datetime, sent: list[Upload], *, kind: str = "document", at: datetime | None = None
) -> None:
    """Keeps files, each by itself."""
    actor = actor_of(person().principal)
    for each in sent:
        commands.add_evidence(
            desk,
            case,
            actor,
            now,
            kind=kind,
            occurred_at=at or now,
            content=each.content,
            media_type=each.media_type,
            file_name=each.file_name,
        )


def on_record(connection: Connection, appointment_id: UUID) -> list[dict[str, Any]]:
    """What came, one entry for each kind of it from one side: a meeting's log comes in many pieces. Files by name."""
    item = t.evidence_item.c
    columns = (item.id, item.kind, item.grade, item.party, item.received_at, item.file_name, item.delivery_id)
    query = select(*columns).where(item.appointment_id == appointment_id).order_by(item.received_at, item.id)
    secret = private.key_of(connection, appointment_id)
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in connection.execute(query).mappings():
        key = (row["kind"], row["grade"], row["party"])
        entry = found.setdefault(key, {**row, "pieces": 0, "files": []})
        entry["pieces"] += 1
        if row["delivery_id"] is None and (row["file_name"] is not None or row["party"] in PARTIES):
            entry["files"].append({"id": row["id"], "name": private.opened_text(secret, row["file_name"])})
    return list(found.values())


def _page(appointment_id: UUID, refused: Refusal | None = None) -> Response:
    now, viewer = clock(), person()
    with reading(database().engine) as connection:
        shown = appointments.one(connection, appointment_id, visible(viewer.principal, t.appointment), now)
        evidence = on_record(connection, appointment_id) if shown is not None else []
    if shown is None:
        raise Unknown("there is no such appointment")
    return show(
        "evidence",
        200 if refused is None else problem_of(refused).status,
        a=shown,
        kinds=_kinds(),
        evidence=evidence,
        given=request.form,
        problem=problem_shown(refused),
        now=now,
        zone=viewer.time_zone,
    )


def _kinds() -> dict[str, str]:
    return {**ATTEMPT, **KINDS} if person().has(BUYER) else KINDS


def _instant(text: str) -> datetime:
    """When it happened, on the clock of whoever says so. Raises `Malformed`."""
    try:
        return from_local(datetime.fromisoformat(text), person().time_zone)
    except ValueError:
        raise Malformed.at("occurred_at", gettext("Give the day and the time at which it happened.")) from None
