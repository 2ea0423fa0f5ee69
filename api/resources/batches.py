"""`/v1/appointments/batch`: many submissions at once, on one desk and by the rules of a single one.

Reads and looks up many before it judges them, and writes many at a time; each is judged in its turn by what the
earlier ones of the batch have left. Owns one result per item, in order: a bad one never spoils the others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

import orjson

from api import problems, strict_json
from api.auth import SUPPLIER
from api.endpoints import Resource
from api.resources.appointments import (
    contact_secret,
    name_in_calendar,
    refused,
    shown_again,
    submission_of,
)
from api.resources.connections import attaching
from api.schemas import appointments as schemas
from api.schemas import load
from api.units import Answer, Command
from ledger.domain.errors import Refusal
from ledger.domain.intake import Submission
from ledger.services import appointments, contracts, deliveries, matching
from ledger.services.contracts import Pinned, Timeline
from ledger.services.desk import Desk
from ledger.services.duplicates import Digests
from ledger.services.intake import IntakeDesk, NotTaken, Taken
from ledger.store.behind import Behind, writing_behind

_Each = TypeVar("_Each")

PORTION: Final = 125
"""How many of a list are written at a time."""
STEP: Final = 10
"""After how many it is seen to that the database has something to do."""

blueprint = Resource("batches", description="Many submissions at once, as a list or a stream.")


@blueprint.command(
    "/appointments/batch",
    roles={SUPPLIER},
    takes=schemas.BatchBody,
    answers=schemas.BatchResults,
    limit=4 * 1024 * 1024,
    lines=True,
)
def submit_appointments(command: Command) -> Answer:
    """Submit up to 1,000 appointments: one result per item, in order. One bad item never spoils the others.

    As `application/x-ndjson` there may be any number, one a line, and each line of the answer is one result.
    """
    batch = Batch(command)
    results = batch.take(command.body["items"])
    waiting = deliveries.waiting_for(command.connection, batch.names)
    return Answer({"items": results}, then=attaching(waiting, command.now))


class _Read(NamedTuple):
    """An item that follows the schema, and what it pins."""

    body: Mapping[str, Any]
    timeline: Timeline
    pinned: Pinned
    submission: Submission
    digests: Digests


@dataclass(slots=True)
class Batch:
    """`names` are those by which deliveries that came earlier may mean what was taken."""

    command: Command
    names: list[str] = field(default_factory=list)
    _terms: dict[str, tuple[Timeline, Pinned] | Refusal] = field(default_factory=dict)

    def take(self, items: Iterable[Any]) -> list[dict[str, Any]]:
        """The results of all items, once everything is written."""
        with writing_behind(self.command.connection) as behind:
            self.command = replace(self.command, connection=behind.connection)
            taken = self._taken(items, behind)
            return [self._result(index, each) for index, each in enumerate(_going_on(taken, behind))]

    def _taken(self, items: Iterable[Any], behind: Behind) -> list[tuple[_Read, Taken] | Refusal]:
        """What became of them. Of many, a portion is written while the next one is judged and the one after that read;
        what has to be looked up for that is looked up before the next one is written."""
        desk, countries = Desk(self.command.connection, self.command.now), dict[UUID, str | None]()
        intake = IntakeDesk(desk, contact_secret(), countries)
        taken = list[tuple[_Read, Taken] | Refusal]()
        for portion in _portions(items, behind):
            found = [self._read(intake, countries, item) for item in _going_on(portion, behind)]
            read = [each for each in found if isinstance(each, _Read)]
            asked = intake.asked((each.pinned, each.submission.reference, each.digests) for each in read)
            answers = behind.ask(asked)
            if taken:
                desk.flush()
            intake.learn(asked, answers(), self.command.now)
            for each in _going_on(found, behind):
                taken.append(each if isinstance(each, Refusal) else self._submit(intake, each))
        desk.flush()
        return taken

    def _read(self, intake: IntakeDesk, countries: dict[UUID, str | None], item: Any) -> _Read | Refusal:
        try:
            body = load(_SUBMISSION, strict_json.loads(item) if isinstance(item, bytes) else item)
            timeline, pinned = self._counting(body["definition"])
        except Refusal as refusal:
            return refusal
        countries[pinned.buyer_id] = timeline.buyer_country
        submission = submission_of(body)
        return _Read(body, timeline, pinned, submission, intake.digests(pinned.buyer_id, submission.prospect))

    def _counting(self, definition: str) -> tuple[Timeline, Pinned]:
        """What a submission to this definition pins, looked up once. Raises `Refused`."""
        found = self._terms.get(definition)
        if found is None:
            connection, supplier_id = self.command.connection, self.command.principal.organisation_id
            assert supplier_id is not None, "a supplier's key has its organisation"
            try:
                timeline = contracts.timeline_for(connection, supplier_id, definition)
                found = timeline, contracts.counting(connection, timeline, self.command.now)
            except Refusal as refusal:
                found = refusal
            self._terms[definition] = found
        if isinstance(found, Refusal):
            raise found
        return found

    def _submit(self, intake: IntakeDesk, read: _Read) -> tuple[_Read, Taken] | Refusal:
        now, actor = self.command.now, self.command.principal.actor
        try:
            result = intake.submit(read.pinned, read.submission, now, actor, digests=read.digests)
        except Refusal as refusal:
            return refusal
        return refused(result) if isinstance(result, NotTaken) else (read, result)

    def _result(self, index: int, taken: tuple[_Read, Taken] | Refusal) -> dict[str, Any]:
        if isinstance(taken, Refusal):
            problem = problems.problem_of(taken)
            return {"index": index, "status": problem.status, "problem": orjson.loads(problem.body())}
        read, result = taken
        self.names += read.digests.values()
        self.names.append(matching.reference_name(read.timeline.supplier, read.submission.reference))
        if read.body["calendar"]:
            self.names += name_in_calendar(self.command, result.case, read.body["calendar"])
        return {
            "index": index,
            "status": 200 if result.person is None else 201,
            "appointment": self._shown(read, result),
        }

    def _shown(self, read: _Read, result: Taken) -> dict[str, Any]:
        if result.person is None:
            return shown_again(self.command, result.case)
        timeline, pinned, connection = read.timeline, read.pinned, self.command.connection
        slugs = {pinned.supplier_id: timeline.supplier, pinned.buyer_id: timeline.buyer}
        shown = appointments.submitted(connection, result.case, result.person, slugs, self.command.now)
        shown["calendar"] = matching.calendar_of(connection, result.case.id) if read.body["calendar"] else None
        return shown


def _portions(items: Iterable[Any], behind: Behind) -> Iterator[Sequence[Any]]:
    """All at once where nothing is written behind."""
    every = list(items)
    size = PORTION if behind.overlaps else max(len(every), 1)
    return (every[start : start + size] for start in range(0, len(every), size))


def _going_on(every: Iterable[_Each], behind: Behind) -> Iterator[_Each]:
    """The same, while it is seen to that the database has something to do."""
    for place, each in enumerate(every):
        if place % STEP == 0:
            behind.go_on()
        yield each


_SUBMISSION = schemas.SubmissionBody()
