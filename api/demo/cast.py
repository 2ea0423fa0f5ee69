"""Who plays in the demonstration: organisations, people and prospects, none of whom exist.

Owns addresses under `example`, telephone numbers that regulators keep for films (Ofcom's 020 7946, 030 23125 in
Berlin), and identifiers that are right by checksum and belong to nobody.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

BUYERS = ("north-bank", "sonnenwerk")
SUPPLIERS = ("acme-calls", "beta-leads", "rheinruf", "solarkontakt")


def _organisation(slug: str, kind: str, name: str, address: dict[str, str], zone: str, **more: Any) -> dict[str, Any]:
    whole = {"line1": None, "line2": None, "city": None, "postcode": None, "region": None, **address}
    identifiers = {"vat_id": None, "tax_number": None, "registration_number": None, "iban": None, "bic": None, **more}
    return {
        "slug": slug,
        "kind": kind,
        "legal_name": name,
        "address": whole,
        "vat_registered": identifiers["vat_id"] is not None,
        "time_zone": zone,
        "email": f"accounts@{slug}.example",
        **identifiers,
    }


def organisations() -> list[dict[str, Any]]:
    """Columns of all six, complete enough for an invoice."""
    london = {"city": "London", "country": "GB"}
    return [
        _organisation(
            *("north-bank", "buyer", "North Bank plc"),
            {"line1": "1 Example Square", "postcode": "EC1A 1BB", **london},
            "Europe/London",
            vat_id="GB999999973",
            registration_number="00000001",
            iban="GB82WEST12345698765432",
            bic="WESTGB2L",
        ),
        _organisation(
            *("sonnenwerk", "buyer", "Sonnenwerk Energie GmbH"),
            {"line1": "Musterstraße 12", "city": "Berlin", "postcode": "10115", "country": "DE"},
            "Europe/Berlin",
            vat_id="DE999988809",
            registration_number="HRB 000001",
            iban="DE89370400440532013000",
            bic="EXMPDEFF",
        ),
        _organisation(
            *("acme-calls", "supplier", "Acme Calls Ltd"),
            {"line1": "2 Sample Lane", "city": "Leeds", "postcode": "LS1 1AA", "country": "GB"},
            "Europe/London",
            vat_id="GB999888734",
            registration_number="00000002",
            iban="GB33BUKB20201555555555",
            bic="EXMPGB2L",
        ),
        _organisation(
            *("beta-leads", "supplier", "Beta Leads Ltd"),
            {"line1": "3 Specimen Road", "city": "Bristol", "postcode": "BS1 1AA", "country": "GB"},
            "Europe/London",
            vat_id="GB999777606",
            registration_number="00000003",
            iban="GB94BARC10201530093459",
            bic="EXMPGB2L",
        ),
        _organisation(
            *("rheinruf", "supplier", "Rheinruf Vertrieb GmbH"),
            {"line1": "Beispielallee 3", "city": "Köln", "postcode": "50667", "country": "DE"},
            "Europe/Berlin",
            vat_id="DE999887706",
            registration_number="HRB 000002",
            iban="DE02120300000000202051",
            bic="EXMPDEFF",
        ),
        _organisation(
            *("solarkontakt", "supplier", "Solarkontakt, Inhaberin Mara Muster"),
            {"line1": "Probeweg 7", "city": "Potsdam", "postcode": "14467", "country": "DE"},
            "Europe/Berlin",
            tax_number="000/000/00000",
            iban="DE75512108001245126199",
            bic="EXMPDEFF",
        ),
    ]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who logs in."""

    email: str
    name: str
    role: str
    organisation: str | None


def people() -> list[Person]:
    return [
        Person("admin@operator.example", "Ada Admin", "admin", None),
        Person("finance@operator.example", "Finn Finance", "finance", None),
        Person("finance2@operator.example", "Fay Finance", "finance", None),
        Person("arbiter@operator.example", "Ari Arbiter", "arbiter", None),
        Person("reviews@north-bank.example", "Nora Reviewer", "buyer", "north-bank"),
        Person("beratung@sonnenwerk.example", "Sven Berater", "buyer", "sonnenwerk"),
        Person("desk@acme-calls.example", "Alex Caller", "supplier", "acme-calls"),
        Person("desk@beta-leads.example", "Bo Leader", "supplier", "beta-leads"),
        Person("team@rheinruf.example", "Rike Rufer", "supplier", "rheinruf"),
        Person("mara@solarkontakt.example", "Mara Muster", "supplier", "solarkontakt"),
    ]


FIRST = {
    "GB": "Amara Ben Chloe Dev Ellie Farah George Hana Imran Jo Kit Lena Maya Noah Olive Priya Rhys Sara Tom Zoe",
    "DE": "Anna Bernd Carla Dirk Eva Felix Greta Hannes Ida Jonas Karin Lars Mia Nils Olga Paul Rosa Svea Timo Uta",
}
LAST = {
    "GB": "Ashgrove Brackley Coldwell Dunmore Elmsworth Farleigh Grimshawe Hartwick Inglewood Kestrel Larkham Mossley "
    "Northcote Okafor Penhallow Quillby Ravenscar Stonebridge Thistlewood Wexcombe",
    "DE": "Ahornfeld Birkenau Distelkamp Eichgrund Fliedner Ginsterberg Haselbach Immergrün Kornblum Lindenau "
    "Mohnfeld Nussdorf Quittenbaum Rosenthal Sanddorn Tannhof Ulmenried Vogelsang Weidengrund Zedernholz",
}
KINDS = ("Logistics", "Engineering", "Foods", "Textiles", "Dental", "Brewing", "Joinery", "Software")


def prospect(random: Random, country: str, number: int) -> dict[str, Any]:
    """Somebody with a number and an address of their own."""
    first = random.choice(FIRST[country].split())
    last = random.choice(LAST[country].split())
    plain = last.lower().replace("ü", "ue").replace("ö", "oe")
    if country == "DE":
        phone, company, domain, regions = f"+493023125{number:03d}", None, "post.example", ("DE-BE", "DE-BB", "DE-NW")
    else:
        kind = random.choice(KINDS)
        phone, company = f"+442079460{number:03d}", f"{last} {kind} Ltd"
        domain, regions = f"{plain}-{kind.lower()}-{number}.example", ("GB-LND", "GB-KEN", "GB-LDS")
    return {
        "name": f"{first} {last}",
        "email": f"{first.lower()}.{plain}.{number}@{domain}",
        "phone": phone,
        "company": (company, None if company is None else domain),
        "region": random.choice(regions),
    }
