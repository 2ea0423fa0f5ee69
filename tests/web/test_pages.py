import io
import zipfile
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.web.documents import storage
from invoices.rendering import render_pending
from ledger.domain.lifecycle import Verdict
from tests.services.market import ATTENDED, TUESDAY
from tests.services.meetings import TWENTY_TWO_MINUTES, show
from tests.web.conftest import NOON, TOTP, House, send

APRIL = datetime(2026, 4, 2, 9, tzinfo=UTC)


@pytest.fixture
def open_one(house: House) -> UUID:
    return house.market.taken(reference="S-7", name="Lena Vogt", email="lena@brandt.example")


def test_the_inbox_tells_the_deadline_and_what_silence_means(house: House, open_one: UUID) -> None:
    page = house.enter("rita@north-bank.example").get("/inbox").text
    assert f"/appointments/{open_one}" in page
    assert "Lena Vogt" in page
    assert ">46 h 30 min<" in page
    assert "then it counts as attended" in page


def test_an_appointment_shows_the_minutes_of_the_log_and_that_a_finding_against_it_opens_a_dispute(
    house: House, open_one: UUID
) -> None:
    show(house.market, open_one, TWENTY_TWO_MINUTES, NOON)
    client = house.enter("rita@north-bank.example")
    page = client.get(f"/appointments/{open_one}").text
    assert "Log: 22 min together" in page and "The log says 22." in page
    assert page.count('class="there"') == 2
    path = f"/appointments/{open_one}/worth"
    against = send(client, path, {"attendance": "prospect_no_show"}, on=f"/appointments/{open_one}").text
    assert "Recorded like this it opens a dispute" in against


def test_the_inbox_is_ordered_by_deadline_and_goes_on_after_a_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.web.inbox.PAGE", 2)
    for hours in (3, 1, 2):
        house.market.taken(reference=f"S-{hours}", starts_at=TUESDAY - timedelta(hours=hours))
    client = house.enter("rita@north-bank.example")
    first = client.get("/inbox").text
    assert first.index("S-3<") < first.index("S-2<") and "S-1<" not in first
    following = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(following).text
    assert "S-1<" in second and "S-2<" not in second


def test_what_is_still_to_come_and_what_is_settled_have_lists_of_their_own(house: House, open_one: UUID) -> None:
    house.market.taken(reference="S-8", name="Later", starts_at=TUESDAY + timedelta(days=1))
    house.market.find(open_one, ATTENDED, TUESDAY + timedelta(hours=1))
    client = house.enter("rita@north-bank.example")
    assert "Nothing awaits your findings" in client.get("/inbox").text
    assert "Later" in client.get("/inbox?show=coming").text
    settled = client.get("/inbox?show=settled").text
    assert "Lena Vogt" in settled and "205.00" in settled
    assert client.get("/inbox?show=nonsense").status_code == 400
    assert client.get("/inbox?after=nonsense").status_code == 400


def test_every_choice_shows_what_it_is_worth(house: House, open_one: UUID) -> None:
    page = house.enter("rita@north-bank.example").get(f"/appointments/{open_one}").text
    worth = {}
    for choice in page.split('name="attendance" value="')[1:]:
        worth[choice.split('"')[0]] = choice.split('class="figure n">')[1].split("<")[0]
    assert worth["attended"] == "205.00"
    assert worth["prospect_no_show"] == "51.25"
    assert worth["technical_failure"] == "0.00"


def test_what_is_shown_before_the_click_is_what_the_click_brings(house: House, open_one: UUID) -> None:
    client = house.enter("rita@north-bank.example")
    path = f"/appointments/{open_one}"
    form = {"attendance": "attended", "minutes": "25", "criterion.owner": "refuted", "note": "Good talk"}
    page = client.get(path).text
    token = page.split('name="csrf_token" value="')[-1].split('"')[0]
    part = client.post(f"{path}/worth", data={**form, "csrf_token": token}, headers={"HX-Request": "true"}).text
    assert "£180.00" in part and "<html" not in part
    assert house.market.state(open_one).verdict is Verdict.PENDING
    whole = send(client, f"{path}/worth", form, on=path).text
    assert "£180.00" in whole and 'value="25"' in whole and "Good talk" in whole
    done = send(client, f"{path}/findings", form, on=path)
    assert done.status_code == 302
    after = client.get(done.location).text
    assert "£180.00" in after and "Good talk" in after
    state = house.market.state(open_one)
    assert (state.verdict, state.amount, state.minutes) == (Verdict.GIVEN, 18000, 25)


