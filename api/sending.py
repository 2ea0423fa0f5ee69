"""Sending what is in the outbox: many endpoints side by side, one attempt at a time each.

Owns the threads that wait for strangers' servers, so that nothing else does. Signs each message with every living
secret of its endpoint, and keeps the beginning of the answer for the log.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Engine

from api import pinned_http
from api.pinned_http import Reply, Undelivered
from api.settings import Settings
from ledger.domain.errors import Refusal, Unavailable
from ledger.domain.signatures import sign
from ledger.services import outbox
from ledger.services.outbox import Outcome, Parcel

LANES: Final = 32
"""Attempts under way at the same time."""
LOOKS_EVERY_SECONDS: Final = 1.0
EXCERPT: Final = 500
USER_AGENT: Final = "Appointment-Ledger-Webhooks/1"


@dataclass
class Sender:
    """Sends for one worker. `now` is its clock."""

    engine: Engine
    settings: Settings
    now: Callable[[], datetime]

    def run(self, stop: threading.Event) -> None:
        """Sends whatever falls due until told to stop; what is under way is finished."""
        self._work(stop, until_done=False)

    def send_due(self) -> int:
        """Sends what is due now and returns how many attempts that were."""
        return self._work(threading.Event(), until_done=True)

    def _work(self, stop: threading.Event, *, until_done: bool) -> int:
        under_way: dict[Future[None], UUID] = {}
        sent = 0
        with ThreadPoolExecutor(LANES, thread_name_prefix="sender") as lanes:
            while not stop.is_set():
                parcels = self._claimed(under_way)
                for parcel in parcels:
                    under_way[lanes.submit(self.send, parcel)] = parcel.endpoint_id
                sent += len(parcels)
                if not parcels and not under_way:
                    if until_done:
                        break
                    stop.wait(LOOKS_EVERY_SECONDS)
                elif under_way:
                    done, _ = wait(under_way, timeout=LOOKS_EVERY_SECONDS, return_when=FIRST_COMPLETED)
                    for each in done:
                        del under_way[each]
                        each.result()
        return sent

    def _claimed(self, under_way: dict[Future[None], UUID]) -> list[Parcel]:
        """More to do, as far as lanes are free; nothing while the database is away."""
        free = (LANES - len(under_way)) // outbox.MOST_AT_ONCE
        try:
            return outbox.claim(self.engine, self.now(), free, Counter(under_way.values()).keys())
        except Unavailable:
            return []

    def send(self, parcel: Parcel) -> None:
        """One attempt, and its record. What cannot be recorded is sent again when the lease ends."""
        began_at, began = self.now(), time.monotonic()
        try:
            reply = self._post(parcel, began_at)
        except (Undelivered, Refusal) as error:
            word = error.code if isinstance(error, Refusal) else str(error)
            outcome = Outcome(began_at, _milliseconds(began), error=word)
        else:
            outcome = _outcome(reply, began_at, _milliseconds(began))
        try:
            if not outcome.succeeded:
                structlog.get_logger().warning(
                    "webhook not delivered",
                    endpoint=str(parcel.endpoint_id),
                    delivery=str(parcel.delivery_id),
                    attempt=parcel.attempt,
                    status=outcome.status,
                    error=outcome.error,
                )
            outbox.record(self.engine, parcel, outcome, self.now(), random.random())  # noqa: S311 - spreads retries
        except Unavailable:
            return

    def _post(self, parcel: Parcel, at: datetime) -> Reply:
        body = parcel.body.encode()
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            **sign(parcel.secrets(self.settings.secret_key), parcel.message_id, at, body),
        }
        return pinned_http.post(parcel.url, headers, body, private=self.settings.webhooks_to_private_networks)


def _outcome(reply: Reply, began_at: datetime, milliseconds: int) -> Outcome:
    asked = reply.headers.get("retry-after", "")
    wait_for = timedelta(seconds=int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 else None
    text = reply.body.decode("utf-8", "replace")[:EXCERPT]
    shown = "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
    return Outcome(began_at, milliseconds, reply.status, response=shown, wait=wait_for)


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
