"""Many documents to paper at once: warm processes, little memory, no failure that stops the others.

Owns the processes and what is under way in them. Knows no database: the caller feeds frozen JSON and stores what
comes back. Refuses nothing; a document that cannot be rendered, takes too long or kills its process yields its error.
"""

import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from types import FrameType
from typing import Any, Final

from invoices.engine import warm
from invoices.printing import Printed, print_json

_CHUNK_DOCUMENTS: Final = 8
_CHUNK_LINES: Final = 400
"""A chunk is full at this many documents or lines, so that short ones share a trip and long ones wait for nobody."""
_AHEAD: Final = 2
"""Chunks per process that are read from the caller before their turn."""


@dataclass(frozen=True, slots=True)
class Job:
    """One document to render: its stored JSON, and the picture of its brand."""

    id: str
    document: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]
    logo: bytes | None = None


class RenderingFailed(Exception):
    """Why one document could not be rendered; `kind` is the name of the fault."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail)
        self.kind, self.detail = kind, detail

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


Outcome = tuple[str, Printed | RenderingFailed]


def render_many(jobs: Iterable[Job], *, processes: int, seconds: float = 300.0) -> Iterator[Outcome]:
    """Yields the id and the files, or the failure, of every job, in the order in which they are done.

    `jobs` is read as the work proceeds, never far ahead. One process or fewer means this one, which starts at once but
    shares its fate with a document that crashes. `seconds` is the most that one document may take (where the platform
    has alarms, and in the main thread).
    """
    if processes <= 1:
        for job in jobs:
            yield _render(job, seconds)
        return
    yield from _Crew(processes, seconds).work(jobs)


class _Crew:
    """The processes, and the chunks they are at."""

    def __init__(self, processes: int, seconds: float) -> None:
        self._processes, self._seconds = processes, seconds
        self._under_way: dict[Future[list[Outcome]], list[Job]] = {}
        self._executor = self._hire(processes)

    def work(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        try:
            chunks = _chunks(jobs)
            for chunk in chunks:
                self._submit(chunk)
                if len(self._under_way) >= self._processes * _AHEAD:
                    yield from self._collect()
            while self._under_way:
                yield from self._collect()
        finally:
            self._executor.shutdown(wait=True, cancel_futures=True)

    def _submit(self, chunk: list[Job]) -> None:
        try:
            future = self._executor.submit(_render_chunk, chunk, self._seconds)
        except BrokenProcessPool:
            future = Future()
            future.set_exception(BrokenProcessPool())
        self._under_way[future] = chunk

    def _collect(self) -> Iterator[Outcome]:
        """What is done by now, at least one chunk of it."""
        done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
            yield from self._recover()
            return
        for future in done:
            del self._under_way[future]
            yield from future.result()

    def _recover(self) -> Iterator[Outcome]:
        """After a process died: all that was under way once more, each document alone, to find the one at fault."""
        wait(self._under_way)
        suspects, self._under_way = self._under_way, {}
        self._executor.shutdown(wait=True)
        alone = self._hire(1)
        for future, chunk in suspects.items():
            if future.exception() is None:
                yield from future.result()
                continue
            for job in chunk:
                try:
                    yield from alone.submit(_render_chunk, [job], self._seconds).result()
                except BrokenProcessPool:
                    alone.shutdown(wait=True)
                    alone = self._hire(1)
                    yield job.id, RenderingFailed("ProcessDied", "the rendering process ended without an answer")
        alone.shutdown(wait=True)
        self._executor = self._hire(self._processes)

    @staticmethod
    def _hire(processes: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=warm)


def _chunks(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    chunk, lines = list[Job](), 0
    for job in jobs:
        chunk.append(job)
        lines += len(job.lines)
        if len(chunk) >= _CHUNK_DOCUMENTS or lines >= _CHUNK_LINES:
            yield chunk
            chunk, lines = [], 0
    if chunk:
        yield chunk


def _render_chunk(chunk: Sequence[Job], seconds: float) -> list[Outcome]:
    return [_render(job, seconds) for job in chunk]


def _render(job: Job, seconds: float) -> Outcome:
    try:
        with _at_most(seconds):
            return job.id, print_json(job.document, job.lines, job.logo)
    except Exception as fault:  # noqa: BLE001 - one document's fault is its own result
        return job.id, RenderingFailed(type(fault).__name__, str(fault))


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"not rendered within {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
