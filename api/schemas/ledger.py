"""The books on the wire."""

from marshmallow import fields as plain

from api import fields
from api.schemas import Page, Strict
from api.schemas.billing import PeriodField
from ledger.domain.journal import AccountKind, EntryKind
from ledger.reports.ledger import CLOCKS, EFFECTIVE


class At(Strict):
    """As of when (inclusive; default now), and by which clock: when it counted, or when it was recorded."""

    at = fields.Instant(load_default=None)
    clock = fields.Choice(CLOCKS, load_default=EFFECTIVE)


class PageAt(At, Page):
    """A page of what there was then."""


class ExportQuery(Strict):
    """The month that is wanted."""

    period = PeriodField(required=True)


UNSETTLED = "Appointments with something due by then that is not posted yet: the worker posts it, effective in the past"


class AccountItem(Strict):
    """An account of an agreement pair. `balance` is debits − credits in minor units."""

    id = fields.Identifier(required=True)
    kind = fields.Choice(AccountKind, required=True)
    currency = fields.Currency(required=True)
    supplier = fields.Slug(required=True)
    buyer = fields.Slug(required=True)
    balance = fields.Whole(required=True)


class TrialBalance(Strict):
    """Every account that is not at zero; the sums per currency are zero."""

    at = fields.Instant(required=True)
    clock = fields.Choice(CLOCKS, required=True)
    accounts = plain.List(plain.Nested(AccountItem), required=True)
    sums = plain.Dict(required=True)
    unsettled = fields.Whole(required=True, metadata={"description": UNSETTLED})


class EntryFilters(PageAt):
    """What the list is narrowed to."""

    supplier = fields.Slug()
    buyer = fields.Slug()
    kind = fields.Choice(EntryKind)
    appointment = fields.Text(longest=36)


class Transfer(Strict):
    """One movement between two accounts."""

    debit = fields.Choice(AccountKind, required=True)
    debit_id = fields.Identifier(required=True)
    credit = fields.Choice(AccountKind, required=True)
    credit_id = fields.Identifier(required=True)
    amount = fields.Whole(required=True)


class Entry(Strict):
    """What happened in the books, once per source."""

    id = fields.Identifier(required=True)
    kind = fields.Choice(EntryKind, required=True)
    supplier = fields.Slug(required=True)
    buyer = fields.Slug(required=True)
    currency = fields.Currency(required=True)
    source = fields.Identifier(required=True)
    appointment = fields.Identifier(required=True, allow_none=True)
    effective_at = fields.Instant(required=True)
    recorded_at = fields.Instant(required=True)
    transfers = plain.List(plain.Nested(Transfer), required=True)


class AccountLine(Strict):
    """An entry's effect on the account."""

    entry = fields.Identifier(required=True)
    kind = fields.Choice(EntryKind, required=True)
    source = fields.Identifier(required=True)
    appointment = fields.Identifier(required=True, allow_none=True)
    effective_at = fields.Instant(required=True)
    recorded_at = fields.Instant(required=True)
    change = fields.Whole(required=True)


class Account(AccountItem):
    """An account as of an instant with a page of what had moved it by then, as recorded, newest first."""

    at = fields.Instant(required=True)
    clock = fields.Choice(CLOCKS, required=True)
    unsettled = fields.Whole(required=True, metadata={"description": UNSETTLED})
    items = plain.List(plain.Nested(AccountLine), required=True)
    next_cursor = fields.Text(required=True, allow_none=True, longest=2000)
