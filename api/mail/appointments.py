"""Mails about appointments: what was refused, and findings that take something away."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import and_, select

from api.languages import gettext, ngettext
from api.mail.contents import MOST_ITEMS, Contents, Item, Reader, rest
from api.web.display import FILTERS, outcome
from ledger.domain.lifecycle import CriterionFinding, Verdict
from ledger.domain.stage import contestable
from ledger.services import cases
from ledger.services.access import visible
from ledger.services.cases import Case
from ledger.services.mail_outbox import Cause
from ledger.store import tables as t


def refusals(reader: Reader, causes: Collection[Cause]) -> Contents | None:
    """What was not taken, each with every clause that it broke."""
    refusal = t.intake_refusal.c
    mine = and_(refusal.id.in_({cause.source_id for cause in causes}), visible(reader.principal, t.intake_refusal))
    query = select(refusal.id, refusal.reference, refusal.violations).where(mine).order_by(refusal.id)
    rows = reader.connection.execute(query).all()
    if not rows:
        return None
    page = f"{reader.public_url}/refusals"
    items = tuple(
        Item(row.reference, page, tuple(f"{each['clause']}: {each['detail']}" for each in row.violations))
        for row in rows[:MOST_ITEMS]
    )
    subject = ngettext("One submission was refused", "%(n)s submissions were refused", len(rows))
    lead = gettext("Each broke the clauses below. What is mended can be submitted anew.")
    return Contents(subject, lead, items, page, rest(len(rows)))


def verdicts(reader: Reader, causes: Collection[Cause]) -> Contents | None:
    """Findings, cancellations and silence that leave the supplier less than he claimed, and until when to contest."""
    found = [case for case in seen(reader, causes) if case.state.verdict is not Verdict.PENDING]
    if not found:
        return None
    buyers = reader.names({case.pinned.buyer_id for case in found})
    items = tuple(
        Item(
            f"{case.reference}, {buyers[case.pinned.buyer_id]}",
            f"{reader.public_url}/appointments/{case.id}",
            tuple(_found(reader, case)),
        )
        for case in found[:MOST_ITEMS]
    )
    subject = ngettext("One appointment was found to fall short", "%(n)s appointments were found to fall short",
                       len(found))  # fmt: skip
    lead = gettext("The findings do not accept all that was claimed. What you do not contest in time stands.")
    return Contents(subject, lead, items, f"{reader.public_url}/appointments", rest(len(found)))


def _found(reader: Reader, case: Case) -> Iterable[str]:
    definition, state = case.pinned.definition, case.state
    word = gettext("left open") if state.outcome is None else outcome(state.outcome.value)
    share = FILTERS["percent"](state.share or 0)
    yield gettext("%(outcome)s, %(share)s of the price", outcome=word, share=share)
    refuted = [c.label for c in definition.criteria if state.criteria.get(c.id) is CriterionFinding.REFUTED]
    if refuted:
        yield gettext("Refuted: %(criteria)s", criteria=", ".join(refuted))
    if state.rebooking_at is not None and reader.now < state.rebooking_at:
        yield gettext("Can be rebooked until %(when)s", when=reader.when(state.rebooking_at))
    if state.contest_at is not None and contestable(definition, state, reader.now):
        yield gettext("Can be contested until %(when)s", when=reader.when(state.contest_at))


def seen(reader: Reader, causes: Iterable[Cause]) -> list[Case]:
    """The appointments that the causes name and the reader may see, in their order."""
    ids = list(dict.fromkeys(cause.source_id for cause in causes))
    theirs = and_(t.appointment.c.id.in_(ids), visible(reader.principal, t.appointment))
    found: dict[UUID, Case] = {case.id: case for case in cases.load(reader.connection, theirs)}
    return [found[each] for each in ids if each in found]
