"""Many documents: all come back, bad ones as their errors, and no more are read than needed."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from invoices.printing import Printed
from invoices.render_pool import Job, RenderingFailed, render_many
from tests.invoices.samples import make_document, make_lines


def job(name: str, lines: int = 1, **changes: Any) -> Job:
    made = make_lines(lines)
    document = replace(make_document(made), id=name)
    return Job(name, {**document.to_json(), **changes}, [line.to_json() for line in made])


class Deadly(dict[str, Any]):
    """A document that kills the process it arrives in."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (_die_unless, (os.getpid(),))


def _die_unless(parent: int) -> None:
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


class Slow(Mapping[str, Any]):
    """A document whose reading never ends."""

    def __getitem__(self, key: str) -> Any:
        time.sleep(30)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_one_process_renders_in_place_and_goes_on_after_a_fault() -> None:
    jobs = [job("a"), job("b", currency="XXX"), job("c")]
    found = dict(render_many(jobs, processes=1))
    assert list(found) == ["a", "b", "c"]
    assert isinstance(found["b"], RenderingFailed)
    assert found["b"].kind == "ValueError"
    assert "XXX" in found["b"].detail
    assert all(isinstance(found[name], Printed) for name in "ac")


def test_several_processes_give_the_same_bytes_and_survive_a_death() -> None:
    alone = dict(render_many([job("a"), job("b", 3)], processes=1))
    jobs = [job("a"), Job("deadly", Deadly(), []), job("b", 3), job("bad", kind="receipt")]
    found = dict(render_many(jobs, processes=2))
    assert found["a"] == alone["a"]
    assert found["b"] == alone["b"]
    assert isinstance(found["bad"], RenderingFailed)
    assert isinstance(found["deadly"], RenderingFailed)
    assert found["deadly"].kind == "ProcessDied"


def test_a_document_that_takes_too_long_is_given_up() -> None:
    started = time.monotonic()
    ((_, outcome),) = render_many([Job("slow", Slow(), [])], processes=1, seconds=0.2)
    assert isinstance(outcome, RenderingFailed)
    assert outcome.kind == "TimeoutError"
    assert time.monotonic() - started < 25, "its reading takes half a minute"


def test_jobs_are_read_as_the_work_proceeds() -> None:
    read = 0

    def jobs() -> Iterator[Job]:
        nonlocal read
        for number in range(100):
            read += 1
            yield job(str(number), kind="receipt")

    outcomes = render_many(jobs(), processes=2)
    next(outcomes)
    assert read <= 2 * 2 * 8
    outcomes.close()  # type: ignore[attr-defined]


def test_nothing_to_do_is_no_error() -> None:
    assert list(render_many([], processes=1)) == []


@pytest.mark.parametrize("processes", [0, -1])
def test_fewer_than_one_process_is_this_one(processes: int) -> None:
    assert [name for name, _ in render_many([job("a")], processes=processes)] == ["a"]
