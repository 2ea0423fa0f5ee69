import re
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select

from api.languages import gettext, ngettext, speaking, spoken
from invoices.languages import Language
from ledger.domain.lifecycle import Finding
from ledger.domain.outcome import Findings
from ledger.store import tables as t
from ledger.store.engine import reading
from tests.services.market import TUESDAY
from tests.support import catalogues
from tests.web.conftest import House, send

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LOOSE = re.compile(r"«[ \w]|[ \w]»|[^\u00a0\u202f][:;?!](?= |$)| [:;?!]")
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|</?\w+")


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_every_sentence_has_a_translation_with_the_same_values_and_no_translation_is_left_over(language: str) -> None:
    said, kept = catalogues.messages(catalogues.said()), catalogues.messages(catalogues.kept(language))
    assert set(kept) == set(said), "`make translations` brings them in line"
    assert [message.id for message in kept.values() if not all(catalogues.strings(message)) or message.fuzzy] == []
    assert [message.id for message in kept.values() if not _alike(message.id, catalogues.strings(message))] == []


def _alike(english: str | list[str] | tuple[str, ...], told: tuple[str, ...]) -> bool:
    """A plural form may leave out the number, as “one” does."""
    asked = (english,) if isinstance(english, str) else english
    wanted = {mark for form in asked for mark in PLACEHOLDER.findall(form)}
    free = {"%(n)s"} if len(asked) > 1 else set()
    return all(wanted - free <= set(PLACEHOLDER.findall(form)) <= wanted for form in told)


def test_a_french_line_never_ends_before_its_punctuation() -> None:
    """A no-break space stands before : ; ? ! and within « »; a header's name is told as it is sent."""
    french = catalogues.messages(catalogues.kept("fr")).values()
    told = [form.replace("Authorization:", "") for message in french for form in catalogues.strings(message)]
    assert [form for form in told if LOOSE.search(form)] == []


def test_what_is_said_inside_is_in_that_language() -> None:
    with speaking("de"):
        assert (spoken(), gettext("Inbox"), ngettext("%(n)s day", "%(n)s days", 1)) == ("de", "Eingang", "1 Tag")
    with speaking("fr"):
        assert ngettext("%(n)s day", "%(n)s days", 0) == "0 jour"
    assert (spoken(), gettext("Inbox"), ngettext("%(n)s day", "%(n)s days", 0)) == ("en", "Inbox", "0 days")


@on_sqlite
@pytest.mark.parametrize(
    ("accepted", "language", "headline"),
    [
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr", "Se connecter"),
        ("it, de-AT;q=0.7, en;q=0.2", "de", "Anmelden"),
        ("it", "en", "Log in"),
        (None, "en", "Log in"),
    ],
)
def test_who_is_not_logged_in_reads_what_the_browser_asks_for(
    house: House, accepted: str | None, language: Language, headline: str
) -> None:
    page = house.client().get("/login", headers={"Accept-Language": accepted} if accepted else {})
    assert f'<html lang="{language}">' in page.text and f"<h1>{headline}</h1>" in page.text
    assert page.headers["Content-Language"] == language
    assert {"accept-language", "cookie"} <= {name.lower() for name in page.vary}


@on_sqlite
def test_a_person_s_own_language_and_clock_win_over_browser_and_organisation(house: House) -> None:
    house.market.taken(reference="S-7", name="Lena Vogt")
    client = house.enter("rita@north-bank.example")
    german = {"Accept-Language": "de"}
    assert "Di., 10. März 2026, 10:00" in client.get("/inbox", headers=german).text
    kept = send(client, "/preferences", {"language": "fr", "time_zone": "Asia/Tokyo"})
    assert 'lang="fr" selected' in client.get(kept.location, headers=german).text
    page = client.get("/inbox", headers=german)
    assert "mar. 10 mars 2026, 19:00" in page.text and "compte ensuite comme honoré" in page.text
    assert "Hier ist nichts" in client.get("/nowhere", headers={**german, "Accept": "text/html"}).text


@on_sqlite
@pytest.mark.parametrize("form", [{"language": "tlh"}, {"time_zone": "Mars/Olympus"}])
def test_a_language_or_a_zone_that_nobody_knows_is_refused(house: House, form: dict[str, str]) -> None:
    assert send(house.enter("rita@north-bank.example"), "/preferences", form).status_code == 400
    with reading(house.engine) as connection:
        kept = connection.execute(select(t.user_account.c.language, t.user_account.c.time_zone)).all()
    assert set(kept) == {(None, None)}


ENGLISH = re.compile(r"\b(the|of|are|were|which|your|this|what|it|they|has|have|been|until)\b", re.IGNORECASE)
TERMS = "/definitions/north-bank:uk-finance-review"
PLACES = {
    "rita@north-bank.example": (
        "/inbox",
        "/inbox?show=coming",
        "/disputes",
        "/quality",
        "/preferences",
        "{one}",
        "/definitions/north-bank:uk-finance-review",
    ),
    "sam@acme.example": ("/due", "/appointments", "/refusals", "/open", "{one}", "{one}/why", "{one}/dispute"),
    "fay@operator.example": ("/months", "/months/2026-03", "/ledger", "/credits", "{one}/why"),
}


@on_sqlite
def test_no_page_of_a_role_speaks_english_to_who_reads_another_language(house: House) -> None:
    """But for what the parties call things."""
    identity = house.market.taken(reference="S-7", name="Lena Vogt")
    house.market.find(identity, Findings(Finding.BOTH_ABSENT), TUESDAY + timedelta(hours=1))
    with reading(house.engine) as connection:
        (terms,) = connection.execute(select(t.definition_version.c.document)).scalars()
    english: dict[str, set[str]] = {}
    for email, places in PLACES.items():
        client = house.enter(email, second=email.startswith("fay"))
        for place, language in product(places, catalogues.TRANSLATED):
            path = place.format(one=f"/appointments/{identity}")
            page = client.get(path, headers={"Accept-Language": language})
            assert (page.status_code, page.headers["Content-Language"]) == (200, language), path
            ours = re.sub(r"<(script|code)\b.*?</\1>", "", page.text, flags=re.DOTALL)
            for label in _labels(terms):
                ours = ours.replace(label, "")
            texts = {text.strip() for text in re.findall(r">([^<>]+)<", ours)}
            english[f"{path} {language}"] = {text for text in texts if len(ENGLISH.findall(text)) > 1}
    assert {path: found for path, found in english.items() if found} == {}


def _labels(terms: Any) -> set[str]:
    """What the parties call things."""
    if isinstance(terms, list):
        return {label for each in terms for label in _labels(each)}
    if isinstance(terms, dict):
        return {label for each in terms.values() for label in _labels(each)} | {terms.get("label") or "-"}
    return set()
