"""Reports of the parties' own doings: a supplier's activity by day and source, a buyer's sales by appointment.

Owns how a report is taken: all items or none, the same again changes nothing, other figures are a correction that
leaves the former ones on record. Refuses days that have not begun where the reporter is, and what is not his.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Table, and_, func, or_, select

from ledger.domain.calendar import local_date
from ledger.domain.encoding import dumps
from ledger.domain.errors import Refused, Violation
from ledger.services import contracts
from ledger.store import tables as t
from ledger.store.bulk import insert_rows
from ledger.store.types import new_id

_IN_CHUNKS: Final = 500
Key = tuple[Any, ...]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many items were new, corrected an earlier one, or said what was known."""

    added: int
    corrected: int
    unchanged: int


def report_activity(
    connection: Connection, supplier_id: UUID, items: Sequence[Mapping[str, Any]], *, now: datetime, actor: str
) -> Counted:
    """Takes days of activity: `day`, `definition`, `source`, `channel`, `dials`, `conversations`. Raises `Refused`."""
    today = _today(connection, supplier_id, now)
    definitions = _definitions(connection, supplier_id, {item["definition"] for item in items})
    broken: list[Violation] = []
    rows: dict[Key, Row] = {}
    for index, item in enumerate(items):
        if item["conversations"] > item["dials"]:
            broken.append(_broken(index, "conversations_exceed_dials", "there are more conversations than dials"))
        if item["day"] > today:
            broken.append(_broken(index, "day_in_the_future", "the day has not begun"))
        buyer_id, definition_id = definitions[item["definition"]]
        place = [item["day"].isoformat(), definition_id, item["source"], item["channel"]]
        subject = dumps(place).decode()
        if (subject,) in rows:
            broken.append(_broken(index, "repeated", "the same day, definition, source and channel stand above"))
        rows[subject,] = {
            "id": new_id(),
            "supplier_id": supplier_id,
            "buyer_id": buyer_id,
            "definition_id": definition_id,
            **{name: item[name] for name in ("day", "source", "channel", "dials", "conversations")},
            "subject": subject,
            "reported_at": now,
            "actor": actor,
        }
    _refuse(broken)
    own = t.activity.c.supplier_id == supplier_id
    known = _latest(connection, t.activity, t.activity.c.subject, [key[0] for key in rows], own)
    return _append(connection, t.activity, rows, known, ("dials", "conversations"))


def report_sales(
    connection: Connection, buyer_id: UUID, items: Sequence[Mapping[str, Any]], *, now: datetime, actor: str
) -> Counted:
    """Takes sales: `appointment`, or `supplier` and `reference`; `won`, `closed_on`, `revenue`. Raises `Refused`."""
    today = _today(connection, buyer_id, now)
    found = _appointments(connection, buyer_id, items)
    broken: list[Violation] = []
    rows: dict[Key, Row] = {}
    for index, item in enumerate(items):
        appointment = found(item)
        if appointment is None:
            broken.append(_broken(index, "unknown_appointment", "there is no such appointment"))
            continue
        revenue = item["revenue"]
        if item["closed_on"] > today:
            broken.append(_broken(index, "day_in_the_future", "the day has not begun"))
        if revenue is not None and revenue.amount < 0:
            broken.append(_broken(index, "negative_revenue", "revenue is at least zero"))
        if (appointment.id,) in rows:
            broken.append(_broken(index, "repeated", "the same appointment stands above"))
        rows[appointment.id,] = {
            "id": new_id(),
            "appointment_id": appointment.id,
            "buyer_id": buyer_id,
            "supplier_id": appointment.supplier_id,
            "won": item["won"],
            "closed_on": item["closed_on"],
            "revenue": None if revenue is None else revenue.amount,
            "currency": None if revenue is None else revenue.currency,
            "recorded_at": now,
            "actor": actor,
        }
    _refuse(broken)
    own = t.sale.c.buyer_id == buyer_id
    known = _latest(connection, t.sale, t.sale.c.appointment_id, [key[0] for key in rows], own)
    return _append(connection, t.sale, rows, known, ("won", "closed_on", "revenue", "currency"))


