"""Checks of the hash chain: from the first link to the head, and every head that a document shows.

Owns the recomputation of every link from the rows as they are now. Names the first broken link and stops there, as
nothing after it proves anything; what has no link yet is a notice.
"""

from collections.abc import Iterator

import orjson
from sqlalchemy import Text, cast, func, select

from ledger.services.chain import linked_items, next_hash
from ledger.services.verify import UNREADABLE, Fault, Finding, Look, Notice, Sweep, explained
from ledger.store import tables as t

LINKS, HEADS = "chain", "printed heads"


def chain(look: Look) -> Iterator[Finding]:
    """The first broken link, heads that are not in the chain, and how much is not linked yet."""
    printed = _printed(look)
    try:
        yield from _links(look, printed)
    except UNREADABLE as error:
        yield Fault(LINKS, f"what a link covers cannot be read: {explained(error)}", "chain")
    else:
        for head, number in printed.items():
            yield Fault(HEADS, f"the head {head} is not in the chain", f"document {number}")
    yield from _unlinked(look)


def _printed(look: Look) -> dict[str, str]:
    """Every head that a document shows, with the number of the first such document."""
    document, printed = t.document.c, dict[str, str]()
    for row in look.rows(select(document.number, cast(document.content, Text).label("text")).order_by(document.id)):
        try:
            head = orjson.loads(row.text)["chain_head"]
        except UNREADABLE:
            continue  # that the content cannot be read is told with the document
        if head is not None:
            printed.setdefault(str(head), row.number)
    return printed


def _links(look: Look, printed: dict[str, str]) -> Iterator[Fault]:
    """Goes along the chain and takes every head that it comes by from `printed`."""
    previous, expected, broken = None, 1, None
    for sequence, stored, item in linked_items(look.connection):
        printed.pop(stored, None)
        if broken is not None:
            continue
        if sequence != expected:
            broken = f"link {expected} is missing, the next there is {sequence}"
        elif item is None:
            broken = "what the link covers is gone"
        elif next_hash(previous, item) != stored:
            broken = (
                f"the {item.kind} {item.id} (number {item.number}) or the link is not what it was when it was linked"
            )
        if broken is not None:
            yield Fault(LINKS, f"the first broken link: {broken}", f"link {sequence}")
        previous, expected = stored, expected + 1


def _unlinked(look: Look) -> Iterator[Notice]:
    """How many events and entries have no link yet."""
    there = sum(
        look.connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (t.appointment_event, t.entry)
    )
    linked = look.connection.execute(select(func.count()).select_from(t.chain_link)).scalar_one()
    if there > linked:
        yield Notice(LINKS, f"{there - linked} events and entries are not chained yet", "chain")


SWEEPS = (Sweep((LINKS, HEADS), chain),)
