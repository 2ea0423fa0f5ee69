"""Mails about disputes: to whoever owes a reply or is told of a decision, and to the arbiter who decides."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, select, tuple_

from api.languages import gettext, marked, ngettext
from api.mail.appointments import seen
from api.mail.contents import MOST_ITEMS, Contents, Item, Reader, rest
from api.web.display import FILTERS, outcome
from ledger.domain.disputes import OWES_REPLY, DisputeKind
from ledger.domain.lifecycle import EventKind
from ledger.domain.terms import NoReply
from ledger.services.access import visible
from ledger.services.cases import Case
from ledger.services.mail_outbox import Cause
from ledger.store import tables as t

KINDS: Final = {
    DisputeKind.CONTEST: marked("The supplier contests the findings"),
    DisputeKind.CLAWBACK: marked("The buyer claims it back"),
    DisputeKind.CONTRADICTION: marked("The findings contradict independent evidence"),
    DisputeKind.ESCALATED_SILENCE: marked("The buyer was silent, and the terms leave it to the arbiter"),
}
WITHOUT_REPLY: Final = {
    NoReply.UPHOLD: marked("Without it the claim is upheld."),
    NoReply.DISMISS: marked("Without it the dispute is dismissed."),
    NoReply.ESCALATE: marked("Without it the arbiter decides."),
}


def disputes(reader: Reader, causes: Collection[Cause]) -> Contents | None:
    """What the other side or the rules have put in question, and what was decided."""
    items = []
    owed = 0
    for event, row, case in _disputed(reader, causes):
        title, url = named(reader, case), f"{reader.public_url}/disputes/{row['id']}"
        if event == EventKind.DISPUTE_DECIDED.value:
            items.append(Item(title, url, (_decided(case),)))
        elif row["state"] != "closed":
            kind = DisputeKind(row["kind"])
            mine = row["reply_at"] is not None and OWES_REPLY[kind].value == reader.principal.party
            owed += mine
            clock = _reply(reader, row, case) if mine else gettext("It waits for the other side or the arbiter.")
            items.append(Item(title, url, (gettext(KINDS[kind]), clock)))
    if not items:
        return None
    subject = ngettext("News of one dispute", "News of %(n)s disputes", len(items))
    if owed:
        subject = ngettext("One dispute waits for your reply", "%(n)s disputes wait for your reply", owed)
    lead = gettext("Both sides and the arbiter read what is said in a dispute.")
    return Contents(subject, lead, tuple(items[:MOST_ITEMS]), f"{reader.public_url}/disputes", rest(len(items)))


def decisions(reader: Reader, causes: Collection[Cause]) -> Contents | None:
    """What waits for the arbiter."""
    items = []
    for _, row, case in _disputed(reader, causes):
        if row["state"] != "with_arbiter":
            continue
        at = row["decision_at"]
        clock = () if at is None else (gettext("Decision until %(when)s", when=reader.when(at)),)
        lines = (gettext(KINDS[DisputeKind(row["kind"])]), *clock)
        items.append(Item(named(reader, case), f"{reader.public_url}/disputes/{row['id']}", lines))
    if not items:
        return None
    subject = ngettext("One dispute is yours to decide", "%(n)s disputes are yours to decide", len(items))
    lead = gettext("Both sides have had their say, or their time for it is over.")
    return Contents(subject, lead, tuple(items[:MOST_ITEMS]), f"{reader.public_url}/disputes", rest(len(items)))


def _disputed(reader: Reader, causes: Collection[Cause]) -> list[tuple[str, dict[str, Any], Case]]:
    """The newest event among the causes of each dispute that the reader may see, with its row and appointment."""
    event = t.appointment_event.c
    named = tuple_(event.appointment_id, event.number).in_([(c.source_id, c.source_number) for c in causes])
    query = select(event.kind, event.payload).where(named, visible(reader.principal, t.appointment_event))
    newest: dict[UUID, str] = {}
    for each in reader.connection.execute(query.order_by(event.appointment_id, event.number)):
        newest[UUID(each.payload["dispute"])] = each.kind
    found = {case.id: case for case in seen(reader, causes)}
    mine = and_(t.dispute.c.id.in_(newest), visible(reader.principal, t.dispute))
    rows = reader.connection.execute(select(t.dispute).where(mine).order_by(t.dispute.c.id)).mappings()
    return [(newest[row["id"]], dict(row), found[row["appointment_id"]]) for row in rows]


def named(reader: Reader, case: Case) -> str:
    """The reference, and the other side; the arbiter reads both."""
    pinned = case.pinned
    sides = [each for each in (pinned.supplier_id, pinned.buyer_id) if each != reader.principal.organisation_id]
    names = reader.names(sides)
    return ", ".join((case.reference, *(names[each] for each in sides)))


def _reply(reader: Reader, row: dict[str, Any], case: Case) -> str:
    means = gettext(WITHOUT_REPLY[case.pinned.definition.dispute.no_reply])
    return gettext("Your reply is due by %(when)s.", when=reader.when(row["reply_at"])) + " " + means


def _decided(case: Case) -> str:
    word = gettext("left open") if case.state.outcome is None else outcome(case.state.outcome.value)
    money = FILTERS["money"](case.state.amount, case.pinned.definition.currency)
    return gettext("Decided: %(outcome)s, worth %(amount)s", outcome=word, amount=money)
