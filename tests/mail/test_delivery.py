"""How mail gets through: once for each person and cause, whatever the server says and whoever dies between."""

import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select, update

from api.mail import smtp
from api.mail.postman import Postman
from api.mail.smtp import Unreachable
from invoices.storage import Storage
from ledger.domain.mailing import MailKind
from ledger.domain.retrying import DELAYS, GIVES_UP_AFTER
from ledger.services import mail_causes, mail_outbox, people
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.mail.offices import NOON, PUBLIC, Office, opened
from tests.mail.test_letters import MORNING, RITA, SAM
from tests.services.market import DAY, NO_SHOW, OPENED, TUESDAY
from tests.support.mail_server import PASSWORD, USER, MailServer, taking_mail

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOUR = timedelta(hours=1)


def short(office: Office, reference: str = "S-1") -> None:
    """Something for Sam to hear."""
    office.market.find(office.market.taken(reference=reference), NO_SHOW, NOON)


class Impatient(threading.Event):
    """Waits for nothing, and is set after three rests."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.rests.append(timeout or 0)
        if len(self.rests) == 3:
            self.set()
        return self.is_set()


def answers(office: Office) -> list[tuple[str, int, str | None]]:
    cause = t.mail_cause.c
    with reading(office.engine) as connection:
        rows = connection.execute(select(cause.state, cause.attempts, cause.answer).order_by(cause.id))
        return [(row.state, row.attempts, row.answer) for row in rows]


def test_several_workers_at_once_tell_each_person_once(office: Office) -> None:
    for number in range(8):
        office.add(f"sam{number}@acme.example", "supplier", "acme-calls")
    short(office)
    office.now = NOON
    together = threading.Barrier(4)

    def work(_number: int) -> int:
        together.wait()
        mail_causes.gather(office.engine, NOON, full=True)
        together.wait()
        return Postman(office.engine, office.postman.settings, office.storage, lambda: NOON + HOUR).send_due()

    with ThreadPoolExecutor(4) as workers:
        sent = list(workers.map(work, range(4)))
    told = sorted(recipient for recipient, message in office.server.came if "fall short" in message["subject"])
    assert told == sorted([SAM, *(f"sam{number}@acme.example" for number in range(8))])
    assert sum(sent) == len(office.states()) == 9 + 10  # and digests of which nothing is left to tell
    office.look(NOON + HOUR)
    assert office.postman.send_due() == 0


@on_sqlite
def test_what_is_refused_for_now_is_tried_again_later_under_the_same_name(office: Office) -> None:
    office.server.answers[SAM] = ["451 4.7.1 greylisted, come back", "421 4.3.2 busy"]
    short(office)
    office.deliver(NOON)
    assert office.taken(SAM) == []
    assert answers(office)[0] == ("pending", 1, "451 4.7.1 greylisted, come back")
    for number in range(3):
        office.now += 2 * DELAYS[number]
        office.look(full=False)
        office.postman.send_due()
    (message,) = office.taken(SAM)
    state, attempts, answer = answers(office)[0]
    assert (state, attempts, answer) == ("sent", 3, None)
    with reading(office.engine) as connection:
        first = connection.execute(select(t.mail_cause.c.id).order_by(t.mail_cause.c.id)).scalars().first()
    assert first is not None and message["message-id"] == f"<{first.hex}@ledger.example>"


@on_sqlite
def test_what_is_refused_for_good_is_not_tried_again_and_holds_up_nobody(office: Office) -> None:
    office.server.answers[SAM] = ["550 5.1.1 no such mailbox"]
    office.add("sue@acme.example", "supplier", "acme-calls")
    short(office)
    office.deliver(NOON)
    assert sorted(answers(office)[:2]) == [("failed", 1, "550 5.1.1 no such mailbox"), ("sent", 1, None)]
    assert len(office.taken("sue@acme.example")) == 1
    office.now += DAY
    assert office.postman.send_due() == 0


@on_sqlite
def test_after_three_days_a_mail_is_given_up(office: Office) -> None:
    office.server.data_answers += ["452 4.3.1 full"] * 30
    short(office)
    office.look(NOON)
    while office.now < NOON + GIVES_UP_AFTER + DAY:
        office.postman.send_due()
        office.now += 12 * HOUR
    assert answers(office)[0][0] == "failed"


@on_sqlite
def test_a_server_that_is_away_costs_no_attempt(office: Office) -> None:
    short(office)
    office.look(NOON)
    office.now = NOON + 30 * DAY
    with socket.socket() as nobody:  # holds a port and does not listen
        nobody.bind(("127.0.0.1", 0))
        office.server.port = nobody.getsockname()[1]
        with pytest.raises(Unreachable):
            office.postman.send_due()
        assert {(state, attempts) for state, attempts, _ in answers(office)} == {("pending", 0)}
        stop = Impatient()
        office.postman.run(stop)
    first, second, third = stop.rests
    assert first < second < third


@on_sqlite
def test_what_a_dead_worker_held_is_sent_by_the_next_when_the_lease_ends(office: Office) -> None:
    for email in (RITA, SAM):
        office.choose(email, MailKind.DIGEST, False)
    short(office)
    office.look(NOON)
    office.now = NOON + HOUR
    dead = mail_outbox.claim(office.engine, office.now)
    assert dead is not None and dead.kind is MailKind.VERDICTS
    office.postman.send_due()
    assert office.taken(SAM) == []
    office.now += mail_outbox.LEASE
    office.postman.send_due()
    (message,) = office.taken(SAM)
    assert message["message-id"] == f"<{dead.name.hex}@ledger.example>"
    mail_outbox.record(office.engine, dead, mail_outbox.Outcome(answer="too late"), office.now, 0.5)
    assert answers(office)[0][0] == "sent"


@on_sqlite
def test_the_first_look_tells_nothing_of_the_past_and_a_rest_is_made_up_for(
    engine: Engine, server: MailServer, storage: Storage
) -> None:
    office = Office(engine, opened(engine, server, storage).market, server, storage)
    with writing(engine) as connection:
        connection.execute(t.mail_look.delete())
    short(office)
    office.deliver(NOON + DAY)
    assert office.taken(SAM) == []
    office.market.find(office.market.taken(reference="S-2", starts_at=TUESDAY + DAY), NO_SHOW, NOON + 2 * DAY)
    message = office.mail(SAM, NOON + 7 * DAY)
    assert message["subject"] == "One appointment was found to fall short"


@on_sqlite
def test_what_is_not_wanted_does_not_come_and_not_afterwards_either(office: Office) -> None:
    short(office)
    office.look(NOON)
    office.choose(SAM, MailKind.VERDICTS, False)
    short(office, "S-2")
    office.deliver(NOON)
    office.choose(SAM, MailKind.VERDICTS, True)
    office.deliver(NOON + 2 * HOUR)
    assert office.taken(SAM) == []
    office.market.find(office.market.taken(reference="S-3"), NO_SHOW, NOON + 4 * HOUR)
    assert office.mail(SAM, NOON + 4 * HOUR)["subject"] == "One appointment was found to fall short"


@on_sqlite
def test_a_disabled_person_gets_nothing_not_even_what_waited(office: Office) -> None:
    short(office)
    office.market.taken(reference="S-2", starts_at=TUESDAY + DAY)
    office.look(NOON)
    with writing(office.engine) as connection:
        people.disable(connection, SAM, NOON)
        people.disable(connection, RITA, NOON)
    office.deliver(MORNING)
    assert office.server.came == []
    assert {state for _, state in office.states()} == {"dropped"}


@on_sqlite
def test_a_name_cannot_add_headers_or_recipients(office: Office) -> None:
    odd = "Zoë\r\nBcc: eve@example.org\r\n\r\nMüller, <x@y.example>"
    this = t.user_account.c.email == SAM
    with writing(office.engine) as connection:
        connection.execute(update(t.user_account).where(this).values(name=odd))
    short(office)
    message = office.mail(SAM, NOON)
    assert message["bcc"] is None
    (to,) = message["to"].addresses
    assert (to.addr_spec, to.display_name) == (SAM, "Zoë Bcc: eve@example.org Müller, <x@y.example>")


@on_sqlite
def test_a_mail_that_cannot_be_written_holds_up_no_other(office: Office) -> None:
    office.add("sue@acme.example", "supplier", "acme-calls")
    this = t.user_account.c.email == SAM
    with writing(office.engine) as connection:
        connection.execute(update(t.user_account).where(this).values(email="no address\nat all"))
    short(office)
    office.deliver(NOON)
    assert len(office.taken("sue@acme.example")) == 1
    assert ("pending", 1) in {(state, attempts) for state, attempts, _ in answers(office)}


@on_sqlite
def test_mailboxes_can_file_and_stop_it(office: Office) -> None:
    short(office)
    message: EmailMessage = office.mail(SAM, NOON)
    assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(rf"<{PUBLIC}/unsubscribe/[\w.-]+>", message["list-unsubscribe"])
    assert message["auto-submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["from"] == "Ledger <ledger@ledger.example>"


@on_sqlite
def test_old_causes_are_cleared_away_and_what_waits_stays(office: Office) -> None:
    short(office)
    office.deliver(NOON)
    waits: dict[str, Any] = mail_causes.cause_of(
        MailKind.DISPUTES, office.people[SAM], None, "appointment_event", office.people[SAM], 1, OPENED, OPENED
    )
    with writing(office.engine) as connection:
        connection.execute(insert(t.mail_cause), waits)
    assert mail_causes.clear_away(office.engine, NOON + 100 * DAY) == 3
    assert office.states() == [("disputes", "pending")]


def test_a_password_is_said_to_a_server_of_ours_and_a_wrong_one_costs_nothing() -> None:
    with taking_mail() as server:
        right = f"smtp://{USER.decode()}:{PASSWORD.decode().replace(' ', '%20')}@127.0.0.1:{server.port}"
        with smtp.session(smtp.server_of(right)):
            assert server.logged_in == [USER]
        with pytest.raises(Unreachable, match="535"), smtp.session(smtp.server_of(right.replace("secret", "guess"))):
            pass


@pytest.mark.parametrize(
    "url",
    ["http://mail.example", "smtp://", "smtp://hunter2@mail.example", "smtp://a:hunter2@b:no", "smtp://a:hunter2@b/c"],
)
def test_a_url_of_no_mail_server_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL") as refused:
        smtp.server_of(url)
    assert "hunter2" not in str(refused.value)


@on_sqlite
def test_a_batch_recorded_in_one_instant_is_not_looked_through_for_each_of_its_rows(engine: Engine) -> None:
    said: list[tuple[str, Any]] = []
    with engine.connect() as connection:
        event.listen(engine, "before_cursor_execute", lambda *seen: said.append(seen[2:4]))
        for telling in mail_causes.TELLINGS:
            connection.execute(mail_causes.untold(telling, NOON)).all()
        selects = [each for each in said if each[0].startswith("SELECT")]
        cursor = connection.connection.cursor()
        plans = [
            row[-1]
            for text, values in selects
            for row in cursor.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
        ]
    looks = [each for each in plans if each.startswith("SEARCH imported")]
    assert looks and all("(appointment_id=?)" in each for each in looks)
    assert not any(each.startswith("SCAN appointment_event") for each in plans)
