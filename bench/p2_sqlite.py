"""P2: `POST /v1/appointments` on SQLite under 8 clients: the slowest hundredth ÷ the middle one (p99 ÷ p50)."""

import json
import sys
from statistics import median, quantiles

from bench._databases import databases
from bench._serving import CLIENTS, Clients, rows_per_appointment, server, settle_in
from ledger.store.engine import make_engine

GOAL = "<= 3"
ROUNDS = 5


def main(count: int = 400) -> None:
    with databases() as made:
        url = made.make("sqlite")
        keys = settle_in(url)
        with server(url) as port:
            clients = Clients(port, keys)
            clients.submit(20 * CLIENTS)
            rounds = [clients.submit(count) for _ in range(ROUNDS)]
        rows = rows_per_appointment(make_engine(url))
    middle = median(median(took) for _, took in rounds)
    slow = median(quantiles(took, n=100)[98] for _, took in rounds)
    figure = {
        "id": "P2",
        "ratio": round(median(quantiles(took, n=100)[98] / median(took) for _, took in rounds), 2),
        "goal": GOAL,
        "absolute": {
            "submissions per second": round(median(count / seconds for seconds, _ in rounds)),
            "p50 ms": round(middle * 1000, 1),
            "p99 ms": round(slow * 1000, 1),
            "rows per appointment": rows,
        },
    }
    print(json.dumps(figure))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
