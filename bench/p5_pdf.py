"""P5: a PDF of 2,000 lines ÷ the same content by typst; 10,000 lines ÷ 2,000 lines; peak memory.

Both sides print the same texts into the same columns, a tenth of the rows wrapping to several lines, in turns; medians.
Ours is PDF/A-3b, tagged, and carries its e-invoice; typst's is a tagged PDF. Each side is warm (fonts read); memory is
that of a fresh process that has rendered nothing else. Argument: rounds.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench._typst import typst, write_program
from invoices.document import Document, Line
from invoices.printing import print_document
from tests.invoices.samples import make_document, make_lines

SIZES = (2_000, 10_000)


def sample(count: int) -> tuple[Document, tuple[Line, ...]]:
    lines = make_lines(count)
    return make_document(lines), lines


def timed(document: Document, lines: tuple[Line, ...]) -> tuple[float, int]:
    started = time.perf_counter()
    size = len(print_document(document, lines).pdf)
    return time.perf_counter() - started, size


def peak(count: int) -> int:
    """Megabytes that a process grows to which renders one document of this many lines."""
    done = subprocess.run([sys.executable, "-m", "bench.p5_pdf", "--peak", str(count)], capture_output=True, check=True)
    return int(done.stdout)


def measure(rounds: int) -> list[dict[str, Any]]:
    peaks = {count: peak(count) for count in SIZES}  # first: a process inherits the peak of the one that starts it
    samples = {count: sample(count) for count in SIZES}
    ours: dict[int, list[float]] = {count: [] for count in SIZES}
    theirs: dict[int, list[float]] = {count: [] for count in SIZES}
    size = peer_size = 0
    timed(*sample(20))
    with tempfile.TemporaryDirectory() as folder:
        for count in SIZES:
            write_program(*samples[count], Path(folder) / str(count))
        for _ in range(rounds):
            for count in SIZES:
                with typst() as peer:  # a new one each time: it would remember the last layout
                    write_program(*sample(20), Path(folder) / "warm")
                    peer.compile(Path(folder) / "warm")
                    seconds, peer_size = peer.compile(Path(folder) / str(count))
                theirs[count].append(seconds)
                seconds, size = timed(*samples[count])
                ours[count].append(seconds)
    small, large = (median(ours[count]) for count in SIZES)
    return [
        {
            "id": "P5",
            "ratio": round(small / median(theirs[SIZES[0]]), 2),
            "goal": "<= 1.0",
            "absolute": {
                "s": round(small, 2),
                "typst s": round(median(theirs[SIZES[0]]), 2),
                "lines per second": round(SIZES[0] / small),
                "10,000 lines ÷ typst": round(large / median(theirs[SIZES[1]]), 2),
            },
        },
        {
            "id": "P5 growth",
            "ratio": round(large / small, 2),
            "goal": "<= 5.2",
            "absolute": {
                "s for 10,000": round(large, 2),
                "MB file": round(size / 1e6, 1),
                "typst MB": round(peer_size / 1e6, 1),
            },
        },
        {
            "id": "P5 memory",
            "ratio": peaks[SIZES[1]],
            "goal": "<= 150",
            "absolute": {f"MB for {count:,}": megabytes for count, megabytes in peaks.items()},
        },
    ]


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--peak"]:
        timed(*sample(int(arguments[1])))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return
    for figure in measure(int(arguments[0]) if arguments else 5):
        print(json.dumps(figure, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
