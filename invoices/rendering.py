"""Rendering what was issued: jobs taken with a lease, files made outside any transaction, bytes kept with their hash.

A crashed worker's jobs are free again when their lease ends; a document that fails stays issued, shows its error and
is tried again. The same document renders to the same bytes, and `prove` checks that.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, and_, bindparam, func, or_, select, update

from invoices import branding, lines
from invoices.document import Document, Line
from invoices.facturx import xml as make_xml
from invoices.printing import Printed, print_json
from invoices.render_pool import Job, RenderingFailed, render_many
from invoices.storage import Damaged, Storage, Stored
from ledger.domain.errors import Unavailable
from ledger.services.posting import insert_ignoring
from ledger.store import tables as t
from ledger.store.engine import reading, writing

LEASE: Final = timedelta(minutes=10)
BATCH: Final = 100
MOST_ATTEMPTS: Final = 5
"""After so many failures a document waits for `render` on the command line."""
PDF: Final = "pdf"
XML: Final = "xml"
"""Kinds of files, and how their names end. The XML is the e-invoice, where a document has one."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came of it: counts, and the number and error of each document that failed."""

    done: int
    failures: tuple[tuple[str, str], ...]


def render_pending(
    engine: Engine,
    storage: Storage,
    *,
    now: Callable[[], datetime],
    processes: int = 1,
    retry: bool = False,
    progress: Progress = lambda _done, _total: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Rendered:
    """Renders everything that waits; any number of these side by side. `retry` takes up what failed too often.

    Once `stopped`, the document under way is finished and the others are left to whoever comes next.
    """
    total, done = waiting(engine, retry=retry), 0
    failures: list[tuple[str, str]] = []
    tried: set[UUID] = set()
    while claimed := _claim(engine, now(), retry=retry, tried=tried):
        numbers = {str(identity): number for identity, number in claimed.items()}
        tried.update(claimed)
        for identity, outcome in render_many(_jobs(engine, claimed), processes=processes):
            if isinstance(outcome, RenderingFailed):
                _fail(engine, UUID(identity), str(outcome))
                failures.append((numbers[identity], str(outcome)))
            else:
                try:
                    _keep(engine, storage, UUID(identity), outcome, now())
                except Unavailable:  # nothing is wrong with the documents: whoever comes next may have them at once
                    _release(engine, claimed)
                    raise
            done += 1
            progress(done, max(total, done))
            if stopped():
                _release(engine, claimed)
                return Rendered(done - len(failures), tuple(failures))
    return Rendered(done - len(failures), tuple(failures))


def waiting(engine: Engine, *, retry: bool = False) -> int:
    """How many documents are not rendered yet."""
    with reading(engine) as connection:
        return int(
            connection.execute(select(func.count()).select_from(t.rendering).where(_open(retry=retry))).scalar_one()
        )


def _open(*, retry: bool) -> Any:
    rendering = t.rendering.c
    failed = rendering.state == "failed"
    return or_(rendering.state == "pending", failed if retry else and_(failed, rendering.attempts < MOST_ATTEMPTS))


def _claim(engine: Engine, now: datetime, *, retry: bool, tried: set[UUID]) -> dict[UUID, str]:
    """Takes a batch of jobs for a while; their ids and numbers."""
    rendering = t.rendering.c
    free = or_(rendering.leased_until.is_(None), rendering.leased_until <= now)
    query = (
        select(rendering.document_id)
        .where(_open(retry=retry), free)
        .order_by(rendering.document_id)
        .limit(BATCH + len(tried))
        .with_for_update(skip_locked=True)
    )
    with writing(engine) as connection:
        ids = [identity for identity in connection.execute(query).scalars() if identity not in tried][:BATCH]
        if not ids:
            return {}
        connection.execute(
            update(t.rendering)
            .where(rendering.document_id.in_(ids))
            .values(leased_until=now + LEASE, attempts=rendering.attempts + 1)
        )
        document = t.document.c
        found = connection.execute(select(document.id, document.number).where(document.id.in_(ids)))
        return {row.id: row.number for row in found}


def _jobs(engine: Engine, claimed: dict[UUID, str]) -> Iterator[Job]:
    for identity in claimed:
        with reading(engine) as connection:
            yield job(connection, identity)


def job(connection: Connection, document_id: UUID) -> Job:
    """The frozen document and its lines, as the printer takes them."""
    content = connection.execute(_CONTENT, {"id": document_id}).scalar_one()
    logo = branding.logo(connection, content)
    return Job(str(document_id), content, [line.to_json() for line in lines.read(connection, document_id)], logo)


def _release(engine: Engine, claimed: dict[UUID, str]) -> None:
    """Gives back what was claimed and not come to."""
    rendering = t.rendering.c
    free = {"leased_until": None, "attempts": rendering.attempts - 1}
    with writing(engine) as connection:
        mine = rendering.document_id.in_(claimed), rendering.leased_until.is_not(None)
        connection.execute(update(t.rendering).where(*mine).values(free))


def _fail(engine: Engine, document_id: UUID, error: str) -> None:
    with writing(engine) as connection:
        connection.execute(
            update(t.rendering)
            .where(t.rendering.c.document_id == document_id)
            .values(state="failed", error=error[:2000], leased_until=None)
        )


def _keep(engine: Engine, storage: Storage, document_id: UUID, printed: Printed, now: datetime) -> None:
    """The bytes first, then the row that says where they are: what crashes in between is rendered again."""
    with reading(engine) as connection:
        row = connection.execute(
            select(t.document.c.buyer_id, t.document.c.supplier_id, t.document.c.issued_at).where(
                t.document.c.id == document_id
            )
        ).one()
    stored = {
        kind: storage.put(f"{row.issued_at:%Y/%m}/{document_id}.{kind}", content)
        for kind, content in _files(printed).items()
    }
    with writing(engine) as connection:
        connection.execute(
            insert_ignoring(connection, t.document_file),
            [
                {
                    "document_id": document_id,
                    "kind": kind,
                    "buyer_id": row.buyer_id,
                    "supplier_id": row.supplier_id,
                    "location": kept.location,
                    "size": kept.size,
                    "sha256": kept.sha256,
                    "stored_at": now,
                    "layout": printed.layout,
                }
                for kind, kept in stored.items()
            ],
        )
        connection.execute(
            update(t.rendering)
            .where(t.rendering.c.document_id == document_id)
            .values(state="done", error=None, leased_until=None, finished_at=now)
        )


def _files(printed: Printed) -> dict[str, bytes]:
    return {PDF: printed.pdf} if printed.xml is None else {PDF: printed.pdf, XML: printed.xml}


def stored_files(connection: Connection, document_id: UUID) -> dict[str, Stored]:
    """Where the document's files are kept, by kind; nothing before it is rendered."""
    file = t.document_file.c
    query = select(file.kind, file.location, file.size, file.sha256).where(file.document_id == document_id)
    return {row.kind: Stored(row.location, row.size, row.sha256) for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Proof:
    """What rendering a kept document once more told of it.

    `is_fault` is false where another layout made it: what was handed out stands, and nothing is wrong with that.
    """

    number: str
    what: str
    is_fault: bool = True


def prove(
    engine: Engine, storage: Storage, *, processes: int = 1, progress: Progress = lambda _done, _total: None
) -> Iterator[Proof]:
    """Renders every kept document once more; yields what is to be said of each that comes out otherwise."""
    file, document = t.document_file.c, t.document.c
    with reading(engine) as connection:
        query = select(document.id, document.number).join(
            t.document_file, and_(file.document_id == document.id, file.kind == PDF)
        )
        wanted = {row.id: row.number for row in connection.execute(query.order_by(document.id))}
    outcomes = render_many(_jobs(engine, wanted), processes=processes)
    for done, (identity, outcome) in enumerate(outcomes, 1):
        document_id = UUID(identity)
        proof = _compare(engine, storage, document_id, wanted[document_id], outcome)
        if proof is not None:
            yield proof
        progress(done, len(wanted))


def _compare(
    engine: Engine, storage: Storage, document_id: UUID, number: str, outcome: Printed | RenderingFailed
) -> Proof | None:
    """The kept bytes beside those of today."""
    if isinstance(outcome, RenderingFailed):
        return Proof(number, f"cannot be rendered again: {outcome}")
    with reading(engine) as connection:
        stored = stored_files(connection, document_id)
        file = t.document_file.c
        made_by = select(file.layout).where(file.document_id == document_id, file.kind == PDF)
        layout: str | None = connection.execute(made_by).scalar_one()
    try:
        kept = {kind: storage.get(each) for kind, each in stored.items()}
    except Damaged as damage:
        return Proof(number, damage.detail)
    if _files(outcome) == kept:
        return None
    if layout == outcome.layout:
        return Proof(number, "renders to other bytes than those that are kept")
    return Proof(number, f"made by layout {layout or 'unknown'}, kept", is_fault=False)


def copy_all(
    engine: Engine, source: Storage, target: Storage, *, progress: Progress = lambda _done, _total: None
) -> tuple[int, list[tuple[str, str]]]:
    """Copies what the target does not hold yet; how many files, and the fault of each that cannot be read here."""
    file, copied, faults = t.document_file.c, 0, list[tuple[str, str]]()
    with reading(engine) as connection:
        every = connection.execute(select(file.location, file.size, file.sha256).order_by(file.document_id)).all()
    for done, row in enumerate(every, 1):
        stored = Stored(row.location, row.size, row.sha256)
        try:
            target.get(stored)
        except Damaged:
            try:
                target.put(stored.location, source.get(stored))
            except Damaged as damage:
                faults.append((stored.location, damage.detail))
            else:
                target.get(stored)
                copied += 1
        progress(done, len(every))
    return copied, faults


def pdf(connection: Connection, storage: Storage, document_id: UUID) -> bytes:
    """The kept bytes, checked; or, while there are none, the document rendered now and not kept."""
    stored = stored_files(connection, document_id).get(PDF)
    if stored is not None:
        return storage.get(stored)
    found = job(connection, document_id)
    return print_json(found.document, found.lines, found.logo).pdf


def xml(connection: Connection, storage: Storage, document_id: UUID) -> bytes:
    """The kept e-invoice, checked; or, while there is none, made now and not kept. Raises NoEInvoice."""
    stored = stored_files(connection, document_id).get(XML)
    return make_xml(*document_and_lines(connection, document_id)) if stored is None else storage.get(stored)


def document_and_lines(connection: Connection, document_id: UUID) -> tuple[Document, list[Line]]:
    """What was frozen."""
    content = connection.execute(_CONTENT, {"id": document_id}).scalar_one()
    return Document.from_json(content), list(lines.read(connection, document_id))


_CONTENT: Final = select(t.document.c.content).where(t.document.c.id == bindparam("id"))
