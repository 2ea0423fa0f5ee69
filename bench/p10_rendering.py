"""P10: 500 invoices of 20 lines: wall time with two processes ÷ one; per document ÷ typst.

Both ways through `render_many`, starting the processes included; typst compiles as many different documents, in turns
with ours. All of them each time, since the processes start once. Arguments: documents, rounds.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from bench._typst import typst, write_program
from invoices.printing import Printed
from invoices.render_pool import Job, render_many
from tests.invoices.samples import make_document, make_lines

LINES = 20
PEER_SAMPLE = 40


def jobs(count: int) -> Iterator[Job]:
    lines = make_lines(LINES, long_every=0)
    document, rows = make_document(lines), [line.to_json() for line in lines]
    for number in range(count):
        yield Job(f"document-{number}", replace(document, id=f"document-{number}").to_json(), rows)


def wall(count: int, processes: int) -> float:
    started = time.perf_counter()
    done = list(render_many(jobs(count), processes=processes))
    taken = time.perf_counter() - started
    assert len(done) == count
    assert all(isinstance(printed, Printed) for _, printed in done), "every document is rendered"
    return taken


def peer(count: int) -> float:
    """Seconds per document by typst, the first of its process left out."""
    lines = make_lines(LINES, long_every=0)
    with tempfile.TemporaryDirectory() as folder, typst() as compiler:
        seconds = []
        for number in range(count + 1):
            document = replace(make_document(lines), number=f"ACME-NORTH-{number:06d}")
            write_program(document, lines, Path(folder) / str(number))
            seconds.append(compiler.compile(Path(folder) / str(number))[0])
    return float(median(seconds[1:]))


def measure(count: int, rounds: int) -> list[dict[str, Any]]:
    wall(4, 1)
    one, two, theirs = [], [], []
    for _ in range(rounds):
        one.append(wall(count, 1) / count)
        theirs.append(peer(PEER_SAMPLE))
        two.append(wall(count, 2) / count)
    single, double, typst_each = median(one), median(two), median(theirs)
    return [
        {
            "id": "P10",
            "ratio": round(double / single, 2),
            "goal": "<= 0.6",
            "absolute": {"ms each, one process": round(single * 1000), "two": round(double * 1000), "documents": count},
        },
        {
            "id": "P10 ÷ typst",
            "ratio": round(single / typst_each, 2),
            "goal": "<= 5",
            "absolute": {"ms each": round(single * 1000), "typst ms each": round(typst_each * 1000, 1)},
        },
    ]


def main(count: int = 500, rounds: int = 1) -> None:
    for figure in measure(count, rounds):
        print(json.dumps(figure, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
