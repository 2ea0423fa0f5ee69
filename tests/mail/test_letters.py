"""What each kind of mail says, to whom, on a real mail server."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from invoices.rendering import render_pending
from invoices.storage import Storage, storage_at
from ledger.domain.disputes import Position
from ledger.domain.lifecycle import Party
from ledger.domain.mailing import MailKind
from ledger.store import tables as t
from ledger.store.engine import reading, writing
from tests.billing.trade import AFTER_OCTOBER, Trade, self_billed
from tests.mail.offices import NOON, PUBLIC, Office, html_of, opened, text_of
from tests.services.market import ATTENDED, DAY, MONDAY, NO_SHOW, TUESDAY, Market
from tests.services.test_disputed_money import NEXT, REFUTED, dispute, market, reply
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

RITA, SAM, ANN = "rita@north-bank.example", "sam@acme.example", "ann@operator.example"
MORNING = datetime.fromisoformat("2026-03-11T07:00:00+00:00")


def test_a_digest_tells_what_will_fall_silent_by_its_deadline(office: Office) -> None:
    for number, starts_at in (("S-2", TUESDAY + DAY), ("S-1", TUESDAY), ("S-3", TUESDAY + 9 * DAY)):
        office.market.taken(reference=number, starts_at=starts_at, name="Ada Byron", email=f"{number}@x.example")
    message = office.mail(RITA, TUESDAY + DAY + timedelta(hours=3))
    text, html = text_of(message), html_of(message)
    assert message["subject"] == "One appointment falls silent by tomorrow"
    assert text.index("S-1, Acme-Calls") < text.index("S-2, Acme-Calls") and "S-3" not in text
    assert "then it counts as attended" in text and "Thu 12 Mar 2026, 10:30 (Europe/London)" in text
    assert f"{PUBLIC}/appointments/" in text and f'<a href="{PUBLIC}/appointments/' in html
    assert "Byron" not in html + text and "x.example" not in html + text
    assert message["subject"] in html and html.count("<li>") == 2


def test_a_digest_comes_once_a_day_and_not_where_nothing_waits(office: Office) -> None:
    office.market.taken(starts_at=TUESDAY)
    counts = []
    for at in (MORNING - timedelta(seconds=1), MORNING, MORNING + timedelta(hours=3), MORNING + timedelta(hours=20)):
        office.deliver(at)
        counts.append(len(office.taken(RITA)))
    assert counts == [0, 1, 0, 0]
    office.market.settle(TUESDAY + 3 * DAY)
    office.deliver(MORNING + 3 * DAY)
    assert (office.taken(RITA), office.taken(SAM)) == ([], [])
    assert office.states()[-1] == ("digest", "sent") and ("digest", "dropped") in office.states()


def test_a_supplier_hears_of_refusals_in_one_mail_with_their_clauses(office: Office) -> None:
    office.market.taken(reference="S-1", email="same@x.example")
    for number in range(2, 4):
        office.market.refused(reference=f"S-{number}", email="same@x.example")
    message = office.mail(SAM, MONDAY)
    text = text_of(message)
    assert message["subject"] == "2 submissions were refused"
    assert "* S-2\n  duplicates: " in text and f"{PUBLIC}/refusals" in text
    assert "same@x.example" not in text
    assert office.taken(RITA) == []


def test_a_supplier_hears_of_findings_that_fall_short_and_of_no_others(office: Office) -> None:
    for number, findings in (("S-1", ATTENDED), ("S-2", NO_SHOW), ("S-3", REFUTED)):
        office.market.find(office.market.taken(reference=number), findings, NOON)
    office.market.cancel(office.market.taken(reference="S-4"), MONDAY, Party.SUPPLIER)
    message = office.mail(SAM, NOON)
    text = text_of(message)
    assert message["subject"] == "2 appointments were found to fall short"
    assert (
        "S-2, North-Bank" in text
        and "Prospect did not come, 25\u00a0% of the price\n  Can be rebooked until Fri 20 Mar" in text
    )
    assert "Refuted: Ten to 250 employees" in text
    assert "Can be contested until Tue 17 Mar 2026, 12:00 (Europe/London)" in text
    assert "S-1" not in text and "S-4" not in text


def test_whoever_owes_a_reply_hears_when_and_the_arbiter_when_it_is_contested(
    engine: Engine, server: MailServer, storage: Storage
) -> None:
    house = market(engine)
    office = opened(engine, server, storage, house)
    office.add(ANN, "arbiter")
    for email in (SAM, RITA):
        office.choose(email, MailKind.DIGEST, False)
    identity = house.taken()
    house.find(identity, ATTENDED, NOON)
    which = dispute(house, identity, Party.BUYER, "wrong_person", REFUTED, NEXT + DAY)
    message = office.mail(SAM, NEXT + DAY)
    assert message["subject"] == "One dispute waits for your reply"
    text = text_of(message)
    assert "The buyer claims it back" in text and f"{PUBLIC}/disputes/{which}" in text
    assert "Your reply is due by Thu 19 Mar 2026, 11:00 (Europe/London). Without it the claim is upheld." in text
    assert [each["subject"] for each in office.taken(RITA)] == []
    assert office.taken(ANN) == []
    reply(house, identity, which, Position.CONTEST, Party.SUPPLIER, NEXT + 2 * DAY)
    message = office.mail(ANN, NEXT + 2 * DAY)
    assert message["subject"] == "One dispute is yours to decide"
    assert "S-1, Acme-Calls, North-Bank" in text_of(message) and "(UTC)" in text_of(message)


def test_a_digest_reminds_of_replies_until_they_are_given(engine: Engine, server: MailServer, storage: Storage) -> None:
    house = market(engine)
    office = opened(engine, server, storage, house)
    office.choose(SAM, MailKind.DISPUTES, False)
    identity = house.taken()
    house.find(identity, ATTENDED, NOON)
    which = dispute(house, identity, Party.BUYER, "wrong_person", REFUTED, NEXT)
    message = office.mail(SAM, MORNING + DAY)
    text = text_of(message)
    assert message["subject"] == "One dispute waits for your reply"
    assert "Your reply is due in 6 days 3 h. Without it the claim is upheld." in text
    assert f"{PUBLIC}/disputes/{which}" in text and "Wed 18 Mar 2026, 11:00 (Europe/London)" in text
    reply(house, identity, which, Position.CONTEST, Party.SUPPLIER, MORNING + DAY)
    office.deliver(MORNING + 2 * DAY)
    assert (office.taken(SAM), office.taken(RITA)) == ([], [])


def test_an_invoice_comes_when_it_can_be_read_with_its_pdf_which_is_on_record(
    engine: Engine, server: MailServer, tmp_path: Path
) -> None:
    trade, storage = Trade(engine), storage_at(str(tmp_path))
    agreement = trade.agree()
    office = opened(engine, server, storage, trade)
    trade.charge(agreement, 18000)
    trade.bill()
    office.deliver(AFTER_OCTOBER)
    assert office.taken(SAM) == []
    render_pending(engine, storage, now=lambda: AFTER_OCTOBER)
    message = office.mail(SAM, AFTER_OCTOBER)
    assert message["subject"] == "Invoice ACME-NORTH-000001 is ready"
    assert "£216.00, due on" in text_of(message) and "silence accepts it" in text_of(message)
    (pdf,) = message.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()[:5]) == ("ACME-NORTH-000001.pdf", b"%PDF-")
    assert len(office.taken(RITA)) == 1
    with reading(engine) as connection:
        downloads = connection.execute(select(t.download.c.actor, t.download.c.size)).all()
    assert {row.size for row in downloads} == {len(pdf.get_content())} and len({row.actor for row in downloads}) == 2


def test_self_billing_is_reminded_of_at_each_mark_once_also_after_a_rest(
    engine: Engine, server: MailServer, storage: Storage
) -> None:
    trade = Trade(engine)
    until = datetime.fromisoformat("2026-10-31T12:00:00+00:00")
    trade.agree(billing=self_billed(until="2026-10-31"))
    office = opened(engine, server, storage, trade)
    office.add("fay@operator.example", "finance")
    told = []
    for days in (31, 30, 29, 14, 5, 4, 1, -1):  # no worker ran from 13 to 6 days before the end
        office.deliver(until - timedelta(days=days))
        told += [(days, message["subject"]) for message in office.taken("fay@operator.example")]
    assert [days for days, _ in told] == [30, 14, 5, 1]
    assert {subject for _, subject in told} == {"A self-billing agreement ends soon"}
    assert len(office.taken(SAM)) == len(office.taken(RITA)) == 4


def test_a_mail_speaks_its_readers_language_and_shows_times_by_his_clock(office: Office) -> None:
    office.market.taken(starts_at=TUESDAY)
    this = t.user_account.c.email == RITA
    with writing(office.engine) as connection:
        connection.execute(update(t.user_account).where(this).values(language="de", time_zone="Europe/Berlin"))
    message = office.mail(RITA, MORNING)
    assert message["content-language"] == "de"
    assert message["subject"] == "Ein Termin wartet auf Ihre Feststellung"
    assert "Do., 12. März 2026, 11:30 (Europe/Berlin)" in text_of(message)


def test_people_are_told_of_their_own_organisations_things_alone(
    engine: Engine, server: MailServer, storage: Storage
) -> None:
    office = opened(engine, server, storage, Market(engine, buyers=("north-bank", "south-bank")))
    others = ("ben@best.example", "supplier", "best-leads"), ("sue@south.example", "buyer", "south-bank")
    for other in others:
        office.add(*other)
    office.market.find(office.market.taken(definition="north-bank:uk-finance-review"), NO_SHOW, NOON)
    office.market.taken(reference="S-2", definition="north-bank:uk-finance-review")
    office.deliver(MORNING)
    assert (len(office.taken(RITA)), len(office.taken(SAM))) == (1, 1)
    assert [office.taken(email) for email, *_ in others] == [[], []]
