"""The morning's mail: everything that a deadline will decide without its reader, the earliest first.

For a buyer what awaits findings, for either party the disputes whose reply is theirs.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from api.languages import gettext, ngettext
from api.mail.contents import MOST_ITEMS, Contents, Item, Reader, rest
from api.mail.disputes import WITHOUT_REPLY, named
from api.web.display import FILTERS, left
from ledger.domain.disputes import OWES_REPLY
from ledger.domain.mailing import digest_of
from ledger.services import cases, inbox
from ledger.services.access import BUYER, visible
from ledger.services.mail_outbox import Cause
from ledger.store import tables as t

A_DAY: Final = timedelta(days=1)
Dated = tuple[datetime, Item]


def digest(reader: Reader, causes: Collection[Cause]) -> Contents | None:
    """What silence will decide; of the newest day only, for yesterday's is no news."""
    day, due = digest_of(reader.now, reader.zone)
    if all(cause.source_number != day for cause in causes):
        return None
    reviews = BUYER in reader.principal.roles
    tomorrow = max(due, reader.now) + A_DAY
    items, waiting, soon = _unreviewed(reader, tomorrow) if reviews else ([], 0, 0)
    replies = list(_unanswered(reader))
    found = sorted([*items, *replies], key=lambda each: each[0])
    if not found:
        return None
    subjects = []
    if soon:
        subjects = [
            ngettext("One appointment falls silent by tomorrow", "%(n)s appointments fall silent by tomorrow", soon)
        ]
    elif waiting:
        subjects = [ngettext("One appointment awaits your findings", "%(n)s appointments await your findings", waiting)]
    if replies:
        answer = ngettext("One dispute waits for your reply", "%(n)s disputes wait for your reply", len(replies))
        subjects.append(answer)
    lead = gettext("Whoever is silent at a deadline leaves it to the terms. The earliest comes first.")
    page = f"{reader.public_url}/{'inbox' if reviews else 'due'}"
    shown = tuple(item for _, item in found[:MOST_ITEMS])
    return Contents(" · ".join(subjects), lead, shown, page, rest(waiting + len(replies)))


def _unreviewed(reader: Reader, until: datetime) -> tuple[list[Dated], int, int]:
    """What awaits findings: the first ones, how many there are, and how many of them fall silent by then."""
    buyer_id = reader.principal.organisation_id
    assert buyer_id is not None, "a buyer's person has an organisation"
    found, count, soon = inbox.falling_silent(reader.connection, buyer_id, reader.now, until, limit=MOST_ITEMS)
    items = [
        (
            each.due_at,
            Item(
                f"{each.reference}, {each.supplier}",
                f"{reader.public_url}/appointments/{each.id}",
                (
                    gettext(
                        "Due in %(left)s, %(silence)s",
                        left=left(each.due_at, reader.now),
                        silence=FILTERS["silence"](each.silence),
                    ),
                    f"{reader.when(each.due_at)} · {each.definition}",
                ),
            ),
        )
        for each in found
    ]
    return items, count, soon


def _unanswered(reader: Reader) -> Iterator[Dated]:
    """The disputes whose reply is the reader's."""
    dispute = t.dispute.c
    ours = [kind.value for kind, party in OWES_REPLY.items() if party == reader.principal.party]
    query = select(dispute.id, dispute.appointment_id, dispute.reply_at).where(
        dispute.kind.in_(ours), dispute.reply_at > reader.now, visible(reader.principal, t.dispute)
    )
    rows = reader.connection.execute(query.order_by(dispute.reply_at, dispute.id)).all()
    theirs = t.appointment.c.id.in_([row.appointment_id for row in rows])
    found = {case.id: case for case in cases.load(reader.connection, theirs)} if rows else {}
    for row in rows:
        case = found[row.appointment_id]
        clock = gettext("Your reply is due in %(left)s.", left=left(row.reply_at, reader.now))
        means = gettext(WITHOUT_REPLY[case.pinned.definition.dispute.no_reply])
        lines = (f"{clock} {means}", f"{reader.when(row.reply_at)} · {case.pinned.definition.name}")
        yield row.reply_at, Item(named(reader, case), f"{reader.public_url}/disputes/{row.id}", lines)
