"""The peer of the PDF ratios: typst, in an environment of its own, printing the same texts in the same columns.

The document is written once as a typst program whose lines are read from JSON, typst's quickest way with a long
table; it is tagged, as typst does by itself. Compiling is timed inside typst's own process, start-up excluded.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench._peers import ROOT, python_with
from invoices.annex import Annex, annex
from invoices.document import Document, Line
from invoices.front import Front
from invoices.typeface import face

VERSION = "0.15.2"
SERVER = """
import json, sys, time, typst
fonts = typst.Fonts(include_system_fonts=False, font_paths=[sys.argv[1]])
for line in sys.stdin:
    folder = line.strip()
    started = time.perf_counter()
    compiled = typst.Compiler(folder + "/main.typ", root=folder, font_paths=fonts).compile(format="pdf")
    print(json.dumps([time.perf_counter() - started, len(compiled)]), flush=True)
"""
PROGRAM = """
#let data = json("data.json")
#let hair = 0.5pt + rgb("#dfe6e4")
#set document(title: data.title, date: datetime(year: 2026, month: 11, day: 1))
#set page(
  paper: "a4", margin: 20mm,
  header: text(7.5pt)[#data.number #h(1fr) #data.parties],
  footer: context text(7.5pt)[#data.number #h(1fr) Page #counter(page).display() of #counter(page).final().first()],
)
#set text(font: "Inter", size: 9pt)
#text(24pt, weight: "bold")[#data.title]
#grid(columns: (1fr, 1fr), ..data.blocks.map(block => block.join("\\n")))
#grid(
  columns: (1fr,) * 4,
  ..data.figures.map(figure => [#figure.at(0) \\ #text(14pt, weight: 600, figure.at(1)) \\ #figure.at(2)]),
)
#let sides(columns) = columns.map(right_side => if right_side { right } else { left })
#for grid in data.grids {
  table(
    columns: grid.widths.map(width => width * 1pt), align: sides(grid.aligned), inset: (x: 3pt, y: 3pt),
    stroke: (bottom: hair), ..grid.rows.flatten(),
  )
}
#grid(columns: (1fr, 1fr), data.payment.join("\\n"), data.words.join("\\n"))
#text(7.5pt, data.small_print.join("\\n"))
#pagebreak()
#set text(size: 8.5pt)
= #data.annex
#table(
  columns: data.widths.map(width => width * 1pt), align: sides(data.aligned),
  inset: (x: 3pt, y: 2pt), stroke: (bottom: hair),
  table.header(..data.heads), ..data.rows.flatten(),
)
#align(right)[#data.total]
"""


def write_program(document: Document, lines: Sequence[Line], folder: Path) -> None:
    """The document as `main.typ` and `data.json`."""
    regular = face("Regular")
    page = Front(document, lines, regular, face("SemiBold"), ())
    table = annex(document, lines, regular)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.json").write_text(json.dumps(_data(page, table), ensure_ascii=False), encoding="utf-8")
    (folder / "main.typ").write_text(PROGRAM, encoding="utf-8")


def _data(page: Front, table: Annex) -> dict[str, Any]:
    return {
        "title": page.title,
        "number": page.number,
        "parties": page.parties,
        "blocks": [[block["role"], block["name"], *block["address"], *block["identifiers"]] for block in page.blocks],
        "figures": [list(figure.values()) for figure in page.figures],
        "grids": [
            {
                "widths": [column.width for column in grid.columns],
                "aligned": [column.right for column in grid.columns],
                "rows": [[column.title for column in grid.columns], *(row.cells for row in grid.rows)],
            }
            for grid in page.grids
        ],
        "payment": page.payment,
        "words": page.words,
        "small_print": page.small_print,
        "annex": table.title,
        "widths": [column.width for column in table.columns],
        "aligned": [column.right for column in table.columns],
        "heads": [column.title for column in table.columns],
        "rows": [row.cells for row in table.rows],
        "total": table.total,
    }


@contextmanager
def typst() -> Iterator[Any]:
    """`.compile(folder)` answers (seconds, bytes) of one compilation in a running typst."""
    process = subprocess.Popen(
        [python_with("typst", f"typst=={VERSION}"), "-c", SERVER, str(ROOT / "invoices" / "assets")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    commands, answers = process.stdin, process.stdout

    def compile_(folder: Path) -> tuple[float, int]:
        commands.write(f"{folder}\n")
        commands.flush()
        seconds, size = json.loads(answers.readline())
        return seconds, size

    with process:
        yield SimpleNamespace(compile=compile_)
        commands.close()
