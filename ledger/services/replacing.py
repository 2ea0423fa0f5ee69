"""The open promises of replacements that a unit of work has to keep, by agreement.

Owns finding the promise that a verdict keeps: those in the books, read once per agreement under its lock, and those
that the unit of work itself brings about. What the promise means is decided in `ledger.domain.replacements`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from ledger.domain import replacements
from ledger.domain.lifecycle import Event
from ledger.services import cases
from ledger.services.cases import Case
from ledger.store import tables as t
from ledger.store.prepared import Prepared

_PROMISED = Prepared(
    select(t.appointment.c.id).where(
        t.appointment.c.agreement_id == bindparam("agreement"), t.appointment.c.replacement_at.is_not(None)
    )
)


@dataclass(slots=True)
class Promises:
    """`on_desk` are the appointments in hand; `take` puts more of them there."""

    connection: Connection
    on_desk: dict[UUID, Case]
    take: Callable[[Iterable[Case]], None]
    _read: set[UUID] = field(default_factory=set)
    _promised: dict[UUID, set[UUID]] = field(default_factory=dict)

    def note(self, case: Case) -> None:
        """Remembers the appointment where a replacement is owed for it."""
        if case.state.replacement_at is not None:
            self._promised.setdefault(case.pinned.agreement_id, set()).add(case.id)

    def kept_by(self, case: Case, event: Event) -> Case | None:
        """The appointment whose promise is kept with this event, if it keeps one."""
        if not replacements.becomes_attended(case.state, event):
            return None
        agreement_id = case.pinned.agreement_id
        if agreement_id not in self._read:
            self._read.add(agreement_id)
            self._load(agreement_id)
        waiting = self._promised.get(agreement_id)
        if not waiting:
            return None
        states = ((each, self.on_desk[each].state) for each in waiting if each != case.id)
        found = replacements.oldest(states, event.effective_at)
        return None if found is None else self.on_desk[found]

    def of(self, appointment_id: UUID) -> Case:
        """The appointment, put on the desk where it is not there yet."""
        if appointment_id not in self.on_desk:
            self.take(cases.load(self.connection, t.appointment.c.id == appointment_id))
        return self.on_desk[appointment_id]

    def forget(self) -> None:
        self._read.clear()
        self._promised.clear()

    def _load(self, agreement_id: UUID) -> None:
        found = [row.id for row in _PROMISED.all(self.connection, {"agreement": agreement_id})]
        self.take(cases.load_many(self.connection, [each for each in found if each not in self.on_desk]))
        self._promised.setdefault(agreement_id, set()).update(found)
