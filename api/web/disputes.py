"""Disputes: the queue of the arbiter and of each party, and one dispute with both stories side by side.

Owns the forms by which the parties reply, write or withdraw and the arbiter decides, each shown with what it does to
the money before it is confirmed. They go through the same commands as the API. Somebody else's dispute is not there.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection, select

from api.databases import database
from api.languages import gettext
from api.problems import problem_of
from api.units import clock
from api.web import evidence
from api.web.acting import Act, actor_of, refusal_of
from api.web.appointment import KEYS, LONGEST_NOTE, drawings_of, findings_of
from api.web.blueprint import led_to, pages, show
from api.web.evidence import on_record
from api.web.mending import problem_shown
from api.web.sessions import only, person, takes_files
from ledger.domain import disputes as rules
from ledger.domain import wording
from ledger.domain.disputes import DisputeKind, Position
from ledger.domain.errors import Malformed, Refusal, Unknown
from ledger.domain.outcome import Findings
from ledger.domain.prose import Quotation, quoted
from ledger.services import dispute_reading, disputes, private, valuation
from ledger.services.access import ARBITER, BUYER, SUPPLIER, visible
from ledger.services.cases import Case
from ledger.services.desk import Desk
from ledger.services.valuation import Worth
from ledger.store import tables as t
from ledger.store.engine import reading

QUEUE: Final = 100
SHARE: Final = "share"
"""The arbiter's choice that is no finding: a share of the price."""


@pages.get("/disputes")
@only(ARBITER, BUYER, SUPPLIER)
def dispute_queue() -> Response:
    """What waits for a decision, the earliest clock first, and what waits for a reply: an arbiter's comes after, a
    party's before."""
    now, sees = clock(), partial(visible, person().principal)
    with reading(database().engine) as connection:
        rows = dispute_reading.open_ones(connection, sees, now, QUEUE, owing=_owing())
        about = _about(connection, [row["appointment_id"] for row in rows])
    rows = [row | about[row["appointment_id"]] for row in rows]
    return show("disputes", rows=rows, ours=_owing(), now=now, zone=person().time_zone)


def _owing() -> list[str]:
    """The kinds of dispute whose reply is the reader's."""
    return [kind.value for kind, party in rules.OWES_REPLY.items() if party == person().principal.party]


