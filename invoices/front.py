"""The first page: what a controller looks for, as text ready to print.

Owns which fact stands where and how it is worded; every value is already cleaned and formatted here, the template
only places it. Refuses to calculate: sums come from the document, groups from `totals`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from invoices import display, grid, words
from invoices.brand import LOGO_ROOM
from invoices.document import Document, Line, Party
from invoices.grid import Grid, GridColumn, GridRow
from invoices.languages import tongue
from invoices.text import clean
from invoices.totals import PriceGroup, summarise
from invoices.typeface import Face

_SMALL_SIZE: Final = 8.0
_GAP: Final = 9.0
_SLACK: Final = 0.6
_GUTTER: Final = 20.0
"""Between the left and the right half of the page."""
_FIGURE_PADDING: Final = 20.0
_FIGURE_SIZES: Final = (14.0, 12.5, 11.0, 9.5, 8.0, 7.0)
_HEADING_SIZES: Final = (24.0, 22.0, 20.0, 18.0)
_LONGEST_NAME: Final = 90
"""Characters of a legal name in the running head; the whole name stands on the first page."""
_EMBEDDED: Final = "Embedded in this file: {names} (EN 16931), the same document for machines."
_KEEP_IT: Final = (
    "Keep it: the ledger is a chain of hashes, and “appointment-ledger verify” recomputes it from its first entry to "
    "this head. Had anything before this document been rewritten, it would not be found."
)


class Front:
    """The template's `page`: attributes are texts, or sequences of them, in the order they are printed."""

    def __init__(
        self,
        document: Document,
        lines: Sequence[Line],
        regular: Face,
        semibold: Face,
        embedded: Sequence[str],
    ) -> None:
        self._document, self._face, self._semibold = document, regular, semibold
        self.tongue = tongue(document.language)
        self.brand, self._width = document.brand, document.brand.sheet.room
        self.logo_box = None if self.brand.logo is None else self.brand.logo.box(*LOGO_ROOM)
        self.footer = [clean(line) for line in document.brand.footer]
        self._locale = self.tongue.locale
        self.lang = self._locale.replace("_", "-")
        self.heading = self.tongue(words.heading(document))
        self.heading_size = self._fitting_size(self.heading, _HEADING_SIZES, self._width / 2 - _GUTTER)
        self.number = clean(document.number)
        self.title = f"{self.heading} {self.number}"
        self.author = clean(_issuer(document).legal_name)
        names = [clean(party.legal_name) for party in (document.supplier, document.buyer)]
        self.subject = self.tongue(
            "{supplier} to {buyer}, {period}", supplier=names[0], buyer=names[1], period=document.period
        )
        self.issued_at = document.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.parties = running_parties(document)
        self.page_words = self.tongue("Page {place} of {count}", place="|", count="").replace(" ", "").split("|")
        self.facts = self._facts()
        taxed = all(tax.category != "O" for tax in document.taxes)  # category O names no VAT identifier (BR-O-02)
        self.blocks = [
            self._block("Supplier", document.supplier, with_vat_id=taxed),
            self._block(self._buyer_role(), document.buyer, with_vat_id=taxed),
        ]
        self.figures = self._figures()
        self.figure_size, self.figure_widths = self._band()
        self.summary_title = self.tongue("Summary of {lines}", lines=self.tongue.lines(len(lines)))
        self.summary = self._summary(summarise(lines), len(lines))
        self.vat = self._vat()
        self.sums = self._sums()
        self.payment_title, self.payment = self._payment()
        self.words = [clean(self.tongue.legal(word)) for word in document.words if word != words.heading(document)]
        self.small_print = self._small_print(embedded)

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The tables, in the order in which they are printed."""
        return (self.summary, self.vat, self.sums)

    def _money(self, minor: int) -> str:
        return display.money(minor, self._document.currency, self._locale)

    def _amount(self, minor: int) -> str:
        return display.amount(minor, self._document.currency, self._locale)

    def _facts(self) -> list[tuple[str, str]]:
        document = self._document
        zone = ZoneInfo(document.time_zone)
        facts = [
            (self.tongue("Issued"), display.day(document.issued_at.astimezone(zone).date(), self._locale)),
            (self.tongue("Period"), display.period(document.period_start, document.period_end, self._locale)),
        ]
        for label, other in (("Corrects", document.corrects), ("Replaces", document.replaces)):
            if other is not None:
                day, number = display.day(other.issued_on, self._locale), clean(other.number)
                facts.append((self.tongue(label), self.tongue("{number} of {day}", number=number, day=day)))
        return [*facts, (self.tongue("Currency"), document.currency)]

    def _buyer_role(self) -> str:
        return "Buyer, who issues this document" if self._document.mode == "self_billed" else "Buyer"

    def _figures(self) -> list[dict[str, str]]:
        document, sums, say = self._document, self._document.totals, self.tongue
        total_hint = (
            say("deposit drawn {amount}", amount=self._money(-sums.prepaid)) if sums.prepaid else say("with VAT")
        )
        if document.kind == "credit_note":
            due = (say("Credited"), self._money(sums.due), say("taken off what is owed"))
        elif document.due_on is None:
            due = (say("To pay"), self._money(sums.due), say("no due date"))
        else:
            due = (
                say("Due"),
                display.day(document.due_on, self._locale),
                say("{amount} to pay", amount=self._money(sums.due)),
            )
        figures = (
            (say("Net"), self._money(sums.net), say("without VAT")),
            (say("VAT"), self._money(sums.tax), self._rate()),
            (say("Total"), self._money(sums.gross), total_hint),
            due,
        )
        return [{"label": label, "value": value, "hint": hint} for label, value, hint in figures]

    def _rate(self) -> str:
        """The one rate there is, or why there is none."""
        if len(self._document.taxes) != 1:
            return self.tongue("several rates")
        (tax,) = self._document.taxes
        if tax.rate:
            return display.percent(tax.rate, self._locale)
        named = self.tongue(words.CATEGORY_NAMES[tax.category])
        return named[0].lower() + named[1:] if self.tongue.language != "de" else named

    def _band(self) -> tuple[float, list[float]]:
        """The largest size at which all four figures stand on one line, and the widths that make it so."""
        values = [(figure["value"], figure["hint"]) for figure in self.figures]

        def widths(size: float) -> list[float]:
            return [
                max(self._semibold.points(value, size), self._face.points(hint, _SMALL_SIZE)) * 1.02 + _FIGURE_PADDING
                for value, hint in values
            ]

        size = next((size for size in _FIGURE_SIZES if sum(widths(size)) <= self._width), _FIGURE_SIZES[-1])
        needs = widths(size)
        spare = (self._width - sum(needs)) / len(needs)
        even = self._width / len(needs)
        return size, [round(even if max(needs) <= even else need + spare, 2) for need in needs]

    def _fitting_size(self, text: str, sizes: Sequence[float], room: float) -> float:
        """The first of the sizes at which a heading fits; bold runs some 5 % wider than the semibold measured here."""
        return next((size for size in sizes if self._semibold.points(text, size) * 1.05 <= room), sizes[-1])

    def _summary(self, groups: Sequence[PriceGroup], count: int) -> Grid:
        everywhere = _confirmed_everywhere(groups)
        rows = [self._group(group, everywhere) for group in groups]
        net = self._amount(self._document.totals.net)
        lines = display.count(count, self._locale)
        rows.append(GridRow((lines, self.tongue("Total without VAT"), "", "", "", net), strong=True))
        heads = (
            *map(self.tongue, ("Count", "What", "Price", "Share", "Each")),
            self.tongue("Amount, {currency}", currency=self._document.currency),
        )
        return self._grid("summary", heads, rows, self._width, flexible=1)

    def _group(self, group: PriceGroup, everywhere: set[str]) -> GridRow:
        """One row; of what was confirmed it names what sets the group apart."""
        kind, outcome = words.kind_and_outcome(group.kind, group.outcome, self.tongue)
        priced = group.kind != "shortfall"
        detail = clean(", ".join(label for label in group.confirmed if label not in everywhere))
        return GridRow(
            (
                display.count(group.count, self._locale),
                " · ".join(part for part in (kind, outcome) if part) or self.tongue("Appointments"),
                self._amount(group.price) if priced else "",
                display.percent(group.share, self._locale) if priced else "",
                self.tongue("various") if group.unit is None else self._amount(group.unit),
                self._amount(group.amount),
            ),
            detail=f" · {detail}" if detail else "",
        )

    def _vat(self) -> Grid:
        rows = [
            GridRow((
                f"{self.tongue(words.CATEGORY_NAMES[tax.category])} ({tax.category})",
                "" if tax.category == "O" else display.percent(tax.rate, self._locale),
                self._amount(tax.net),
                self._amount(tax.tax),
            ))
            for tax in self._document.taxes
        ]  # fmt: skip
        heads = tuple(map(self.tongue, ("Category", "Rate", "Net", "VAT")))
        return self._grid("vat", heads, rows, self._width / 2 - _GUTTER, flexible=0)

    def _sums(self) -> Grid:
        document, sums, say = self._document, self._document.totals, self.tongue
        rows = [GridRow((say("Without VAT"), self._amount(sums.net))), GridRow((say("VAT"), self._amount(sums.tax)))]
        if sums.prepaid:
            rows.append(GridRow((say("With VAT"), self._amount(sums.gross))))
            rows.append(GridRow((say("Deposit drawn"), self._amount(-sums.prepaid))))
        label = say(
            "Credited, {currency}" if document.kind == "credit_note" else "To pay, {currency}",
            currency=document.currency,
        )
        rows.append(GridRow((label, self._amount(sums.due)), strong=True))
        return self._grid("sums", ("", ""), rows, self._width / 2, flexible=0)

    def _grid(self, name: str, heads: Sequence[str], rows: Sequence[GridRow], width: float, *, flexible: int) -> Grid:
        """Numbers get the room they need, one column the rest."""
        needs = [
            max(self._face.points(head, grid.HEAD_SIZE), *(self._points(row, at) for row in rows))
            for at, head in enumerate(heads)
        ]
        needs = [need + _SLACK + (_GAP if at else 0.0) for at, need in enumerate(needs)]
        needs[flexible] = 0.0
        needs[flexible] = width - sum(needs)
        columns = [
            GridColumn(head, round(need, 2), right=at != flexible, gap=0.0 if at == 0 else _GAP)
            for at, (head, need) in enumerate(zip(heads, needs, strict=True))
        ]
        return Grid(name, tuple(columns), tuple(rows))

    def _points(self, row: GridRow, at: int) -> float:
        return (self._semibold if row.strong else self._face).points(row.cells[at], grid.SIZE)

    def _payment(self) -> tuple[str, list[str]]:
        document, supplier, say = self._document, self._document.supplier, self.tongue
        if document.kind == "credit_note":
            return say("Settlement"), [say(words.NOTHING_TO_PAY)]
        owed = {"amount": self._money(document.totals.due), "name": clean(supplier.legal_name)}
        if document.due_on is None:
            order = say("{amount}, to {name}", **owed)
        else:
            order = say("{amount} by {day}, to {name}", day=display.day(document.due_on, self._locale), **owed)
        lines = [say("Against your own invoice: {sentence}", sentence=order) if document.mode == "statement" else order]
        if supplier.iban:
            lines.append(f"IBAN {display.iban(supplier.iban)}")
        if supplier.bic:
            lines.append(f"BIC {clean(supplier.bic)}")
        if not supplier.iban:
            lines.append(say("Bank details as agreed between the parties"))
        return say("Payment"), [*lines, say("Reference {number}", number=self.number)]

    def _block(self, role: str, party: Party, *, with_vat_id: bool) -> dict[str, Any]:
        identifiers = (
            ("VAT number", party.vat_id if with_vat_id else None),
            ("Tax number", party.tax_number),
            ("Registration", party.registration_number),
        )
        told = [f"{self.tongue(label)} {clean(value)}" for label, value in identifiers if clean(value)]
        return {
            "role": self.tongue(role),
            "name": clean(party.legal_name) or party.slug,
            "address": display.address(party.address, self._locale),
            "identifiers": told or [self.tongue("Known here as {slug}", slug=clean(party.slug))],
        }

    def _small_print(self, embedded: Sequence[str]) -> list[str]:
        document, lines, say = self._document, list[str](), self.tongue
        obstacle = words.e_invoice_obstacle(document)
        if embedded:
            lines.append(say(_EMBEDDED, names=", ".join(embedded)))
        elif obstacle:
            lines.append(say("No e-invoice embedded: {why}.", why=obstacle))
        if document.chain_head:
            lines.append(say("Ledger head when issued: {head}", head=clean(document.chain_head)))
            lines.append(say(_KEEP_IT))
        return lines


def running_parties(document: Document) -> str:
    """Both names for the running head, shortened where they are very long."""
    return " → ".join(_shortened(party.legal_name) for party in (document.supplier, document.buyer))


def _shortened(name: str) -> str:
    plain = clean(name)
    return plain if len(plain) <= _LONGEST_NAME else plain[: _LONGEST_NAME - 1] + "…"


def _confirmed_everywhere(groups: Iterable[PriceGroup]) -> set[str]:
    """What every group of appointments has confirmed tells none of them apart."""
    confirmed = [set(group.confirmed) for group in groups if group.kind in ("appointment", "credit")]
    return set.intersection(*confirmed) if confirmed else set()


def _issuer(document: Document) -> Party:
    return document.buyer