def test_a_refusal_is_shown_in_place_with_its_clause(house: House, open_one: UUID) -> None:
    client = house.enter("rita@north-bank.example")
    path = f"/appointments/{open_one}"
    form = {"attendance": "both_absent", "minutes": "12", "note": "Keep me"}
    response = send(client, f"{path}/findings", form, on=path)
    assert response.status_code == 422
    assert "attendance.minimum_minutes" in response.text and "Keep me" in response.text
    assert house.market.state(open_one).verdict is Verdict.PENDING


@pytest.mark.parametrize("form", [{}, {"attendance": "partying"}, {"attendance": "attended", "minutes": "-1"}])
def test_a_form_that_says_nothing_sensible_is_refused(house: House, open_one: UUID, form: dict[str, str]) -> None:
    client = house.enter("rita@north-bank.example")
    path = f"/appointments/{open_one}"
    assert send(client, f"{path}/findings", form, on=path).status_code == 400


def test_findings_on_what_changed_meanwhile_are_not_taken(house: House, open_one: UUID) -> None:
    client = house.enter("rita@north-bank.example")
    path = f"/appointments/{open_one}"
    response = send(client, f"{path}/findings", {"attendance": "attended", "version": "99"}, on=path)
    assert response.status_code == 412
    assert house.market.state(open_one).verdict is Verdict.PENDING


def test_after_the_deadline_silence_has_spoken(house: House, open_one: UUID) -> None:
    house.set_clock(TUESDAY + timedelta(days=2, minutes=30))
    client = house.enter("rita@north-bank.example")
    path = f"/appointments/{open_one}"
    refused = send(client, f"{path}/findings", {"attendance": "technical_failure", "version": "2"}, on="/inbox")
    assert refused.status_code == 409
    assert "silence took effect at Thu 12 Mar 2026, 10:30" in refused.text
    assert house.market.state(open_one).verdict is Verdict.DEEMED
    assert "The buyer said nothing by Thu 12 Mar 2026, 10:30." in client.get(path).text


def test_a_cancellation_shows_its_cost_first(house: House) -> None:
    soon = house.market.taken(starts_at=NOON + timedelta(hours=2))
    client = house.enter("rita@north-bank.example")
    path = f"/appointments/{soon}"
    assert "102.50" in client.get(path).text
    assert send(client, f"{path}/cancel", {"by": "supplier"}, on=path).status_code == 400
    assert send(client, f"{path}/cancel", {"by": "buyer", "reason": "ill"}, on=path).status_code == 302
    assert house.market.state(soon).amount == 10250


def test_somebody_elses_appointment_is_not_there(house: House, open_one: UUID) -> None:
    house.add("rob@south-bank.example", "buyer", slug="south-bank")
    house.add("bea@best.example", "supplier", slug="best-leads")
    absent = UUID("0199aaaa-0000-7000-8000-000000000000")
    for email in ("rob@south-bank.example", "bea@best.example"):
        client = house.enter(email)
        pages = [client.get(f"/appointments/{each}") for each in (open_one, absent)]
        assert [page.status_code for page in pages] == [404, 404]
        mains = [page.text.split("<main")[1] for page in pages]
        assert mains[0] == mains[1]
    rob = house.enter("rob@south-bank.example")
    for action in ("findings", "worth", "cancel"):
        form = {"attendance": "attended", "by": "buyer", "version": "1"}
        assert send(rob, f"/appointments/{open_one}/{action}", form, on="/inbox").status_code == 404
    assert house.market.state(open_one).verdict is Verdict.PENDING


