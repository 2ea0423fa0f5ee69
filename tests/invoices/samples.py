"""Believable documents for tests: two parties, any number of lines, totals that agree."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from invoices.document import Address, Category, Correction, Document, Line, Party
from invoices.totals import tax_breakdown, totals
from invoices.words import legal_words

HEAD = "sha256:" + "9f2c" * 16
SUPPLIER = Party(
    slug="acme-calls",
    legal_name="Acme Calls Ltd",
    address=Address("4 Foundry Lane", None, "Leeds", "LS1 4AP", None, "GB"),
    vat_id="GB980780684",
    vat_registered=True,
    registration_number="07654321",
    iban="GB33BUKB20201555555555",
    bic="BUKBGB22",
    email="billing@acme-calls.example",
    time_zone="Europe/London",
)
BUYER = Party(
    slug="north-bank",
    legal_name="North Bank plc",
    address=Address("100 Quayside", "Floor 7", "Newcastle upon Tyne", "NE1 3DX", None, "GB"),
    vat_id="GB434031494",
    vat_registered=True,
    registration_number="01234567",
    email="ap@north-bank.example",
    time_zone="Europe/London",
)
LABELS = ("10 to 250 people", "decision maker", "budget agreed")


def make_lines(
    count: int, *, price: int = 18000, bonus: int = 2500, long_every: int = 9, tax: tuple[Category, int] = ("S", 2000)
) -> tuple[Line, ...]:
    """Appointments of October 2026: mostly attended, some with a bonus, some cut short or missed."""
    lines = []
    for number in range(1, count + 1):
        outcome, share = "attended", 10000
        if number % 11 == 0:
            outcome, share = "cut_short", 5000
        elif number % 7 == 0:
            outcome, share = "prospect_no_show", 3333
        worth = price + bonus if number % 3 == 0 else price
        reference = f"S-{1000 + number}"
        if long_every and number % long_every == 0:
            reference = f"north-bank/2026/10/campaign-linkedin-q4/lead-{number:05d}-rebooked"
        at = datetime(2026, 10, 1, 8, tzinfo=UTC) + timedelta(hours=(number * 37) % 740)
        confirmed = LABELS if number % 3 == 0 else LABELS[:2]
        amount = (worth * share * 2 + 10000) // 20000
        lines.append(
            Line(number, "appointment", reference, f"0199-{number}", at, outcome, confirmed, "uk-finance-review", 3,
                 worth, share, amount, *tax)
        )  # fmt: skip
    return tuple(lines)


def make_document(lines: Sequence[Line], **changes: Any) -> Document:
    """A self-billed invoice over these lines; `changes` are fields of the document, or what makes its totals."""
    exemption, prepaid = changes.pop("exemption", None), changes.pop("prepaid", 0)
    taxes = tax_breakdown([(line.tax_category, line.tax_rate, line.amount, exemption) for line in lines])
    kind, mode = changes.get("kind", "invoice"), changes.get("mode", "self_billed")
    supplier, buyer = changes.get("supplier", SUPPLIER), changes.get("buyer", BUYER)
    code = None if mode == "statement" else 261 if kind == "credit_note" else 389
    original = Correction("0199-original", "ACME-NORTH-000011", date(2026, 10, 1)) if kind == "credit_note" else None
    base = Document(
        id="019a3b1e-7c00-7000-8000-000000000012", number="ACME-NORTH-000012", kind=kind, mode=mode, type_code=code,
        period="2026-10", period_start=date(2026, 10, 1), period_end=date(2026, 10, 31), time_zone="Europe/London",
        issued_at=datetime(2026, 11, 1, 9, 30, tzinfo=UTC), due_on=date(2026, 12, 1), currency="GBP",
        supplier=supplier, buyer=buyer, totals=totals(taxes, prepaid=prepaid), taxes=taxes, corrects=original,
        words=legal_words(mode, kind, supplier, buyer, taxes), chain_head=HEAD,
    )  # fmt: skip
    return replace(base, **changes)
