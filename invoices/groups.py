"""What goes onto one document together, and who cannot be billed at the moment.

Owns the billing group (supplier, buyer, currency, mode, payment terms, category O or not), the parties as a document
freezes them, and the reasons that park a supplier. Decides nothing about amounts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, exists, func, select

from invoices.document import CATEGORIES, Address, Category, Party, TaxBreakdown
from invoices.lines import Charge
from invoices.totals import tax_breakdown
from ledger.domain.calendar import Period, deadline, local_date
from ledger.domain.terms import Agreement, BillingMode, Definition, SelfBilling, TaxCategory
from ledger.services.contracts import InForce
from ledger.store import tables as t


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation's row as a document freezes it, and whether it ever was another."""

    id: UUID
    party: Party
    has_changed: bool

    @property
    def zone(self) -> str:
        return self.party.time_zone


@dataclass(frozen=True, slots=True)
class Group:
    """Agreements whose charges share a document."""

    supplier_id: UUID
    buyer_id: UUID
    currency: str
    mode: BillingMode
    payment_days: int
    untaxed: bool
    agreements: tuple[InForce, ...]

    @property
    def parties(self) -> tuple[UUID, UUID]:
        return (self.supplier_id, self.buyer_id)

    @property
    def key(self) -> str:
        """What the database lets a period have once; the same for the same group in every run."""
        kind = "O" if self.untaxed else "VAT"
        return f"{self.supplier_id}:{self.buyer_id}:{self.currency}:{self.mode}:{self.payment_days}:{kind}"

    def accept_by(self, issued_at: datetime) -> datetime | None:
        """When silence accepts a document of the group: the longest window of its agreements; None for a statement."""
        return acceptance_deadline(
            self.mode, ((each.agreement, each.definition) for each in self.agreements), issued_at
        )

    def charges(self, period: Period) -> tuple[Charge, ...]:
        """What there is to charge for the period, which ends in each definition's own zone."""
        return tuple(
            Charge(self.supplier_id, terms.agreement_id, period.end(terms.definition.time_zone), terms.agreement.tax)
            for terms in self.agreements
        )

    def charges_until(self, cut: datetime) -> tuple[Charge, ...]:
        """What there is to charge before an instant."""
        return tuple(
            Charge(self.supplier_id, terms.agreement_id, cut, terms.agreement.tax) for terms in self.agreements
        )

    def tax_table(self, nets: Mapping[tuple[str, int], int]) -> tuple[TaxBreakdown, ...]:
        """The VAT of lines that sum to these nets by category and rate, with the agreed reasons of exemptions."""
        taxes = [terms.agreement.tax for terms in self.agreements]
        reasons = {(tax.category.value, tax.rate): tax.exemption for tax in taxes if tax.exemption}
        categories: dict[str, Category] = {category: category for category in CATEGORIES}
        return tax_breakdown(
            (categories[category], rate, net, reasons.get((category, rate))) for (category, rate), net in nets.items()
        )


def acceptance_deadline(
    mode: BillingMode, terms: Iterable[tuple[Agreement, Definition]], issued_at: datetime
) -> datetime | None:
    """The end of the longest acceptance window; windows are in the definition's zone and calendar."""
    if mode is not BillingMode.SELF_BILLED:
        return None
    return max(
        deadline(issued_at, agreement.billing.acceptance_window, definition.time_zone, definition.calendar)
        for agreement, definition in terms
    )


def group(agreements: Iterable[InForce]) -> list[Group]:
    """The groups in the order of their suppliers and buyers, so that two runs meet them in the same order."""
    found: dict[tuple[UUID, UUID, str, BillingMode, int, bool], list[InForce]] = {}
    for terms in agreements:
        agreement = terms.agreement
        key = (
            terms.supplier_id,
            terms.buyer_id,
            terms.definition.currency,
            agreement.billing.mode,
            agreement.payment_days,
            agreement.tax.category is TaxCategory.OUTSIDE,
        )
        found.setdefault(key, []).append(terms)
    return [
        Group(*key, tuple(sorted(members, key=lambda terms: terms.agreement_id)))
        for key, members in sorted(found.items(), key=lambda item: item[0])
    ]


def organisations(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Organisation]:
    rows = connection.execute(_ORGANISATIONS, {"ids": list(ids)})
    return {row.id: Organisation(row.id, _party(row), row.has_changed) for row in rows}


_ORGANISATIONS: Final = select(
    t.organisation,
    exists().where(t.organisation_change.c.organisation_id == t.organisation.c.id).label("has_changed"),
).where(t.organisation.c.id.in_(bindparam("ids", expanding=True)))


def _party(row: Row[Any]) -> Party:
    return Party(
        slug=row.slug,
        legal_name=row.legal_name,
        address=Address.from_json(row.address),
        vat_id=row.vat_id,
        vat_registered=row.vat_registered,
        tax_number=row.tax_number,
        registration_number=row.registration_number,
        iban=row.iban,
        bic=row.bic,
        email=row.email,
        time_zone=row.time_zone,
    )


