"""Opening a dispute: the supplier's contest and the buyer's clawback, with what it does to the money before the click.

Owns the form: the reasons that the pinned terms take, the claim as findings, a message, and the evidence that goes
with it. Everything is the same command as the API's; what refuses it is shown in place. Somebody else's appointment
is not there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection

from api.databases import database
from api.languages import gettext
from api.problems import problem_of
from api.units import clock
from api.web import evidence
from api.web.acting import actor_of, refusal_of
from api.web.appointment import KEYS, LONGEST_NOTE, drawings_of, findings_of
from api.web.blueprint import led_to, pages, show
from api.web.evidence import on_record
from api.web.mending import problem_shown
from api.web.sessions import only, person, takes_files
from ledger.domain import disputes as rules
from ledger.domain import wording
from ledger.domain.disputes import DisputeKind
from ledger.domain.errors import Malformed, Refusal, Unknown, VersionMismatch
from ledger.domain.lifecycle import Finding
from ledger.domain.outcome import Findings
from ledger.domain.terms import Standard
from ledger.services import disputes, valuation
from ledger.services.access import BUYER, SUPPLIER, visible
from ledger.services.cases import Case
from ledger.services.desk import Desk
from ledger.services.valuation import Prospects
from ledger.store import tables as t
from ledger.store.engine import reading

CLAUSES: Final = {DisputeKind.CONTEST: "dispute", DisputeKind.CLAWBACK: "clawback"}


@pages.get("/appointments/<uuid:appointment_id>/dispute")
@only(BUYER, SUPPLIER)
def dispute_form(appointment_id: UUID) -> Response:
    """The form to contest, or to claim back."""
    return _page(appointment_id)


@pages.post("/appointments/<uuid:appointment_id>/dispute/effect")
@only(BUYER, SUPPLIER)
@takes_files
def opening_effect(appointment_id: UUID) -> Response:
    """What the form would do to the money: a part of the page for htmx, the page itself without scripts."""
    if "HX-Request" not in request.headers:
        return _page(appointment_id, given=request.form)
    now = clock()
    with reading(database().engine) as connection:
        case = _case(connection, appointment_id, now)
        effect, refusal = _chosen(connection, case, request.form, now)
        comes_to = _comes_to(connection, case, request.form, now)
    return show("effect", effect=effect, problem=problem_shown(refusal), comes_to=comes_to, **_shown(case, now))


@pages.post("/appointments/<uuid:appointment_id>/dispute")
@only(BUYER, SUPPLIER)
@takes_files
def open_dispute(appointment_id: UUID) -> Response:
    """Open it, with the evidence."""
    opened: list[UUID] = []
    try:
        files = evidence.files_sent()
    except Malformed as malformed:
        return _page(appointment_id, given=request.form, refused=malformed)

    def act(desk: Desk, case: Case, now: datetime) -> None:
        if request.form.get("version") != str(case.state.version):
            raise VersionMismatch(gettext("It has changed since you opened this page. Look again, then decide."))
        reason, claim = request.form.get("reason", ""), _claim(case, request.form)
        if not reason:
            raise Malformed.at("reason", gettext("Choose the reason."))
        message = request.form.get("message", "").strip()[:LONGEST_NOTE] or None
        actor = actor_of(person().principal)
        opened.append(disputes.open_dispute(desk, case, reason, claim, message, actor, now))
        evidence.keep(desk, case, now, files)

    refusal = refusal_of(appointment_id, act, clock)
    if refusal is not None:
        return _page(appointment_id, given=request.form, refused=refusal)
    return led_to(url_for("web.dispute", dispute_id=opened[-1], done="opened"))


def _case(connection: Connection, appointment_id: UUID, now: datetime) -> Case:
    case = valuation.as_settled(connection, appointment_id, visible(person().principal, t.appointment), now)
    if case is None:
        raise Unknown("there is no such appointment")
    return case


def _kind() -> DisputeKind:
    return DisputeKind.CONTEST if person().has(SUPPLIER) else DisputeKind.CLAWBACK


def _closed(case: Case, now: datetime) -> Refusal | None:
    """Why nothing can be opened, whatever it claims."""
    try:
        rules.check_open(case.pinned.definition, case.state, _kind(), now)
    except Refusal as refusal:
        return refusal
    return None


def _claim(case: Case, form: Mapping[str, str]) -> Findings:
    """The form as findings; the minutes belong to an appointment that took place. Raises `Malformed`."""
    took_place = form.get("attendance") == Finding.ATTENDED.value
    return findings_of(case, form if took_place else {**form, "minutes": ""})


def _chosen(
    connection: Connection, case: Case, form: Mapping[str, str], now: datetime
) -> tuple[Prospects | None, Refusal | None]:
    """What the form would bring, or what it would be refused with."""
    try:
        claim = _claim(case, form)
    except Malformed as refusal:
        return None, refusal
    effect = valuation.of_opening(
        connection, case, form.get("reason") or None, claim, actor_of(person().principal), now
    )
    return (None, effect.refusal) if effect.refusal is not None else (effect, None)


def _page(appointment_id: UUID, *, given: Mapping[str, str] | None = None, refused: Refusal | None = None) -> Response:
    now = clock()
    with reading(database().engine) as connection:
        case = _case(connection, appointment_id, now)
        closed = _closed(case, now)
        effect, problem = (None, None) if given is None or closed else _chosen(connection, case, given, now)
        comes_to = {} if closed else _comes_to(connection, case, given, now)
        drawings, known = drawings_of(connection, case, now), on_record(connection, case.id)
    return show(
        "dispute_form",
        200 if refused is None else problem_of(refused).status,
        closed=problem_shown(closed),
        refused=problem_shown(refused),
        problem=problem_shown(problem),
        effect=effect,
        comes_to=comes_to,
        given=_stated(case) if given is None else given,
        drawings=drawings,
        evidence=known,
        **_shown(case, now),
    )


def _shown(case: Case, now: datetime) -> dict[str, Any]:
    kind, definition = _kind(), case.pinned.definition
    section = definition.dispute if kind is DisputeKind.CONTEST else definition.clawback
    return {
        "case": case,
        "definition": definition,
        "currency": definition.currency,
        "contest": kind is DisputeKind.CONTEST,
        "clause": CLAUSES[kind],
        "until": case.state.contest_at if kind is DisputeKind.CONTEST else case.state.clawback_at,
        "no_reply": wording.NO_REPLY[definition.dispute.no_reply],
        "reasons": [
            {
                "code": reason.code,
                "label": reason.label,
                "evidence": wording.STANDARDS[reason.evidence],
                "needs_evidence": reason.evidence is not Standard.ATTESTATION,
                "remedy": None if reason.remedy is None else wording.remedy(reason.remedy),
            }
            for reason in section.reasons
        ],
        "findings": tuple(KEYS.items()),
        "now": now,
        "zone": person().time_zone,
    }


def _comes_to(
    connection: Connection, case: Case, given: Mapping[str, str] | None, now: datetime
) -> dict[str, Prospects]:
    """For each attendance that could be claimed, with the rest as the form has it, what it comes to if it is upheld."""
    base = dict(_stated(case) if given is None else given)
    found = {}
    for finding in KEYS:
        found[finding.value], _ = _chosen(connection, case, {**base, "attendance": finding.value}, now)
    return {name: effect for name, effect in found.items() if effect is not None}


def _stated(case: Case) -> dict[str, str]:
    """What stands, as the form has it: whoever opens a dispute changes what is wrong."""
    stands: Findings = rules.standing(case.state)
    criteria = {f"criterion.{name}": finding.value for name, finding in (stands.criteria or {}).items()}
    known = {"attendance": stands.attendance.value} if stands.attendance in KEYS else {}
    minutes = {} if stands.minutes is None else {"minutes": str(stands.minutes)}
    return {**known, **minutes, **criteria}
