"""What happens to issued documents afterwards, on the wire: answers, payments, credits by hand."""

from marshmallow import fields as plain

from api import fields
from api.schemas import Page, Strict
from ledger.domain.settlement import Position
from ledger.reports.credits import STATES


class AnswerBody(Strict):
    """The supplier's answer; a query says what is wrong."""

    position = fields.Choice(Position, required=True)
    message = fields.Text(longest=4000, lines=True, load_default=None, allow_none=True)


class PaymentBody(Strict):
    """Money that was paid on the document."""

    amount = fields.Amount(required=True)
    paid_on = fields.Day(required=True)
    reference = fields.Text(longest=140, load_default=None, allow_none=True)


class ReturnBody(Strict):
    """That the payment came back."""

    returned_on = fields.Day(required=True)
    reference = fields.Text(longest=140, load_default=None, allow_none=True)


class SupplierInvoiceBody(Strict):
    """The supplier's own invoice or credit note; minor units of the statement's currency."""

    number = fields.Text(longest=60, required=True)
    issued_on = fields.Day(required=True)
    net = fields.Whole(minimum=1, required=True)
    tax = fields.Whole(minimum=0, required=True)


class DepositBody(Strict):
    """Security that the supplier got."""

    amount = fields.Amount(required=True)
    received_on = fields.Day(required=True)


class DepositReceived(Strict):
    """A deposit, and how much of all of the pair's is still there, in minor units."""

    id = fields.Identifier(required=True)
    agreement = fields.Identifier(required=True)
    amount = fields.Whole(required=True)
    currency = fields.Currency(required=True)
    received_on = fields.Day(required=True)
    balance = fields.Whole(required=True)


class CreditLineBody(Strict):
    """What to give back of a line of the original: its number, or the reference of its appointment."""

    line = fields.Whole(minimum=1, load_default=None, allow_none=True)
    appointment = fields.Text(longest=200, load_default=None, allow_none=True)
    amount = fields.Amount(load_default=None, allow_none=True, metadata={"description": "Default: what is left of it"})


class CreditBody(Strict):
    """A credit outside a dispute. Without lines, all that is left of the invoice."""

    invoice = fields.Identifier(required=True)
    lines = plain.List(plain.Nested(CreditLineBody), load_default=None, allow_none=True)
    reason = fields.Text(longest=1000, lines=True, required=True)


class CreditByHand(Strict):
    """A credit by hand. Above the limit it is `pending` until somebody else of finance approves."""

    id = fields.Identifier(required=True)
    state = fields.Choice(STATES, required=True)
    invoice = fields.Identifier(required=True)
    number = fields.Text(required=True)
    supplier = fields.Slug(required=True)
    buyer = fields.Slug(required=True)
    amount = fields.Whole(required=True)
    currency = fields.Currency(required=True)
    reason = fields.Text(required=True)
    lines = plain.List(plain.Dict(), required=True)
    requested_by = fields.Text(required=True)
    requested_at = fields.Instant(required=True)
    granted_by = fields.Text(required=True, allow_none=True)
    granted_at = fields.Instant(required=True, allow_none=True)
    credit_note = plain.Dict(required=True, allow_none=True)


class Named(Strict):
    """A document by its id and number."""

    id = fields.Identifier(required=True)
    number = fields.Text(required=True)


class VoidBody(Strict):
    """Why the document is void."""

    reason = fields.Text(load_default=None, allow_none=True, longest=2000)


class Voided(Strict):
    """What became of a voided document."""

    voided = plain.Nested(Named, required=True)
    credit_note = plain.Nested(Named, required=True)
    reissue = plain.Nested(Named, required=True)


class CreditFilters(Page):
    """What the list is narrowed to."""

    state = fields.Choice(STATES)
