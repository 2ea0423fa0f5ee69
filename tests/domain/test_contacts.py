"""Rules of contacts: one spelling for each, and no key for what is none."""

import random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.contacts import (
    company_number_key,
    contact_key,
    contact_keys,
    country_of,
    digest,
    domain_key,
    email_key,
    is_disguised,
    phone_key,
    skeleton,
)
from ledger.domain.terms import ContactKind


@pytest.mark.parametrize(
    "address",
    [
        *("ann.lee@acme.co.uk", " Ann.Lee@ACME.co.uk ", "ann.lee+webinar@acme.co.uk", "ann.lee+a+b@acme.co.uk"),
        "\uff41nn.lee@acme.co.uk",  # full-width a
    ],
)
def test_the_same_mailbox_has_one_key(address: str) -> None:
    assert email_key(address) == "ann.lee@acme.co.uk"


@pytest.mark.parametrize("address", ["a.n.n@gmail.com", "ann@googlemail.com", "Ann+x@Gmail.com"])
def test_gmail_ignores_dots_and_has_two_names(address: str) -> None:
    assert email_key(address) == "ann@gmail.com"


def test_dots_count_everywhere_else() -> None:
    assert email_key("a.nn@acme.com") != email_key("ann@acme.com")


def test_an_international_domain_is_known_by_its_ascii_form() -> None:
    assert email_key("jörg@MÜNCHEN.de") == email_key("jörg@xn--mnchen-3ya.de") == "jörg@xn--mnchen-3ya.de"


def test_reserved_names_are_addresses_too() -> None:
    assert email_key("ann@acme.test") == "ann@acme.test"
    assert email_key("ann@acme.example") == "ann@acme.example"


@pytest.mark.parametrize("address", [None, "", "ann", "@acme.com", "ann@", "a b@acme.com", "a..b@acme.com", "a@-x.com"])
def test_what_is_no_address_has_no_key(address: str | None) -> None:
    assert email_key(address) is None


@pytest.mark.parametrize(
    ("number", "country"),
    [
        *(
            ("020 7946 0958", "GB"),
            ("+44 20 7946 0958", None),
            ("+44 (0)20 7946 0958", "DE"),
            ("0044 20 7946 0958", "GB"),
        ),
        *(("020-7946-0958 ext. 12", "GBR"), ("020 7946 0958", "GB-LND")),
    ],
)
def test_the_same_line_has_one_key(number: str, country: str | None) -> None:
    assert phone_key(number, country) == "+442079460958"


@pytest.mark.parametrize(
    ("number", "country"),
    [("020 7946 0958", None), ("020 7946 0958", "XX"), ("12", "GB"), ("none", "GB"), (None, "GB")],
)
def test_what_cannot_be_read_as_a_number_has_no_key(number: str | None, country: str | None) -> None:
    assert phone_key(number, country) is None


@pytest.mark.parametrize(
    "address",
    [
        *(
            "acme.co.uk",
            "ACME.co.uk",
            "www.acme.co.uk",
            "https://www.acme.co.uk/about?x=1#y",
            "acme.co.uk.",
            "acme.co.uk:443",
        ),
        *("http://user:secret@acme.co.uk/", "sales@acme.co.uk"),
    ],
)
def test_the_same_company_domain_has_one_key(address: str) -> None:
    assert domain_key(address) == "acme.co.uk"


@pytest.mark.parametrize("address", [None, "", "acme", "n/a", "gmail.com", "www.outlook.com", "http://", "1.2.3.4"])
def test_what_is_no_company_domain_has_no_key(address: str | None) -> None:
    assert domain_key(address) is None


@pytest.mark.parametrize(
    ("number", "key"),
    [
        *(
            ("01234567", "01234567"),
            ("sc 123-456", "SC123456"),
            ("HRB 12345 B", "HRB12345B"),
            ("n/a", None),
            ("", None),
        ),
        *((None, None), ("0000", None), ("\uff11\uff12", "12")),
    ],
)
def test_a_company_number_is_its_letters_and_digits(number: str | None, key: str | None) -> None:
    assert company_number_key(number) == key