def printed_party(party: Party, *, untaxed: bool) -> Party:
    """The party as it is printed: under category O neither side's VAT identifier is (BR-O-2)."""
    return replace(party, vat_id=None) if untaxed else party


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a supplier is parked: a stable code and words for a person."""

    code: str
    detail: str


def standing(
    connection: Connection, group: Group, now: datetime, known: Mapping[UUID, Organisation] | None = None
) -> tuple[Party, Party, tuple[Obstacle, ...]]:
    """Supplier, buyer, and everything that keeps the group from being billed now; nothing if it can be.

    `known` are organisations that this transaction has read, the group's among them.
    """
    parties = organisations(connection, group.parties) if known is None else known
    supplier, buyer = parties[group.supplier_id].party, parties[group.buyer_id].party
    found: dict[str, Obstacle] = {}
    for terms in group.agreements:
        found.update({reason.code: reason for reason in _obstacles(connection, terms, parties, now)})
    return supplier, buyer, tuple(found.values())


def obstacles(connection: Connection, terms: InForce, now: datetime) -> tuple[Obstacle, ...]:
    """What would keep one agreement from being billed now."""
    return tuple(_obstacles(connection, terms, organisations(connection, (terms.supplier_id, terms.buyer_id)), now))


def _obstacles(
    connection: Connection, terms: InForce, parties: Mapping[UUID, Organisation], now: datetime
) -> Iterator[Obstacle]:
    billing, tax = terms.agreement.billing, terms.agreement.tax
    supplier, buyer = parties[terms.supplier_id].party, parties[terms.buyer_id].party
    if billing.mode is BillingMode.SELF_BILLED:
        signed = _signed_for(connection, terms, parties[terms.supplier_id])
        yield from _self_billing(billing.self_billing, signed, supplier, local_date(now, buyer.time_zone))
        yield from _identifiers(tax.category, supplier, buyer)
    if tax.category is TaxCategory.EXEMPT and not (tax.exemption or "").strip():
        yield Obstacle("exemption_reason_missing", "category E needs the reason of its exemption")


def _signed_for(connection: Connection, terms: InForce, supplier: Organisation) -> str | None:
    """The VAT identifier that self-billing was agreed for: the one named, else what the supplier had when he signed.

    Where he had to have one and signed with neither it nor a tax number, the first that he gives completes it.
    """
    agreed, change, acceptance = terms.agreement.billing.self_billing, t.organisation_change.c, t.acceptance.c
    if agreed is not None and agreed.supplier_vat_id is not None:
        return agreed.supplier_vat_id
    if not supplier.has_changed:
        return supplier.party.vat_id
    signed = select(func.min(acceptance.recorded_at)).where(
        acceptance.agreement_id == terms.agreement_id,
        acceptance.agreement_version == terms.version,
        acceptance.party == "supplier",
    )
    later = change.recorded_at > signed.scalar_subquery()
    query = select(change.before).where(change.organisation_id == terms.supplier_id, later).order_by(change.version)
    before = connection.execute(query).scalars().all()
    if not before:
        return supplier.party.vat_id
    held, needed = before[0], terms.agreement.tax.category is not TaxCategory.OUTSIDE
    if needed and not (_plain(held["vat_id"]) or _plain(held["tax_number"])):
        return next((each["vat_id"] for each in before if each["vat_id"]), supplier.party.vat_id)
    return cast(str | None, held["vat_id"])


def _self_billing(agreed: SelfBilling | None, signed: str | None, supplier: Party, today: date) -> Iterator[Obstacle]:
    if agreed is None:
        yield Obstacle("self_billing_missing", "there is no self-billing agreement")
        return
    if today < agreed.start:
        yield Obstacle("self_billing_not_started", f"the self-billing agreement starts on {agreed.start}")
    if agreed.until is not None and today > agreed.until:
        yield Obstacle("self_billing_ended", f"the self-billing agreement ended on {agreed.until}")
    if _plain(supplier.vat_id) != _plain(signed):
        held = supplier.vat_id or "none"
        yield Obstacle(
            "vat_id_changed",
            f"self-billing was agreed for the VAT identifier {signed or 'none'}, the supplier's is {held}",
        )


def _identifiers(category: TaxCategory, supplier: Party, buyer: Party) -> Iterator[Obstacle]:
    if category is TaxCategory.OUTSIDE:
        return
    if not (_plain(supplier.vat_id) or _plain(supplier.tax_number)):
        yield Obstacle("supplier_tax_id_missing", f"category {category} needs the supplier's VAT or tax number")
    if category is TaxCategory.REVERSE_CHARGE and not (_plain(buyer.vat_id) or _plain(buyer.registration_number)):
        yield Obstacle("buyer_id_missing", "category AE needs the buyer's VAT or registration number")


def _plain(identifier: str | None) -> str:
    """An identifier without blanks and case, in which people write it differently."""
    return "".join((identifier or "").split()).upper()
