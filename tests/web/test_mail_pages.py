"""Choosing mail on a page, and stopping it from the mail itself without a login."""

from uuid import UUID

import pytest
from sqlalchemy import select

from api.mail import unsubscribing
from ledger.domain.mailing import MailKind
from ledger.services import mail_wishes
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.support.applications import SECRET
from tests.web.conftest import House, send

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SAM = "sam@acme.example"


def identity_of(house: House, email: str) -> UUID:
    with reading(house.engine) as connection:
        found: UUID = connection.execute(
            select(t.user_account.c.id).where(t.user_account.c.email == email)
        ).scalar_one()
    return found


def wanted(house: House, email: str, role: str) -> set[MailKind]:
    with reading(house.engine) as connection:
        kinds = mail_wishes.wanted(connection, identity_of(house, email), (role,))
    return {kind for kind, want in kinds.items() if want}


def test_a_person_chooses_among_the_kinds_that_are_meant_for_him(house: House) -> None:
    client = house.enter(SAM)
    page = client.get("/preferences/mail")
    assert "This installation sends no e-mail." in page.text
    assert 'value="verdicts" checked' in page.text and 'value="decisions"' not in page.text
    assert send(client, "/preferences/mail", {"kind": ["verdicts", "decisions"]}).status_code == 302
    assert wanted(house, SAM, "supplier") == {MailKind.VERDICTS}
    assert wanted(house, "rita@north-bank.example", "buyer") == set(mail_wishes.kinds_for(("buyer",)))
    assert send(client, "/preferences/mail", {"kind": ["refusals"]}).status_code == 302
    assert wanted(house, SAM, "supplier") == {MailKind.REFUSALS}


def test_a_mailbox_stops_one_kind_by_one_click_and_a_look_changes_nothing(house: House) -> None:
    address = unsubscribing.address("", SECRET, identity_of(house, SAM), MailKind.DISPUTES)
    all_of_it = set(mail_wishes.kinds_for(("supplier",)))
    page = house.client().get(address)
    assert page.status_code == 200 and "Disputes, and replies that are due" in page.text
    assert SAM not in page.text
    assert wanted(house, SAM, "supplier") == all_of_it
    for _ in range(2):
        answer = house.client().post(address, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    assert wanted(house, SAM, "supplier") == all_of_it - {MailKind.DISPUTES}


def test_a_token_that_was_made_up_stops_nothing(house: House) -> None:
    right = unsubscribing.address("", SECRET, identity_of(house, SAM), MailKind.DISPUTES)
    others = unsubscribing.address("", "another secret", identity_of(house, SAM), MailKind.DISPUTES)
    for address in (f"{right}x", others, right.rpartition("/")[0] + "/W10.abc"):
        assert house.client().get(address).status_code == 404
        assert house.client().post(address).status_code == 404
    assert MailKind.DISPUTES in wanted(house, SAM, "supplier")