def test_a_prospect_has_a_key_for_every_valid_contact() -> None:
    prospect = {
        "name": "Ann Lee",
        "email": "Ann@acme.com",
        "phone": "020 7946 0958",
        "company": {"name": "Acme", "domain": "www.acme.com", "number": "01234567"},
        "region": "GB-KEN",
    }
    assert contact_keys(prospect) == {
        ContactKind.EMAIL: "ann@acme.com",
        ContactKind.PHONE: "+442079460958",
        ContactKind.COMPANY_DOMAIN: "acme.com",
        ContactKind.COMPANY_NUMBER: "01234567",
    }


def test_national_numbers_are_read_in_the_prospects_country_else_the_buyers() -> None:
    assert contact_keys({"phone": "030 901820", "region": "DE"}, "GB") == {ContactKind.PHONE: "+4930901820"}
    assert contact_keys({"phone": "020 7946 0958"}, "GB") == {ContactKind.PHONE: "+442079460958"}
    assert contact_keys({"phone": "020 7946 0958", "region": "ZZ"}, "GB") == {ContactKind.PHONE: "+442079460958"}


@pytest.mark.parametrize("prospect", [{}, {"company": None, "email": None}, {"phone": "020 7946 0958", "region": "??"}])
def test_a_prospect_without_valid_contacts_has_no_keys(prospect: dict[str, object]) -> None:
    assert contact_keys(prospect) == {}


@pytest.mark.parametrize(
    ("region", "country"),
    [
        ("GB", "GB"),
        ("gb-ken", "GB"),
        ("GBR", "GB"),
        ("PRT", "PT"),
        ("ZZ", None),
        ("", None),
        (None, None),
        ("TMP", None),
    ],
)
def test_a_country_is_read_from_two_or_three_letters(region: str | None, country: str | None) -> None:
    assert country_of(region) == country


def test_a_single_contact_has_the_same_key_as_in_a_prospect() -> None:
    assert contact_key(ContactKind.EMAIL, "Ann@acme.com") == "ann@acme.com"
    assert contact_key(ContactKind.PHONE, "020 7946 0958", "GB") == "+442079460958"
    assert contact_key(ContactKind.COMPANY_DOMAIN, "www.acme.com") == "acme.com"
    assert contact_key(ContactKind.COMPANY_NUMBER, "sc 1") == "SC1"


def test_a_digest_needs_the_secret_and_keeps_kinds_apart() -> None:
    one = digest(b"secret", ContactKind.EMAIL, "ann@acme.com")
    assert len(one) == 64
    assert one == digest(b"secret", ContactKind.EMAIL, "ann@acme.com")
    assert one != digest(b"other", ContactKind.EMAIL, "ann@acme.com")
    assert one != digest(b"secret", ContactKind.COMPANY_DOMAIN, "ann@acme.com")


def test_a_look_alike_is_flagged_and_a_foreign_name_is_not() -> None:
    disguised = "\u0430nn@\u0430cme.com"  # Cyrillic a
    assert skeleton(disguised) == "ann@acme.com"
    assert is_disguised(disguised)
    assert not is_disguised("ann@acme.com")
    assert not is_disguised("jörg@münchen.de")
    assert not is_disguised("Анна")


@given(st.text())
def test_no_text_breaks_the_reading_of_contacts(text: str) -> None:
    prospect = {"email": text, "phone": text, "company": {"domain": text, "number": text}, "region": text}
    for key in contact_keys(prospect, "GB").values():
        assert key == key.strip()


@given(st.emails())
def test_the_key_of_a_key_is_itself(address: str) -> None:
    key = email_key(address)
    assert key is None or email_key(key) == key


def test_numbers_in_international_form_are_read_as_phonenumbers_reads_them() -> None:
    drawn = random.Random(7)
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        for length in range(3, 14):
            number = f"+{code}{''.join(drawn.choices('0123456789', k=length))}"
            assert phone_key(number, drawn.choice(["GB", "US", None])) == read_by_phonenumbers(number)


def read_by_phonenumbers(number: str) -> str | None:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number(parsed)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if possible else None
