"""P1: `POST /v1/appointments` per second on PostgreSQL with 8 clients ÷ pgbench running the same statements.

The statements of one submission are taken down as the driver gets them, every parameter a variable; what is new in
each submission (ids, reference, digests) pgbench makes from a number of its own. Both sides work on one database.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any

from psycopg.types.json import Json, Jsonb
from sqlalchemy import event, make_url

from api import create_app
from api.databases import EXTENSION, Database
from bench._databases import PGBENCH, databases
from bench._serving import CLIENTS, SECRET, Clients, rows_per_appointment, server, settle_in, submission
from ledger.store.engine import make_engine

GOAL = ">= 0.25"
ROUNDS = 5
WARM_UP = 400
FIRST = 10**9
"""Where the numbers of the submissions that pgbench makes up begin."""
MARK = re.compile(r"%\((\w+)\)s|%s")
DIGEST = re.compile(r"[0-9a-f]{64}")
OF_NUMBER = "md5(:number::text) || md5(:number::text || '{}')"
Statement = tuple[str, Any, bool]


def taken_down(url: str, key: str) -> list[Statement]:
    """The statements of one submission, with their parameters, and whether they are many of one."""
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    store = app.extensions[EXTENSION]
    assert isinstance(store, Database)
    found: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        found.append((statement, parameters, many))

    client, headers = app.test_client(), {"Authorization": f"Bearer {key}"}
    for number in (FIRST - 2, FIRST - 1):  # the first one reads the terms, which stay in memory
        found.clear()
        if number == FIRST - 1:
            event.listen(store.engine, "before_cursor_execute", note)
        sent = {**headers, "Idempotency-Key": f"key-{number}"}
        answer = client.post("/v1/appointments", json=submission(number, datetime.now(UTC)), headers=sent)
        assert answer.status_code == 201, answer.get_data(as_text=True)
    store.dispose()
    return found


class Script:
    """pgbench's script of the statements, and the values of its variables."""

    def __init__(self, statements: list[Statement]) -> None:
        self.values: dict[str, str] = {}
        self._digests: list[str] = []
        self._id = _new_id(statements)
        body = [line for statement in statements for line in self._lines(*statement)]
        number = rf"\set number {FIRST} + :turn * {CLIENTS} + :client_id"
        self.text = "\n".join([r"\set turn :turn + 1", number, "BEGIN;", *body, "COMMIT;"])

    def _lines(self, statement: str, parameters: Any, many: bool) -> list[str]:
        if not many:
            return [self._line(statement, parameters)]
        return [r"\startpipeline", *(self._line(statement, each) for each in parameters), r"\endpipeline"]

    def _line(self, statement: str, parameters: Any) -> str:
        values = iter(() if isinstance(parameters, Mapping) else parameters)

        def put(found: re.Match[str]) -> str:
            return self._put(parameters[found[1]] if found[1] else next(values))

        return " ".join(MARK.sub(put, statement).split()) + ";"

    def _put(self, value: Any) -> str:
        """A value in its place: made from the number where every submission has its own, else a variable."""
        if value is None:
            return "NULL"
        if isinstance(value, list):
            return f"ARRAY[{', '.join(self._put(each) for each in value)}]"
        text = _text(value)
        if not text:
            return "''"
        if text == self._id:
            return "lpad(:number::text, 32, 'f')::uuid"
        if text == f"S-{FIRST - 1}":
            return "'S-' || :number::text"
        if DIGEST.fullmatch(text):
            if text not in self._digests:
                self._digests.append(text)
            return f"({OF_NUMBER.format(self._digests.index(text))})"
        name = f"v{len(self.values)}"
        self.values[name] = text
        return f":{name}"


def _new_id(statements: list[Statement]) -> str:
    """The new appointment's id, which its event names first."""
    (event_values,) = [values for text, values, _ in statements if '"appointment_event"' in text]
    return str(event_values[0])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Json | Jsonb):
        return json.dumps(value.obj, default=str)
    return value.isoformat() if isinstance(value, date) else str(value)


def pgbench(url: str, script: Script, folder: Path, seconds: int, turn: int) -> tuple[float, float]:
    """Submissions per second, and the mean milliseconds of each."""
    path = folder / "submission.sql"
    path.write_text(script.text, encoding="utf-8")
    parsed = make_url(url)
    variables = [f"--define={name}={value}" for name, value in {**script.values, "turn": str(turn)}.items()]
    command = [
        str(PGBENCH), "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", "--jobs=2", f"--time={seconds}",
        f"--host={parsed.query['host']}", f"--username={parsed.username}", f"--file={path}", *variables,
        str(parsed.database),
    ]  # fmt: skip
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    rate, latency = re.search(r"tps = ([\d.]+)", said), re.search(r"latency average = ([\d.]+)", said)
    assert rate and latency, said
    return float(rate[1]), float(latency[1])


def main(count: int = 1_500, seconds: int = 5) -> None:
    with databases() as made:
        url = made.make("postgresql")
        keys = settle_in(url)
        script = Script(taken_down(url, keys[0]))
        rates, latencies, bare = [], [], []
        with server(url) as port:
            clients = Clients(port, keys)
            clients.submit(WARM_UP)
            rows = rows_per_appointment(make_engine(url))
            for turn in range(ROUNDS):
                took, each = clients.submit(count)
                rates.append(count / took)
                latencies.append(median(each))
                bare.append(pgbench(url, script, made.folder, seconds, turn * 1_000_000))
    figure = {
        "id": "P1",
        "ratio": round(median(rate / tps for rate, (tps, _) in zip(rates, bare, strict=True)), 3),
        "goal": GOAL,
        "absolute": {
            "submissions per second": round(median(rates)),
            "p50 ms": round(median(latencies) * 1000, 1),
            "pgbench per second": round(median(tps for tps, _ in bare)),
            "pgbench ms": round(median(latency for _, latency in bare), 1),
            "statements": script.text.count(";"),
            "rows per appointment": rows,
        },
    }
    print(json.dumps(figure))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
