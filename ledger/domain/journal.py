"""The chart of accounts and every posting the ledger knows, as one table.

Owns `Transfer` and `Posting` (frozen values) and the functions that make the postings of the rulebook,
section 5. Refuses amounts that are not positive; a posting is balanced because each transfer is.
"""

from dataclasses import dataclass
from enum import StrEnum


class AccountKind(StrEnum):
    COST = "cost"
    ACCRUED = "accrued"
    HELD = "held"
    VAT = "vat"
    PAYABLE = "payable"
    SETTLEMENT = "settlement"
    DEPOSIT = "deposit"


class EntryKind(StrEnum):
    ACCRUAL = "accrual"
    HOLD = "hold"
    RELEASE = "release"
    REVERSAL = "reversal"
    REDUCTION = "reduction"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    PAYMENT_RETURNED = "payment_returned"
    DEPOSIT = "deposit"
    DEPOSIT_DRAWN = "deposit_drawn"


class AccrualKind(StrEnum):
    OUTCOME = "outcome"
    SHORTFALL = "shortfall"
    RELEASED = "released"
    CREDIT = "credit"
    REISSUED = "reissued"


class AccrualState(StrEnum):
    """`open` may be invoiced, `held` is disputed, `closed` was split, reduced or reversed before any document."""

    OPEN = "open"
    HELD = "held"
    CLOSED = "closed"


CHART: dict[EntryKind, tuple[tuple[AccountKind, AccountKind], ...]] = {
    EntryKind.ACCRUAL: ((AccountKind.COST, AccountKind.ACCRUED),),
    EntryKind.HOLD: ((AccountKind.ACCRUED, AccountKind.HELD),),
    EntryKind.RELEASE: ((AccountKind.HELD, AccountKind.ACCRUED),),
    EntryKind.REVERSAL: ((AccountKind.HELD, AccountKind.COST),),
    EntryKind.REDUCTION: ((AccountKind.ACCRUED, AccountKind.COST),),
    EntryKind.INVOICE: ((AccountKind.ACCRUED, AccountKind.PAYABLE), (AccountKind.VAT, AccountKind.PAYABLE)),
    EntryKind.CREDIT_NOTE: ((AccountKind.PAYABLE, AccountKind.ACCRUED), (AccountKind.PAYABLE, AccountKind.VAT)),
    EntryKind.PAYMENT: ((AccountKind.PAYABLE, AccountKind.SETTLEMENT),),
    EntryKind.PAYMENT_RETURNED: ((AccountKind.SETTLEMENT, AccountKind.PAYABLE),),
    EntryKind.DEPOSIT: ((AccountKind.DEPOSIT, AccountKind.SETTLEMENT),),
    EntryKind.DEPOSIT_DRAWN: ((AccountKind.PAYABLE, AccountKind.DEPOSIT),),
}
"""For each kind of entry the (debit, credit) pairs of its transfers, in the order its amounts are given."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Minor units of the entry's currency, always positive."""

    debit: AccountKind
    credit: AccountKind
    amount: int

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError("a transfer moves a positive amount")
        if self.debit is self.credit:
            raise ValueError("a transfer moves between two accounts")


def transfers(kind: EntryKind, *amounts: int) -> tuple[Transfer, ...]:
    """The transfers of an entry, one per pair of the chart; a zero amount (no tax) has none."""
    pairs = CHART[kind]
    if len(amounts) != len(pairs):
        raise ValueError(f"an entry of kind {kind} takes {len(pairs)} amounts")
    return tuple(
        Transfer(debit, credit, amount) for (debit, credit), amount in zip(pairs, amounts, strict=True) if amount != 0
    )
