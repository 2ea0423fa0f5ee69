"""Bank statements, payment files and what is open, on the wire."""

from typing import Any

from marshmallow import fields as plain

from api import fields
from api.schemas import Page, Strict
from api.uploads import Upload


class StatementFile(plain.Field[Any]):
    """The file of a multipart body, or its text in JSON."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, Upload):
            return value
        text: str = fields.Text(longest=2**24, lines=True).deserialize(value)
        return Upload(None, "text/plain", text.encode())


class StatementBody(Strict):
    """A bank statement: camt.053 or CSV."""

    content = StatementFile(required=True, metadata={"type": "string", "format": "binary"})


class StatementTaken(Strict):
    """What came of a statement: lines that are new, were known before, were matched, were not."""

    new = fields.Whole(required=True)
    known = fields.Whole(required=True)
    matched = fields.Whole(required=True)
    unmatched = fields.Whole(required=True)


class BankLine(Strict):
    """A line of a bank statement; `amount` is negative where money left. `unmatched` says why the import did not book
    it, `set_aside` why it concerns no document."""

    id = fields.Identifier(required=True)
    booked_on = fields.Day(required=True)
    amount = fields.Whole(required=True)
    currency = fields.Currency(required=True)
    reference = fields.Text(required=True)
    counterparty = fields.Text(required=True, allow_none=True)
    iban = fields.Text(required=True, allow_none=True)
    unmatched = fields.Text(required=True, allow_none=True)
    set_aside = fields.Text(required=True, allow_none=True)


class BankLineFilters(Page):
    """What the list is narrowed to."""

    matched = fields.Choice(("yes", "no"))
    set_aside = fields.Choice(("yes", "no"))


class AsideBody(Strict):
    """Why the line concerns no document."""

    reason = fields.Text(required=True, longest=500)


class AssignBody(Strict):
    """The document that the line pays, or whose payment it returns."""

    invoice = fields.Identifier(required=True)


class PaymentFileBody(Strict):
    """What to pay: everything of the buyer due by a day, once; `again` may be paid a second time."""

    buyer = fields.Slug(required=True)
    due_by = fields.Day(required=True)
    pay_on = fields.Day(required=True)
    again = plain.List(fields.Identifier(), load_default=list)


class PaymentFile(Strict):
    """A file of SEPA transfers; its bytes are at `/xml`."""

    id = fields.Identifier(required=True)
    amount = fields.Whole(required=True)
    currency = fields.Currency(required=True)
    documents = fields.Whole(required=True)
    skipped = plain.List(plain.Dict(), required=True)


class ListedPaymentFile(Strict):
    """A file of SEPA transfers that was made: whose money, to be paid when, for how many documents."""

    id = fields.Identifier(required=True)
    buyer = fields.Slug(required=True)
    currency = fields.Currency(required=True)
    pay_on = fields.Day(required=True)
    amount = fields.Whole(required=True)
    documents = fields.Whole(required=True)
    created_at = fields.Instant(required=True)


class RemittanceQuery(Strict):
    """Whose payments, and of which day."""

    supplier = fields.Slug(required=True)
    buyer = fields.Slug(required=True)
    currency = fields.Currency(required=True)
    paid_on = fields.Day(required=True)


class AccountQuery(Strict):
    """Whose account; left out by a supplier: his own."""

    supplier = fields.Slug(load_default=None)


class Items(Strict):
    """A report's rows."""

    items = plain.List(plain.Dict(), required=True)
