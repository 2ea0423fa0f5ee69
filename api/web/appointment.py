"""One appointment on one screen: who, when, what was claimed, what it is worth, what happened.

Owns the buyer's forms for findings and cancellation, and shows what each choice would be worth before the click.
They go through the same commands as the API; what these refuse is shown beside the form, with the clause. Somebody
else's appointment is not there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection
from sqlalchemy import select as rows_of

from api.databases import database
from api.languages import gettext
from api.problems import problem_of
from api.units import clock
from api.web import bars
from api.web.acting import Act, actor_of, refusal_of
from api.web.blueprint import led_to, pages, secured, show
from api.web.evidence import on_record
from api.web.inbox import narrowed
from api.web.mending import problem_shown
from api.web.sessions import Person, only, person
from ledger.domain.errors import Malformed, Refusal, Unknown, VersionMismatch
from ledger.domain.lifecycle import CriterionFinding, Finding, Party, Verdict
from ledger.domain.outcome import Findings
from ledger.services import appointments, commands, explanations, readings, valuation
from ledger.services import inbox as queue
from ledger.services.access import BUYER, OPERATOR, SUPPLIER, visible
from ledger.services.cases import Case
from ledger.services.desk import Desk
from ledger.services.valuation import Worth
from ledger.store import tables as t
from ledger.store.engine import reading

KEYS: Final = {
    Finding.ATTENDED: "a",
    Finding.PROSPECT_NO_SHOW: "n",
    Finding.BUYER_NO_SHOW: "b",
    Finding.BOTH_ABSENT: "0",
    Finding.SUPPLIER_FAULT: "s",
    Finding.ACCESS_FAILURE: "x",
    Finding.TECHNICAL_FAILURE: "t",
}
"""The choices of attendance and the key of each."""
OPENS: Final = {SUPPLIER: "contest", BUYER: "clawback"}
"""The deadline until which each party may open a dispute."""
LONGEST_MINUTES: Final = 1_440
LONGEST_NOTE: Final = 2_000


@pages.get("/appointments/<uuid:appointment_id>")
@only(BUYER, SUPPLIER, *OPERATOR)
def appointment(appointment_id: UUID) -> Response:
    """The appointment, with what is due as settled."""
    return _page(appointment_id)


@pages.post("/appointments/<uuid:appointment_id>/worth")
@only(BUYER)
def findings_worth(appointment_id: UUID) -> Response:
    """What the choices in the form would be worth: a part of the page for htmx, the page itself without scripts."""
    if "HX-Request" not in request.headers:
        return _page(appointment_id, given=request.form)
    now = clock()
    with reading(database().engine) as connection:
        case = _case(connection, appointment_id, now)
        worth, refusal = _chosen(connection, case, request.form, now)
    return show("worth", worth=worth, problem=problem_shown(refusal), currency=case.pinned.definition.currency, now=now,
                zone=person().time_zone)  # fmt: skip


@pages.post("/appointments/<uuid:appointment_id>/findings")
@only(BUYER)
def record_findings(appointment_id: UUID) -> Response:
    """Record what happened."""

    def act(desk: Desk, case: Case, now: datetime) -> None:
        commands.give_findings(desk, case, findings_of(case, request.form), actor_of(person().principal), now)

    return _command(appointment_id, "findings", act)


@pages.post("/appointments/<uuid:appointment_id>/cancel")
@only(BUYER)
def cancel_appointment(appointment_id: UUID) -> Response:
    """Cancel before the start."""
    by = request.form.get("by", "")

    def act(desk: Desk, case: Case, now: datetime) -> None:
        if by not in (Party.BUYER.value, Party.PROSPECT.value):
            raise Malformed.at("by", "say who asked for the cancellation")
        reason = request.form.get("reason", "").strip()[:LONGEST_NOTE]
        commands.cancel(desk, case, Party(by), actor_of(person().principal), now, reason)

    return _command(appointment_id, "cancel", act)


def _command(appointment_id: UUID, form: str, act: Act) -> Response:
    """Acts on what the page showed; what refuses it comes back in place."""

    def on_the_same(desk: Desk, case: Case, now: datetime) -> None:
        is_seen = request.form.get("version") == str(case.state.version)
        if not is_seen and case.state.verdict is not Verdict.DEEMED:  # there the command says that it is late
            raise VersionMismatch(gettext("It has changed since you opened this page. Look again, then decide."))
        act(desk, case, now)

    refusal = refusal_of(appointment_id, on_the_same, clock)
    if refusal is not None:
        return _page(appointment_id, given=request.form, refused=(form, refusal))
    if "HX-Request" in request.headers:
        return secured(Response(status=204))
    return led_to(url_for("web.appointment", appointment_id=appointment_id, done=form))


def findings_of(case: Case, form: Mapping[str, str]) -> Findings:
    """The form as findings. Raises `Malformed` for what no form of ours sends."""
    attendance = form.get("attendance", "")
    if attendance not in KEYS:
        raise Malformed.at("attendance", "say who was there")
    minutes = form.get("minutes", "").strip()
    if minutes and not (minutes.isascii() and minutes.isdigit() and int(minutes[:6]) <= LONGEST_MINUTES):
        raise Malformed.at("minutes", f"minutes are a whole number up to {LONGEST_MINUTES}")
    criteria = {}
    for criterion in case.pinned.definition.criteria:
        stated = form.get(f"criterion.{criterion.id}")
        if stated in (CriterionFinding.CONFIRMED.value, CriterionFinding.REFUTED.value):
            criteria[criterion.id] = CriterionFinding(stated)
    note = form.get("note", "").strip()[:LONGEST_NOTE] or None
    return Findings(Finding(attendance), int(minutes) if minutes else None, criteria, note=note)


def _page(
    appointment_id: UUID, *, given: Mapping[str, str] | None = None, refused: tuple[str, Refusal] | None = None
) -> Response:
    now, viewer = clock(), person()
    with reading(database().engine) as connection:
        case = _case(connection, appointment_id, now)
        shown = appointments.one(connection, appointment_id, visible(viewer.principal, t.appointment), now)
        explained = explanations.of_appointment(connection, appointment_id, viewer.principal, now)
        parties = rows_of(t.organisation.c.slug, t.organisation.c.legal_name).where(
            t.organisation.c.id.in_((case.pinned.supplier_id, case.pinned.buyer_id))
        )
        names = {row.slug: row.legal_name for row in connection.execute(parties)}
        forms = _forms(connection, case, shown, given, viewer, now) if viewer.has(BUYER) and shown else {}
        evidence = on_record(connection, appointment_id)
        drawings = drawings_of(connection, case, now)
        beside = _beside(connection, case, now) if viewer.has(BUYER) else {}
    assert shown is not None, "what the case was found by finds it again"
    definition = case.pinned.definition
    return show(
        "appointment",
        200 if refused is None else problem_of(refused[1]).status,
        a=shown,
        case=case,
        definition=definition,
        currency=definition.currency,
        names=names,
        criteria=_criteria(case, shown),
        steps=() if explained is None else explained.explanation.steps,
        evidence=evidence,
        drawings=drawings,
        given=given or {},
        refused_form=None if refused is None else refused[0],
        problem=None if refused is None else problem_shown(refused[1]),
        may_open=next(
            (d["at"] for d in shown["deadlines"] if d["kind"] == OPENS.get(viewer.principal.party or "")), None
        ),
        done=request.args.get("done"),
        now=now,
        zone=viewer.time_zone,
        **{"findings": None, "cancellations": None, "silence": None, **forms},
        **{"asked": {}, "following": None, "previous": None, **beside},
    )


def _beside(connection: Connection, case: Case, now: datetime) -> dict[str, Any]:
    """What comes before and after it in the inbox that it was opened from."""
    buyer_id = case.pinned.buyer_id
    wanted, place = narrowed(connection, buyer_id, now), (case.state.findings_at or now, case.id)

    def one(**order: Any) -> queue.Waiting | None:
        found, _ = queue.awaiting(connection, buyer_id, now, limit=1, filters=wanted.filters, **order)
        return found[0] if found else None

    return {"asked": wanted.asked, "following": one(after=place), "previous": one(after=place, backwards=True)}


def _case(connection: Connection, appointment_id: UUID, now: datetime) -> Case:
    case = valuation.as_settled(connection, appointment_id, visible(person().principal, t.appointment), now)
    if case is None:
        raise Unknown("there is no such appointment")
    return case


def _forms(
    connection: Connection,
    case: Case,
    shown: Mapping[str, Any],
    given: Mapping[str, str] | None,
    viewer: Person,
    now: datetime,
) -> dict[str, Any]:
    """What the buyer can still do, each choice with what it is worth."""
    actor = actor_of(viewer.principal)
    if shown["stage"] == "booked":
        asked_by = (Party.PROSPECT, Party.BUYER)
        worths = {by.value: valuation.of_cancellation(connection, case, by, actor, now) for by in asked_by}
        return {"cancellations": worths, "silence": valuation.of_silence(connection, case)}
    if shown["stage"] != "awaiting_findings":
        return {}

    def worth(findings: Findings) -> Worth:
        return valuation.of_findings(connection, case, findings, actor, now)

    choices = [(finding, key, worth(Findings(finding))) for finding, key in KEYS.items()]
    least = case.pinned.definition.attendance.minimum_minutes
    chosen, refusal = (None, None) if given is None else _chosen(connection, case, given, now)
    return {
        "silence": valuation.of_silence(connection, case),
        "findings": {
            "choices": choices,
            "least": least,
            "cut_short": worth(Findings(Finding.ATTENDED, least - 1)) if least > 1 else None,
            "chosen": chosen,
            "chosen_problem": problem_shown(refusal),
        },
    }


def _chosen(
    connection: Connection, case: Case, form: Mapping[str, str], now: datetime
) -> tuple[Worth | None, Refusal | None]:
    """What the form's choices are worth, or what they would be refused with."""
    try:
        findings = findings_of(case, form)
    except Malformed as refusal:
        return None, refusal
    worth = valuation.of_findings(connection, case, findings, actor_of(person().principal), now)
    return (None, worth.refusal) if worth.refusal is not None else (worth, None)


def _criteria(case: Case, shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each criterion with what the supplier claims, whether that meets it, and what a bonus adds."""
    found = {entry["id"]: entry for entry in shown["qualification"]["criteria"]}
    return [
        {
            "id": criterion.id,
            "label": criterion.label,
            "kind": criterion.kind.value,
            "bonus": case.pinned.agreement.price.bonuses.get(criterion.id),
            "claimed": found[criterion.id]["value"],
            "met": case.state.claims.get(criterion.id),
            "finding": found[criterion.id]["finding"],
        }
        for criterion in case.pinned.definition.criteria
    ]


def drawings_of(connection: Connection, case: Case, now: datetime) -> list[bars.Drawing]:
    """Who was there, drawn by the grade of the evidence that shows it."""
    definition, slot = case.pinned.definition, case.state.slot
    return [bars.draw(definition, slot, picture) for picture in readings.pictures(connection, case, now)]