PLACES = {
    "/inbox": {"buyer"},
    "/appointments": {"supplier"},
    "/months": {"finance"},
    "/months/2026-03": {"finance"},
    "/months/2026-03.zip": {"finance"},
    "/documents": {"buyer", "supplier"},
    "/open": {"finance", "buyer", "supplier"},
    "/ledger": {"finance"},
    "/credits": {"finance"},
    "/organisations": {"admin"},
    "/overview": {"admin", "arbiter"},
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_role_has_its_pages_and_no_others(house: House) -> None:
    house.add("ada@operator.example", "admin")
    house.add("art@operator.example", "arbiter", totp=TOTP)
    people = {
        "buyer": house.enter("rita@north-bank.example"),
        "supplier": house.enter("sam@acme.example"),
        "finance": house.enter("fay@operator.example", second=True),
        "admin": house.enter("ada@operator.example"),
        "arbiter": house.enter("art@operator.example", second=True),
    }
    for path, roles in PLACES.items():
        for role, client in people.items():
            expected = 200 if role in roles else 403
            assert client.get(path).status_code == expected, (path, role)
        assert house.client().get(path).status_code == 302


def test_a_person_with_several_roles_sees_them_all_in_the_navigation(house: House) -> None:
    house.add("una@operator.example", "finance", "arbiter", "admin", totp=TOTP)
    page = house.enter("una@operator.example", second=True).get("/months").text
    assert all(path in page for path in ('href="/months"', 'href="/setup"', 'href="/overview"'))
    assert 'href="/inbox"' not in page


def test_a_supplier_reads_and_records_nothing(house: House, open_one: UUID) -> None:
    client = house.enter("sam@acme.example")
    assert "Lena Vogt" in client.get("/appointments").text
    page = client.get(f"/appointments/{open_one}").text
    assert "Lena Vogt" in page and 'name="attendance"' not in page
    form = {"attendance": "attended", "version": "1"}
    assert send(client, f"/appointments/{open_one}/findings", form, on="/appointments").status_code == 403


def test_finance_bills_a_month_and_everybody_downloads_their_own(house: House, open_one: UUID) -> None:
    house.market.find(open_one, ATTENDED, TUESDAY + timedelta(hours=1))
    house.set_clock(APRIL)
    fay = house.enter("fay@operator.example", second=True, at=APRIL)
    assert "205.00" in fay.get("/months").text
    before = fay.get("/months/2026-03").text
    assert "1 amount, £205.00" in before
    dry = send(fay, "/months/2026-03/run", {"dry_run": "yes"}, on="/months/2026-03")
    assert "nothing was issued" in fay.get(dry.location).text
    run = send(fay, "/months/2026-03/run", {"dry_run": "no"}, on="/months/2026-03")
    page = fay.get(run.location).text
    assert "1 invoice: 1 line, £205.00 net, £246.00 gross" in page
    document = page.split(".pdf")[0].rpartition("/")[2]
    assert fay.get(f"/documents/{document}.pdf").data.startswith(b"%PDF")
    bundle = zipfile.ZipFile(io.BytesIO(fay.get("/months/2026-03.zip").data))
    assert {name.rpartition(".")[2] for name in bundle.namelist()} == {"pdf", "xml", "csv"}
    again = send(fay, "/months/2026-03/run", {"dry_run": "no"}, on="/months/2026-03")
    assert fay.get(again.location).text.count(".pdf") == 1
    with house.app.app_context():
        render_pending(house.market.engine, storage(), now=lambda: APRIL)
    assert f"/documents/{document}.xml" in fay.get(again.location).text
    assert b"CrossIndustryInvoice" in fay.get(f"/documents/{document}.xml").data

    sam = house.enter("sam@acme.example")
    assert document in sam.get("/documents").text
    assert b"S-7" in sam.get(f"/documents/{document}.csv").data
    house.add("bea@best.example", "supplier", slug="best-leads")
    bea = house.enter("bea@best.example")
    assert document not in bea.get("/documents").text
    assert bea.get(f"/documents/{document}.pdf").status_code == 404
    assert bea.get(f"/documents/{document}.csv").status_code == 404
    assert bea.get(f"/documents/{document}.xml").status_code == 404


def test_a_month_that_still_runs_is_not_billed(house: House, open_one: UUID) -> None:
    fay = house.enter("fay@operator.example", second=True)
    assert "The month still runs" in fay.get("/months/2026-03").text
    response = send(fay, "/months/2026-03/run", {"dry_run": "no"}, on="/months/2026-03")
    assert response.status_code == 422
    assert fay.get("/months/2026-13").status_code == 404


def test_a_parked_supplier_is_shown_with_the_reason(house: House) -> None:
    parked = house.market.taken("best-leads", "B-1")
    house.market.find(parked, ATTENDED, TUESDAY + timedelta(hours=1))
    house.set_clock(APRIL)
    fay = house.enter("fay@operator.example", second=True, at=APRIL)
    run = send(fay, "/months/2026-03/run", {"dry_run": "no"}, on="/months/2026-03")
    page = fay.get(run.location).text
    assert "Parked" in page and "Best-Leads" in page and "VAT" in page


def test_an_unknown_address_is_a_page_for_a_browser_and_a_problem_for_a_client(house: House) -> None:
    client = house.client()
    page = client.get("/nowhere", headers={"Accept": "text/html,application/xhtml+xml"})
    assert page.status_code == 404 and "There is nothing here" in page.text
    assert client.get("/nowhere").mimetype == "application/problem+json"
    api = client.get("/v1/nowhere", headers={"Accept": "text/html"})
    assert api.mimetype == "application/problem+json"


def test_static_files_may_be_kept_and_pages_may_not(house: House) -> None:
    client = house.client()
    page = client.get("/login").text
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]
    with client.get(style) as kept:
        assert "immutable" in kept.headers["Cache-Control"]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '" onmouseover="alert(1)'])
def test_what_a_party_writes_is_text(house: House, text: str) -> None:
    identity = house.market.taken(reference="S-9", name=text)
    client = house.enter("rita@north-bank.example")
    for path in ("/inbox", f"/appointments/{identity}"):
        assert text not in client.get(path).text