def _about(connection: Connection, appointment_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Who and what each appointment is about."""
    appointment, prospect = t.appointment.c, t.prospect.c
    supplier, buyer = t.organisation.alias(), t.organisation.alias()
    query = (
        select(
            appointment.id.label("appointment_id"),
            appointment.reference,
            appointment.currency,
            prospect.name,
            supplier.c.legal_name.label("supplier"),
            buyer.c.legal_name.label("buyer"),
        )
        .outerjoin(t.prospect, prospect.appointment_id == appointment.id)
        .join(supplier, supplier.c.id == appointment.supplier_id)
        .join(buyer, buyer.c.id == appointment.buyer_id)
        .where(appointment.id.in_(appointment_ids))
    )
    return {row["appointment_id"]: dict(row) for row in connection.execute(query).mappings()}


@pages.get("/disputes/<uuid:dispute_id>")
@only(ARBITER, BUYER, SUPPLIER)
def dispute(dispute_id: UUID) -> Response:
    """One dispute: claim against findings, evidence of both sides, what they wrote, and what can be done now."""
    return _page(dispute_id)


@pages.post("/disputes/<uuid:dispute_id>/effect")
@only(ARBITER)
def decision_effect(dispute_id: UUID) -> Response:
    """What the decision in the form would do to the money: a part of the page for htmx, else the page itself."""
    if "HX-Request" not in request.headers:
        return _page(dispute_id, given=request.form)
    now = clock()
    with reading(database().engine) as connection:
        case = _case(connection, _dispute(connection, dispute_id, now), now)
        chosen, problem = _chosen(connection, case, dispute_id, request.form, now)
        names = _names(connection, case)
    currency, shown = case.pinned.definition.currency, problem_shown(problem)
    return show("decided", chosen=chosen, problem=shown, case=case, names=names, currency=currency)


@pages.post("/disputes/<uuid:dispute_id>/decide")
@only(ARBITER)
def decide_dispute(dispute_id: UUID) -> Response:
    """Decide, with a written reason."""
    reason = request.form.get("reason", "").strip()[:LONGEST_NOTE]

    def act(desk: Desk, case: Case, now: datetime) -> None:
        if not reason:
            raise Malformed.at("reason", gettext("a decision has a written reason"))
        actor = actor_of(person().principal)
        disputes.decide(desk, case, dispute_id, _decision(case, request.form), reason, actor, now)

    return _command(dispute_id, act)


@pages.post("/disputes/<uuid:dispute_id>/messages")
@only(ARBITER, BUYER, SUPPLIER)
@takes_files
def write_to_dispute(dispute_id: UUID) -> Response:
    """Write to the other side and the arbiter; a party may show something with it."""
    message = _message()

    def act(desk: Desk, case: Case, now: datetime) -> None:
        if message is not None:
            disputes.write(desk, case, dispute_id, message, actor_of(person().principal), now)
        evidence.keep(desk, case, now, files)

    try:
        files = evidence.files_sent() if person().principal.party is not None else []
        if message is None and not files:
            raise Malformed.at("message", gettext("Write something, or choose a file."))
    except Malformed as malformed:
        return _page(dispute_id, given=request.form, refused=malformed)
    return _command(dispute_id, act)


@pages.post("/disputes/<uuid:dispute_id>/reply")
@only(BUYER, SUPPLIER)
@takes_files
def reply_to_dispute(dispute_id: UUID) -> Response:
    """Concede or contest."""
    message = _message()

    def act(desk: Desk, case: Case, now: datetime) -> None:
        position = request.form.get("position")
        if position not in list(Position):
            raise Malformed.at("position", gettext("say whether you concede or contest"))
        disputes.reply(desk, case, dispute_id, Position(position), message, actor_of(person().principal), now)
        evidence.keep(desk, case, now, files)

    try:
        files = evidence.files_sent()
    except Malformed as malformed:
        return _page(dispute_id, given=request.form, refused=malformed)
    return _command(dispute_id, act)


@pages.post("/disputes/<uuid:dispute_id>/withdraw")
@only(BUYER, SUPPLIER)
def withdraw_dispute(dispute_id: UUID) -> Response:
    """Take it back."""

    def act(desk: Desk, case: Case, now: datetime) -> None:
        disputes.withdraw(desk, case, dispute_id, actor_of(person().principal), now)

    return _command(dispute_id, act)


def _message() -> str | None:
    return request.form.get("message", "").strip()[:LONGEST_NOTE] or None


def _command(dispute_id: UUID, act: Act) -> Response:
    """Acts; what refuses it comes back in place."""
    refusal = refusal_of(dispute_id, act, clock, disputes.in_hand)
    if refusal is not None:
        return _page(dispute_id, given=request.form, refused=refusal)
    return led_to(url_for("web.dispute", dispute_id=dispute_id, done="1"))


def _decision(case: Case, form: Mapping[str, str]) -> Findings | int:
    """Findings, or a share in basis points. Raises `Malformed` for what no form of ours sends."""
    if form.get("attendance") != SHARE:
        return findings_of(case, form)
    percent = form.get("share", "").strip()
    if not (percent.isascii() and percent.isdigit() and int(percent[:4]) <= 100):
        raise Malformed.at("share", gettext("a share is a whole number of percent, up to 100"))
    return int(percent) * 100


def _page(dispute_id: UUID, *, given: Mapping[str, str] | None = None, refused: Refusal | None = None) -> Response:
    now, viewer = clock(), person()
    with reading(database().engine) as connection:
        row = _dispute(connection, dispute_id, now)
        case = _case(connection, row, now)
        is_open = case.state.dispute is not None and case.state.dispute["dispute"] == str(dispute_id)
        decides = viewer.has(ARBITER) and is_open and case.state.reply_at is None and case.state.disputed
        effects = _effects(connection, case, dispute_id, now) if decides else {}
        chosen, problem = _chosen(connection, case, dispute_id, given, now) if decides and given else (None, None)
        drawings = drawings_of(connection, case, now)
        key = private.key_of(connection, case.id)
        known, messages = on_record(connection, case.id), _messages(connection, dispute_id, key)
        names = _names(connection, case)
        kind, party = DisputeKind(row["kind"]), viewer.principal.party
        owes = is_open and case.state.reply_at is not None and rules.OWES_REPLY.get(kind) == party
        actor = actor_of(viewer.principal)
        conceded = valuation.of_concession(connection, case, dispute_id, actor, now) if owes else None
    return show(
        "dispute",
        200 if refused is None else problem_of(refused).status,
        d=row,
        case=case,
        definition=case.pinned.definition,
        currency=case.pinned.definition.currency,
        reason=None if row["reason"] is None else rules.find_reason(case.pinned.definition, kind, row["reason"]).label,
        clause="clawback.reasons" if kind is DisputeKind.CLAWBACK else "dispute.reasons",
        names=names,
        clauses=_in_question(case, row),
        drawings=drawings,
        evidence=known,
        messages=messages,
        findings=tuple(KEYS),
        effects=effects,
        chosen=chosen,
        problem=problem_shown(refused or problem),
        given=given or {},
        owes_reply=owes,
        conceded=conceded,
        no_reply=wording.NO_REPLY[case.pinned.definition.dispute.no_reply],
        may_write=is_open and case.state.disputed and (party is not None or viewer.has(ARBITER)),
        may_withdraw=is_open and case.state.disputed and rules.OPENER[kind] == party,
        decides=decides,
        done=request.args.get("done"),
        now=now,
        zone=viewer.time_zone,
    )


def _effects(connection: Connection, case: Case, dispute_id: UUID, now: datetime) -> dict[str, Worth]:
    """What each finding of attendance would bring, the criteria as the supplier's facts meet them."""
    actor = actor_of(person().principal)
    return {
        finding.value: valuation.of_decision(connection, case, dispute_id, Findings(finding), actor, now)
        for finding in KEYS
    }


def _chosen(
    connection: Connection, case: Case, dispute_id: UUID, form: Mapping[str, str], now: datetime
) -> tuple[Worth | None, Refusal | None]:
    try:
        decision = _decision(case, form)
    except Malformed as refusal:
        return None, refusal
    worth = valuation.of_decision(connection, case, dispute_id, decision, actor_of(person().principal), now)
    return (None, worth.refusal) if worth.refusal is not None else (worth, None)


def _dispute(connection: Connection, dispute_id: UUID, now: datetime) -> Mapping[str, Any]:
    row = dispute_reading.one(connection, dispute_id, partial(visible, person().principal), now)
    if row is None:
        raise Unknown("there is no such dispute")
    return row


def _case(connection: Connection, row: Mapping[str, Any], now: datetime) -> Case:
    found = t.appointment.c.id == row["appointment_id"]
    case = valuation.as_settled(connection, row["appointment_id"], found, now)
    assert case is not None, "a dispute has its appointment"
    return case


def _in_question(case: Case, row: Mapping[str, Any]) -> list[Quotation]:
    """What the sides signed about it: the reason that was given, else the rule that opened it; and who was there."""
    kind = DisputeKind(row["kind"])
    section = "clawback" if kind is DisputeKind.CLAWBACK else "dispute"
    opened = f"{section}.reasons.{row['reason']}" if row["reason"] else "verification.silence"
    paths = (opened, "attendance") if kind is not DisputeKind.CONTRADICTION else ("attendance",)
    found = (quoted(case.pinned.definition, path, case.pinned.agreement) for path in paths)
    return list(dict.fromkeys(each for each in found if each is not None))


def _messages(connection: Connection, dispute_id: UUID, key: str | None) -> list[dict[str, Any]]:
    message = t.dispute_message.c
    query = select(message.party, message.body, message.sent_at).where(message.dispute_id == dispute_id)
    said = connection.execute(query.order_by(message.id)).mappings()
    return [{**row, "body": private.opened_text(key, row["body"])} for row in said]


def _names(connection: Connection, case: Case) -> dict[str, Any]:
    organisation = t.organisation.c
    sides = {case.pinned.supplier_id: "supplier", case.pinned.buyer_id: "buyer"}
    query = select(organisation.id, organisation.legal_name).where(organisation.id.in_(list(sides)))
    return {sides[row.id]: row.legal_name for row in connection.execute(query)}
