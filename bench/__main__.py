"""Runs the measuring scripts one after the other and prints their figures as one table.

A script is a module of this package whose name does not begin with an underscore; it prints one JSON line per ratio:
`{"id": "P4", "ratio": 0.41, "goal": ">= 0.3", "absolute": {"rows per second": 5200}}`. What it says on its way goes
to standard error. A goal that is missed is a figure like any other; a script that fails makes the run fail.
"""

import json
import operator
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent
SIGNS = {">=": operator.ge, "≥": operator.ge, "<=": operator.le, "≤": operator.le}


class BadFigureError(ValueError):
    """A line that is not a figure as described above."""


@dataclass(frozen=True)
class Figure:
    id: str
    ratio: float
    goal: str
    absolute: dict[str, Any]

    @classmethod
    def parse(cls, line: str) -> "Figure":
        try:
            found = json.loads(line)
            figure = cls(str(found["id"]), float(found["ratio"]), str(found["goal"]), dict(found["absolute"]))
            figure.is_met()
        except (ValueError, TypeError, KeyError) as error:
            raise BadFigureError(f"not a figure: {line}") from error
        return figure

    def is_met(self) -> bool:
        sign, bound = self.goal.split()
        met: bool = SIGNS[sign](self.ratio, float(bound))
        return met


def scripts(folder: Path, wanted: Sequence[str]) -> list[str]:
    """The scripts' names, `P2` before `P10`; those that begin with one of `wanted`, or all."""
    names = [path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")]
    chosen = [name for name in names if not wanted or any(_is_called(name, prefix) for prefix in wanted)]
    return sorted(chosen, key=lambda name: (len(name.partition("_")[0]), name))


def _is_called(name: str, wanted: str) -> bool:
    return name == wanted.lower() or name.startswith(f"{wanted.lower()}_")


def figures(folder: Path, script: str) -> Iterator[Figure]:
    """Runs `script` as a module of the package in `folder`. Raises CalledProcessError where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", f"{folder.name}.{script}"],
        cwd=folder.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for line in done.stdout.splitlines():
        if line.strip():
            yield Figure.parse(line)


def table(found: Sequence[Figure]) -> Table:
    result = Table("", "ratio", "goal", "", "absolute", title="Ratios", title_justify="left")
    result.columns[1].justify = "right"
    for figure in found:
        result.add_row(
            figure.id,
            f"{figure.ratio:.3g}",
            figure.goal,
            "[green]met[/green]" if figure.is_met() else "[red]missed[/red]",
            ", ".join(
                f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"
                for name, value in figure.absolute.items()
            ),
        )
    return result


def main(wanted: Sequence[str], folder: Path = FOLDER) -> int:
    console, progress = Console(), Console(stderr=True)
    names = scripts(folder, wanted)
    if not names:
        progress.print(f"no measuring script is called {' or '.join(wanted)}" if wanted else "no measuring scripts")
        return 2 if wanted else 0
    found: list[Figure] = []
    failed: list[str] = []
    for name in names:
        progress.print(f"[dim]{name} …[/dim]")
        try:
            found.extend(figures(folder, name))
        except (subprocess.CalledProcessError, BadFigureError) as error:
            failed.append(name)
            progress.print(f"{name}: {error}", style="red", markup=False)
    console.print(table(found))
    if failed:
        progress.print(f"failed: {', '.join(failed)}", style="red")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
