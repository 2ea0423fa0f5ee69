"""One spelling for every contact, so that the same prospect is known again.

Owns how e-mail addresses, telephone numbers, company domains and company numbers become keys, and their keyed
digests. What cannot be read gives no key and refuses nothing: an unknown country or a blank is no duplicate of
another. The table of look-alike letters is small on purpose (Cyrillic and Greek twins of Latin); it only flags.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from holidays.registry import COUNTRIES

from ledger.domain.terms import ContactKind

_PLAIN_DOMAIN: Final = re.compile(r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_PLAIN_LOCAL: Final = re.compile(r"[a-z0-9_-]+(?:[.+][a-z0-9_-]+)*")
"""Spellings that the validator takes as they are; the rest of the world goes through it."""
_INTERNATIONAL: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST_CODE: Final = 3
_A_DIGIT: Final = re.compile("[1-9]")
_LONGEST: Final = 254
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})
_MAILBOX_PROVIDERS: Final = _GMAIL | {
    *("aol.com", "gmx.de", "gmx.net", "hotmail.com", "icloud.com", "live.com"),
    *("outlook.com", "proton.me", "protonmail.com", "web.de", "yahoo.com"),
}
"""Where anybody has an address: no company's domain, so no key."""
_LOOK_ALIKES: Final = str.maketrans(
    "\u0430\u0441\u0501\u0435\u04bb\u0456\u0458\u04cf\u043e\u0440\u051b\u0455\u0443\u051d\u0445"
    "\u0261\u0131\u03bf\u03c1\u03bd\u03b9\u03b1\u03ba\u03c7\u0251\u2010\u2011",
    "acdehijlopqsywxgiopviakxa--",
)


def contact_keys(prospect: Mapping[str, Any], default_country: str | None = None) -> dict[ContactKind, str]:
    """The keys of a prospect as the API shows it: `email`, `phone`, `company.domain`, `company.number`, `region`.

    National telephone numbers are read in the prospect's country, else in `default_country`. Only what is valid
    gets a key.
    """
    company = prospect.get("company")
    parts: Mapping[str, Any] = company if isinstance(company, Mapping) else {}
    country = country_of(prospect.get("region")) or country_of(default_country)
    found = {
        ContactKind.EMAIL: email_key(prospect.get("email")),
        ContactKind.PHONE: phone_key(prospect.get("phone"), country),
        ContactKind.COMPANY_DOMAIN: domain_key(parts.get("domain")),
        ContactKind.COMPANY_NUMBER: company_number_key(parts.get("number")),
    }
    return {kind: key for kind, key in found.items() if key is not None}


def contact_key(kind: ContactKind, value: str | None, country: str | None = None) -> str | None:
    """The key of a single contact, or None if it has none."""
    if kind is ContactKind.PHONE:
        return phone_key(value, country)
    if kind is ContactKind.EMAIL:
        return email_key(value)
    return domain_key(value) if kind is ContactKind.COMPANY_DOMAIN else company_number_key(value)


def digest(secret: bytes, kind: ContactKind, value: str) -> str:
    """HMAC-SHA256 over the hash of a key, in hex. Equal texts of two kinds stay apart, for the kind is part of it."""
    return digest_of_hash(secret, kind, hashlib.sha256(value.encode()).hexdigest())


def digest_of_hash(secret: bytes, kind: ContactKind, hashed: str) -> str:
    """The same digest from the SHA-256 of a key in lower-case hex, for whoever would rather not tell the contact."""
    return hmac.digest(secret, f"{kind.value}:{hashed}".encode(), "sha256").hex()


