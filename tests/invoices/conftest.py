"""Documents rendered once for all tests that look at them, and ways to look."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from invoices.document import Address, Document, Line
from invoices.printing import print_document
from tests.invoices.paper import Paper
from tests.invoices.samples import BUYER, SUPPLIER, make_document, make_lines

LONG_NAME = "Gesellschaft für Terminvereinbarung und Vertriebsunterstützung mbH & Co. KG Nord"
LONG_REFERENCE = "north-bank-uk-2026-10-linkedin-campaign-q4-lead-{:06d}-abcde"


def _short() -> tuple[Document, Sequence[Line]]:
    lines = make_lines(40)
    return make_document(lines, prepaid=50000), lines


def _long_annex() -> tuple[Document, Sequence[Line]]:
    lines = make_lines(300)
    return make_document(lines), lines


def _laid_out() -> tuple[Document, Sequence[Line]]:
    """The same kind of annex, but with words that need shaping: the engine lays it out."""
    supplier = replace(SUPPLIER, legal_name="شركة المواعيد المحدودة")
    odd = {1: "客戶規模", 2: "Πελάτης", 3: "Клиент"}
    lines = tuple(
        replace(line, confirmed=(odd[line.number % 5],)) if line.number % 5 in odd else line
        for line in make_lines(70, tax=("AE", 0))
    )
    return make_document(lines, supplier=supplier), lines


def _long_names() -> tuple[Document, Sequence[Line]]:
    address = Address("Straße des Siebzehnten Juni 135, Hinterhaus, Aufgang C", None, "Berlin", "10623", None, "DE")
    supplier = replace(SUPPLIER, legal_name=LONG_NAME, address=address, vat_id="DE136695976")
    lines = tuple(replace(line, reference=LONG_REFERENCE.format(line.number)) for line in make_lines(30))
    buyer = replace(BUYER, legal_name=LONG_NAME)
    return make_document(lines, supplier=supplier, buyer=buyer, kind="credit_note", currency="EUR"), lines


def _huge_amounts() -> tuple[Document, Sequence[Line]]:
    lines = make_lines(12, price=987_654_321_098, bonus=1, tax=("Z", 0))
    return make_document(lines, currency="KWD"), lines


def _adjusted() -> tuple[Document, Sequence[Line]]:
    """A statement in yen with a negative adjustment and a monthly minimum."""
    lines = (
        *make_lines(3, tax=("S", 1000)),
        Line(
            4,
            "adjustment",
            "S-0900",
            "0199-900",
            None,
            "attended",
            (),
            "uk-finance-review",
            2,
            18000,
            5000,
            -9000,
            "S",
            1000,
        ),
        Line(5, "shortfall", None, None, None, None, (), "uk-finance-review", 3, 46500, 10000, 46500, "S", 1000),
    )
    return make_document(lines, currency="JPY", mode="statement", kind="statement"), lines


def _many_prices() -> tuple[Document, Sequence[Line]]:
    """More price groups than the first page holds."""
    lines = tuple(
        replace(line, outcome="attended", share=10000, price=18000 + line.number, amount=18000 + line.number)
        for line in make_lines(45)
    )
    return make_document(lines), lines


_SAMPLES = {
    "many prices": _many_prices,
    "short": _short,
    "long annex": _long_annex,
    "laid out": _laid_out,
    "long names": _long_names,
    "huge amounts": _huge_amounts,
    "adjusted": _adjusted,
}


@pytest.fixture(scope="session")
def papers() -> dict[str, Paper]:
    """Every sample, rendered once."""
    made = {}
    for name, sample in _SAMPLES.items():
        document, lines = sample()
        made[name] = Paper(document, lines, print_document(document, lines).pdf)
    return made


@pytest.fixture(params=list(_SAMPLES))
def paper(request: pytest.FixtureRequest, papers: dict[str, Paper]) -> Paper:
    return papers[request.param]
