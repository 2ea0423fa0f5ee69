"""What organisations set up by page: keys, webhooks, connections, people; each its own, the admin everybody's."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from ledger.store import tables as t
from ledger.store.engine import reading, writing
from ledger.store.hooks import QUARANTINED
from ledger.store.types import new_id
from tests.web.conftest import NOON, House, log_in, send

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SAM, RITA, ADA = "sam@acme.example", "rita@north-bank.example", "ada@operator.example"
SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQ="


@pytest.fixture
def admin(house: House) -> FlaskClient:
    house.add(ADA, "admin")
    return house.enter(ADA)


def value_of(page: str, label: str = "Secret") -> str:
    found = re.search(rf'>{label}</label>.*?value="([^"]+)"', page, re.DOTALL)
    assert found, page
    return found.group(1)


def test_a_key_is_shown_once_works_is_rotated_and_revoked(house: House) -> None:
    client = house.enter(SAM)
    secret = value_of(send(client, "/keys", {"name": "CRM", "role": "supplier"}).text)
    api = house.client()
    assert api.get("/v1/appointments", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    page = client.get("/keys").text
    assert "CRM" in page and secret not in page and secret[:13] in page
    rotate = re.search(r'action="(/keys/[0-9a-f-]+/rotate)"', page)
    assert rotate
    successor = value_of(send(client, rotate.group(1), {"grace": "24"}, on="/keys").text)
    assert api.get("/v1/appointments", headers={"Authorization": f"Bearer {successor}"}).status_code == 200
    revoke = re.findall(r'action="(/keys/[0-9a-f-]+/revoke)"', client.get("/keys").text)[0]
    send(house.enter(RITA), revoke, {}, on="/keys")
    assert api.get("/v1/appointments", headers={"Authorization": f"Bearer {successor}"}).status_code == 200
    send(client, revoke, {}, on="/keys")
    assert api.get("/v1/appointments", headers={"Authorization": f"Bearer {successor}"}).status_code == 401


def test_nobody_issues_a_key_above_his_role(house: House, admin: FlaskClient) -> None:
    for role in ("admin", "buyer"):
        assert send(house.enter(SAM), "/keys", {"name": "x", "role": role}).status_code == 403
    assert value_of(send(admin, "/keys", {"name": "books", "role": "finance"}).text).startswith("al_")
    theirs = {"name": "theirs", "role": "supplier", "organisation": "acme-calls"}
    assert value_of(send(admin, "/keys", theirs, on="/keys?organisation=acme-calls").text).startswith("al_")
    assert "theirs" in house.enter(SAM).get("/keys").text
    assert "books" in admin.get("/keys").text and "theirs" not in admin.get("/keys").text


def test_an_endpoint_is_made_changed_switched_off_tested_and_removed(house: House) -> None:
    client = house.enter(SAM)
    form = {"url": "https://crm.example/in", "description": "CRM", "which": "some", "types": ["invoice.issued"]}
    assert send(client, "/webhooks", {**form, "url": "https://127.0.0.1/"}).status_code == 422
    assert value_of(send(client, "/webhooks", form).text).startswith("whsec_")
    path = re.findall(r'class="row" href="(/webhooks/[^"]+)"', client.get("/webhooks").text)[0]
    stale = {**form, "url": "https://new.example/in", "version": "9"}
    assert send(client, path, stale).status_code == 412
    assert send(client, path, {**form, "url": "https://new.example/in", "which": "all"}).status_code == 302
    assert "https://new.example/in" in client.get(path).text
    assert house.enter(RITA).get(path).status_code == 404
    for what, words in (("disable", "Switched off"), ("enable", "Switched on"), ("test", "webhook.test")):
        send(client, f"{path}/{what}", {}, on=path)
        assert words in client.get(f"{path}?done={what}").text
    delivery = re.findall(r'href="(/deliveries/[^"]+)"', client.get(path).text)[0]
    assert "It was not tried yet" in client.get(delivery).text
    assert house.enter(RITA).get(delivery).status_code == 404
    assert send(client, f"{delivery}/retry", {}, on=delivery).status_code == 302
    send(client, f"{path}/delete", {}, on=path)
    assert client.get(path).status_code == 404 and "new.example" in client.get(delivery).text


def test_a_connection_shows_its_address_and_why_a_delivery_waits(house: House, admin: FlaskClient) -> None:
    form = {"slug": "rooms", "provider": "standard_webhooks", "secret": SECRET, "owner": "operator"}
    assert send(admin, "/connections", {**form, "secret": "   "}).status_code == 422
    assert send(admin, "/connections", form).location == "/connections/rooms?done=made"
    page = admin.get("/connections/rooms").text
    assert value_of(page, "The address to give to the provider").endswith("/hooks/rooms") and SECRET not in page
    assert house.enter(SAM).get("/connections/rooms").status_code == 404
    assert send(house.enter(SAM), "/connections", {**form, "slug": "ours"}).status_code == 403
    with writing(house.engine) as connection:
        owner = connection.execute(select(t.connection.c.id)).scalar_one()
        row = {"id": new_id(), "connection_id": owner, "dedupe_key": "1", "event": "presence", "url": ""}
        row |= {
            "headers": {"webhook-id": "1"},
            "content": b'{"type": "nothing"}',
            "sha256": "0",
            "size": 2,
            "received_at": NOON,
            "state": QUARANTINED,
        }
        connection.execute(t.incoming_delivery.insert().values(**row, signed_at=NOON - timedelta(hours=2)))
    page = admin.get("/connections/rooms").text
    assert "It was signed long before it came" in page
    release = re.findall(r'action="([^"]+/release)"', page)[0]
    assert send(admin, release, {}, on="/connections/rooms").status_code == 302
    assert "In quarantine</span>" not in admin.get("/connections/rooms").text
    send(admin, "/connections/rooms/disable", {}, on="/connections/rooms")
    assert "Disabled" in admin.get("/connections/rooms").text


def test_people_are_added_locked_out_and_let_in_by_their_own(house: House, admin: FlaskClient) -> None:
    client = house.enter(RITA)
    form = {"name": "Max", "email": "max@north-bank.example", "roles": "buyer"}
    made = send(client, "/people", form).text
    login = {"email": form["email"], "password": value_of(made, "Password")}
    assert send(house.client(), "/login", login).location == "/"
    assert send(client, "/people", form).status_code == 409
    assert send(client, "/people", {**form, "email": "x@y.example", "roles": "finance"}).status_code == 403
    path = re.findall(r'class="row" href="(/people/[^"]+)">Max', client.get("/people").text)[0]
    assert house.enter(SAM).get(path).status_code == 404
    assert send(house.enter(SAM), f"{path}/disable", {}, on="/people").status_code == 404
    max_ = house.client()
    send(max_, "/login", login)
    send(client, f"{path}/disable", {}, on=path)
    assert max_.get("/inbox").status_code == 302
    assert send(house.client(), "/login", login).status_code == 401
    send(client, f"{path}/enable", {}, on=path)
    assert send(house.client(), "/login", login).location == "/"
    renewed = {**login, "password": value_of(send(client, f"{path}/password", {}, on=path).text, "Password")}
    assert send(house.client(), "/login", login).status_code == 401
    assert send(house.client(), "/login", renewed).location == "/"
    with writing(house.engine) as connection:
        connection.execute(update(t.user_account).values(locked_until=NOON + timedelta(minutes=5)))
    assert "Locked out" in admin.get(path).text
    send(admin, f"{path}/unlock", {}, on=path)
    assert send(house.client(), "/login", renewed).location == "/"
    assert "Ada" not in client.get(path).text and "the operator" in client.get(path).text


def test_nobody_disables_himself(house: House) -> None:
    client = house.enter(RITA)
    path = re.findall(r'class="row" href="(/people/[^"]+)">Rita', client.get("/people").text)[0]
    assert send(client, f"{path}/disable", {}, on="/people").status_code == 409
    assert client.get("/inbox").status_code == 200


def test_a_second_role_of_the_operators_opens_no_other_house(house: House) -> None:
    house.add("two@acme.example", "supplier", "finance", slug="acme-calls", totp=None)
    with writing(house.engine) as connection:
        connection.execute(
            update(t.user_account).where(t.user_account.c.email == "two@acme.example").values(roles=["supplier"])
        )
    client = house.enter("two@acme.example")
    with writing(house.engine) as connection:
        connection.execute(
            update(t.user_account)
            .where(t.user_account.c.email == "two@acme.example")
            .values(roles=["finance", "supplier"])
        )
    assert RITA not in client.get("/people").text and "fay@" not in client.get("/people").text
    assert client.get("/organisations/north-bank").status_code == 404


def test_an_admin_takes_an_organisation_on_and_its_changes_are_shown(house: House, admin: FlaskClient) -> None:
    form = {"slug": "new-leads", "kind": "supplier", "legal_name": "New Leads", "country": "DE"}
    form |= {"time_zone": "Europe/Berlin", "vat_id": "DE111111111"}
    refused = send(admin, "/organisations/new", form)
    assert refused.status_code == 400 and 'value="New Leads"' in refused.text
    assert send(admin, "/organisations/new", {**form, "vat_id": "DE136695976"}).status_code == 302
    house.market.ids["new-leads"] = _id(house, "new-leads")
    house.add("nia@new.example", "supplier", slug="new-leads")
    nia, path = house.enter("nia@new.example"), "/organisations/new-leads"
    change = {**form, "vat_id": "DE136695976", "legal_name": "Newer Leads", "iban": "DE89370400440532013000"}
    assert send(nia, path, change, on="/organisation").status_code == 302
    page = nia.get("/organisation").text
    assert "<del>New Leads</del> → <ins>Newer Leads</ins>" in page and "Nia" in page
    assert send(nia, path, {**change, "version": "1"}, on="/organisation").status_code == 412
    assert send(nia, f"{path}/disable", {}, on="/organisation").status_code == 403
    send(admin, f"{path}/disable", {}, on=path)
    assert nia.get("/organisation").status_code == 302


def _id(house: House, slug: str) -> UUID:
    with reading(house.engine) as connection:
        return UUID(
            str(connection.execute(select(t.organisation.c.id).where(t.organisation.c.slug == slug)).scalar_one())
        )


def test_a_secret_is_copied_by_a_button_and_read_without_scripts(house: House, address: str, browser: Browser) -> None:
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts, permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        log_in(page, address, SAM)
        page.goto(f"{address}/keys")
        if page.locator("#name").is_hidden():
            page.get_by_text("Issue a key").click()
        page.locator("#name").fill(f"CRM {scripts}")
        page.get_by_role("button", name="Issue the key").click()
        secret = page.get_by_label("Secret").input_value()
        assert secret.startswith("al_")
        if scripts:
            page.get_by_role("button", name="Copy").click()
            expect(page.get_by_role("button", name="Copied")).to_be_visible()
            assert page.evaluate("navigator.clipboard.readText()") == secret
        else:
            expect(page.get_by_role("button", name="Copy")).to_be_hidden()
        context.close()


def test_a_phone_opens_the_pages_from_a_menu(house: House, address: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, address, SAM)
    expect(page.get_by_role("link", name="Agreements")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Set-up").click()
    expect(page.get_by_role("heading", name="Acme-Calls")).to_be_visible()
    for path in ("/organisation", "/people", "/keys", "/webhooks", "/connections", "/account"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