def email_key(address: str | None) -> str | None:
    """Folded to one case and form, without its plus-tag, the domain in ASCII; Gmail ignores dots, and so do we."""
    local, at, domain = unicodedata.normalize("NFKC", address or "").strip().casefold().rpartition("@")
    if not at:
        return None
    if not is_plain_address(local, domain):
        read = _validated(f"{local}@{domain}")
        if read is None:
            return None
        local, domain = read
    local = local.split("+", 1)[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{domain}"


def phone_key(number: str | None, country: str | None = None) -> str | None:
    """E.164. National numbers need a country (ISO 3166, two or three letters); extensions are left out.

    A number need only be possible, not assigned: the same impossible claim twice is still the same claim.
    """
    if not number or not number.strip():
        return None
    if _is_as_dialled(number):
        return number
    try:
        parsed = phonenumbers.parse(number, country_of(country))
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def domain_key(address: str | None) -> str | None:
    """The host of a company's web address, without `www.`; a public mailbox provider's is no company's."""
    host = unicodedata.normalize("NFKC", address or "").strip().casefold()
    if _is_plain_domain(host) and not host.startswith("www."):
        return None if host in _MAILBOX_PROVIDERS else host
    host = re.split(r"[/?#]", re.sub(r"^[a-z][a-z0-9+.-]*://", "", host), maxsplit=1)[0]
    host = re.sub(r":[0-9]*$", "", host.rpartition("@")[2]).rstrip(".").removeprefix("www.")
    if not _is_plain_domain(host):
        read = _validated(f"a@{host}")
        if read is None or "." not in read[1] or read[1].rpartition(".")[2].isdigit():
            return None
        host = read[1]
    return None if host in _MAILBOX_PROVIDERS else host


def company_number_key(number: str | None) -> str | None:
    """Letters and digits in upper case, leading zeros kept. One without a digit ("none", "n/a") is no number."""
    plain = unicodedata.normalize("NFKC", number or "").upper()
    if not (plain.isascii() and plain.isalnum()):
        plain = "".join(character for character in plain if character.isascii() and character.isalnum())
    return plain if _A_DIGIT.search(plain) else None


def country_of(region: str | None) -> str | None:
    """The two-letter country of an ISO 3166 code: GB for "GB", "GB-KEN" and "GBR"; None for what is no country."""
    if not region:
        return None
    return _countries().get(region.strip().upper().partition("-")[0])


def skeleton(text: str) -> str:
    """The text as it looks: compatibility forms folded and look-alikes replaced by their Latin twins."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_LOOK_ALIKES)


def is_disguised(text: str) -> bool:
    """Whether a text that is not ASCII looks as if it were. A flag for people: it never refuses anything."""
    return not text.isascii() and skeleton(text).isascii()


def is_plain_address(local: str, domain: str) -> bool:
    """Whether an address is spelled as validators leave it. Some domains of this form are reserved all the same."""
    return len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local) is not None and _is_plain_domain(domain)


def _is_plain_domain(domain: str) -> bool:
    return len(domain) <= _LONGEST - 65 and _PLAIN_DOMAIN.fullmatch(domain) is not None


def _is_as_dialled(number: str) -> bool:
    """Whether a number is in international form already and `phonenumbers` would leave it so: its length is one that
    its country has, and it does not begin as a prefix of that country does, which would be taken off."""
    if not _INTERNATIONAL.fullmatch(number):
        return False
    for end in range(2, 2 + _LONGEST_CODE):
        rules = _dialling_rules(number[1:end])
        if rules is not None:
            prefix, lengths = rules
            return len(number) - end in lengths and (prefix is None or not prefix.match(number, end))
    return False


@lru_cache(maxsize=1024)
def _dialling_rules(code: str) -> tuple[re.Pattern[str] | None, frozenset[int]] | None:
    """The prefixes that a national number may have under a country's calling code, and how long it can be; None for
    what is no code."""
    number = int(code)
    if number not in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        return None
    region = phonenumbers.region_code_for_country_code(number)
    rules = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(number, region)
    assert rules is not None and rules.general_desc is not None, "every calling code has its rules"
    prefix, general = rules.national_prefix_for_parsing, rules.general_desc
    lengths = frozenset((*general.possible_length, *general.possible_length_local_only))
    return (re.compile(prefix) if prefix else None), lengths


def _validated(address: str) -> tuple[str, str] | None:
    """Local part and ASCII domain. Reserved names such as example.test are somebody's key too: hence not global."""
    try:
        read = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    return read.local_part, read.ascii_domain.lower()


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Two and three letters to two, from what two libraries know between them."""
    known = {code: code for code in phonenumbers.SUPPORTED_REGIONS}
    for _, alpha_2, *aliases in COUNTRIES.values():
        known.update({code: alpha_2 for code in (alpha_2, *aliases) if len(code) <= 3})
    return known