def current(table: Table, *subject: Any) -> Any:
    """The condition that no later revision of the same subject stands in the table."""
    later = table.alias("later")
    same = and_(*(later.c[column.name] == column for column in subject))
    return ~select(later.c.id).where(same, later.c.revision > table.c.revision).exists()


def _today(connection: Connection, organisation_id: UUID, now: datetime) -> date:
    """The organisation's day. Whoever reports holds it, so that two corrections at once come one after the other."""
    zone = select(t.organisation.c.time_zone).where(t.organisation.c.id == organisation_id)
    zone = zone.with_for_update(key_share=True)
    return local_date(now, connection.execute(zone).scalar_one())


def _definitions(
    connection: Connection, supplier_id: UUID, names: Iterable[str | None]
) -> dict[str | None, tuple[UUID | None, UUID | None]]:
    found: dict[str | None, tuple[UUID | None, UUID | None]] = {None: (None, None)}
    for name in names:
        if name is not None:
            timeline = contracts.timeline_for(connection, supplier_id, name)
            found[name] = (timeline.buyer_id, timeline.definition_id)
    return found


def _appointments(
    connection: Connection, buyer_id: UUID, items: Sequence[Mapping[str, Any]]
) -> Callable[[Mapping[str, Any]], RowMapping | Any]:
    """What finds an item's appointment among the buyer's own, by id or by the supplier's reference."""
    row = t.appointment.c
    columns = select(row.id, row.supplier_id, row.reference, t.organisation.c.slug).join_from(
        t.appointment, t.organisation, t.organisation.c.id == row.supplier_id
    )
    ids: dict[UUID, Any] = {}
    references: dict[tuple[str, str], Any] = {}
    for start in range(0, len(items), _IN_CHUNKS):
        some = items[start : start + _IN_CHUNKS]
        wanted = [item["appointment"] for item in some if item["appointment"] is not None]
        named = [item["reference"] for item in some if item["reference"] is not None]
        query = columns.where(row.buyer_id == buyer_id, or_(row.id.in_(wanted), row.reference.in_(named)))
        for each in connection.execute(query):
            ids[each.id] = references[each.slug, each.reference] = each
    return lambda item: (
        ids.get(item["appointment"])
        if item["appointment"] is not None
        else references.get((item["supplier"], item["reference"]))
    )


def _latest(connection: Connection, table: Table, subject: Any, wanted: list[Any], own: Any) -> dict[Key, Any]:
    """The newest revision of each subject that is known already."""
    found: dict[Key, Any] = {}
    for start in range(0, len(wanted), _IN_CHUNKS):
        some = wanted[start : start + _IN_CHUNKS]
        newest = (
            select(subject, func.max(table.c.revision).label("revision"))
            .where(own, subject.in_(some))
            .group_by(subject)
            .subquery()
        )
        query = select(table).join(
            newest, and_(subject == newest.c[subject.name], table.c.revision == newest.c.revision)
        )
        for row in connection.execute(query.where(own)):
            found[getattr(row, subject.name),] = row
    return found


def _append(
    connection: Connection, table: Table, rows: Mapping[Key, Row], known: Mapping[Key, Any], figures: Sequence[str]
) -> Counted:
    new, corrections = [], []
    for key, row in sorted(rows.items()):  # in one order, so that two at the same time do not deadlock
        before = known.get(key)
        if before is None:
            new.append({**row, "revision": 1})
        elif any(getattr(before, name) != row[name] for name in figures):
            corrections.append({**row, "revision": before.revision + 1})
    insert_rows(connection, table, [*new, *corrections])
    return Counted(len(new), len(corrections), len(rows) - len(new) - len(corrections))


def _broken(index: int, code: str, detail: str) -> Violation:
    return Violation(f"items/{index}", code, detail)


def _refuse(broken: list[Violation]) -> None:
    if broken:
        raise Refused(broken)
