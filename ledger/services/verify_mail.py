"""Checks of e-mail: nobody was written to of what is not his to know; who was left out or could not be reached."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true

from ledger.domain.mailing import MailKind
from ledger.services.announcing import KEPT, LOOKS_BACK
from ledger.services.mail_causes import DAY, SELF_BILLING_END, TELLINGS, Telling, is_told, untold
from ledger.services.verify import Fault, Finding, Look, Notice, Sweep
from ledger.store import tables as t
from ledger.store.mail import FAILED

RECIPIENTS, TOLD, GIVEN_UP = "mail recipients", "mail told", "mail given up"

cause, user, agreement = t.mail_cause.c, t.user_account.c, t.agreement.c


def recipients(look: Look) -> Iterator[Finding]:
    """Causes that are not on record, or not the person's to know."""
    theirs: list[ColumnElement[bool]] = [_of_record(telling) for telling in TELLINGS]
    theirs.append(and_(cause.kind == MailKind.DIGEST.value, cause.source == DAY, cause.source_id == cause.user_id))
    party = or_(agreement.supplier_id == cause.organisation_id, agreement.buyer_id == cause.organisation_id)
    agreed = exists().where(agreement.id == cause.source_id, or_(cause.organisation_id.is_(None), party))
    theirs.append(and_(cause.kind == MailKind.SELF_BILLING.value, cause.source == SELF_BILLING_END, agreed))
    whose = user.organisation_id.is_not_distinct_from(cause.organisation_id)
    own = exists().where(user.id == cause.user_id, whose)
    query = select(cause.id, cause.kind, cause.source, cause.source_id).where(or_(~own, ~or_(*theirs)))
    for row in look.rows(query):
        what = f"{row.kind}: {row.source} {row.source_id} is not the reader's to know"
        yield Fault(RECIPIENTS, what, f"cause {row.id}")


def _of_record(telling: Telling) -> ColumnElement[bool]:
    """Whether the row that it tells of is there and names the reader's organisation; the operator reads them all."""
    identity, number = telling.source.key
    row = and_(identity == cause.source_id, number == cause.source_number)
    reads = cause.organisation_id.is_(None) if telling.party is None else telling.party == cause.organisation_id
    only = true() if telling.only is None else telling.only
    known = exists().select_from(telling.source.table).where(row, reads, only)
    return and_(cause.kind == telling.kind.value, cause.source == telling.source.name, known)


def told(look: Look) -> Iterator[Finding]:
    """What somebody who wants it should have been told of by the mark, and was not."""
    mark = look.connection.execute(select(t.mail_look)).one_or_none()
    if mark is None:
        return
    for telling in TELLINGS:
        for row in look.rows(untold(telling, max(mark.tells_from, look.now - KEPT))):
            if row.happened_at < mark.looked_until - LOOKS_BACK and is_told(telling, row):
                where = f"{telling.source.name} {row.source_id} number {row.source_number}"
                yield Notice(TOLD, f"person {row.user_id} was not told of it by e-mail", where)


def given_up(look: Look) -> Iterator[Finding]:
    """People whose mail was refused for good, or for too long."""
    query = select(cause.user_id, cause.kind, func.count().label("causes")).where(cause.state == FAILED)
    for row in look.rows(query.group_by(cause.user_id, cause.kind).order_by(cause.user_id, cause.kind)):
        yield Notice(GIVEN_UP, f"{row.causes} causes of {row.kind} could not be told", f"person {row.user_id}")


SWEEPS: Final = (Sweep((RECIPIENTS,), recipients), Sweep((TOLD,), told), Sweep((GIVEN_UP,), given_up))
