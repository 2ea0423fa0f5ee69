"""Billing runs and documents on the wire."""

import re
from typing import Any, Final

from marshmallow import ValidationError
from marshmallow import fields as plain

from api import fields
from api.schemas import Page, Strict
from invoices import files
from ledger.domain import settlement
from ledger.domain.calendar import Period
from ledger.domain.errors import Malformed
from ledger.domain.terms import BillingMode
from ledger.reports import documents

KINDS: Final = ("invoice", "credit_note", "statement")


MONTH: Final = re.compile(r"(?:19|2[0-9])[0-9]{2}-(?:0[1-9]|1[0-2])")


class PeriodField(fields.Text):
    """A calendar month of the years 1900 to 2999, YYYY-MM, loaded as the domain's Period."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=7, pattern=MONTH, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return Period.parse(text)
        except (Malformed, ValueError):
            raise ValidationError("Needs a month such as 2026-10.") from None


class RunBody(Strict):
    """The period to bill, for all suppliers or one."""

    period = PeriodField(required=True)
    supplier = fields.Slug(load_default=None, allow_none=True)
    dry_run = fields.Flag(load_default=False)


class Progress(Strict):
    """How many documents' worth of work is done, and of how many."""

    done = fields.Whole(required=True)
    total = fields.Whole(required=True)


class Run(Strict):
    """A billing run: how far it is, and what came of it."""

    id = fields.Identifier(required=True)
    period = fields.Text(required=True, longest=7)
    supplier = fields.Slug(required=True, allow_none=True)
    dry_run = fields.Flag(required=True)
    state = fields.Choice(("queued", "running", "done", "failed"), required=True)
    progress = plain.Nested(Progress, required=True)
    documents = plain.List(
        plain.Dict(), required=True, metadata={"description": "in a dry run without `id` and `number`, which are null"}
    )
    parked = plain.List(plain.Dict(), required=True)
    totals = plain.List(plain.Dict(), required=True)
    error = fields.Text(required=True, allow_none=True)
    created_at = fields.Instant(required=True)
    finished_at = fields.Instant(required=True, allow_none=True)


class DocumentExpansion(Strict):
    """What is wanted beside the document."""

    expand = fields.Names(
        ("lines",), load_default=tuple, metadata={"description": "`lines`; a document on its own has them anyway"}
    )


class DocumentFilters(Page, DocumentExpansion):
    """What the list is narrowed to."""

    period = PeriodField()
    supplier = fields.Slug()
    buyer = fields.Slug()
    kind = fields.Choice(KINDS)
    state = fields.Choice(documents.STATES)
    q = fields.Text(longest=100, metadata={"description": "Looked for in the number, in any case"})


class XmlQuery(Strict):
    """The syntax of the e-invoice: UN/CEFACT's (Factur-X), or OASIS' under Peppol's self-billing profile."""

    format = fields.Choice(files.SYNTAXES, load_default=files.CII)


class ArchiveQuery(Strict):
    """The month whose documents are wanted."""

    period = PeriodField(required=True)
    supplier = fields.Slug(load_default=None)


class Totals(Strict):
    """Minor units; positive on credit notes too."""

    net = fields.Whole(required=True)
    tax = fields.Whole(required=True)
    gross = fields.Whole(required=True)
    prepaid = fields.Whole(required=True)
    due = fields.Whole(required=True)


class DocumentItem(Strict):
    """A document in a list."""

    id = fields.Identifier(required=True)
    number = fields.Text(required=True)
    kind = fields.Choice(KINDS, required=True)
    mode = fields.Choice(BillingMode, required=True)
    period = fields.Text(required=True, longest=7)
    supplier = fields.Slug(required=True)
    buyer = fields.Slug(required=True)
    currency = fields.Currency(required=True)
    totals = plain.Nested(Totals, required=True)
    corrects = fields.Identifier(required=True, allow_none=True)
    issued_at = fields.Instant(required=True)
    due_on = fields.Day(required=True)
    state = fields.Choice(documents.STATES, required=True)
    rendering = fields.Choice(("pending", "done", "failed"), required=True)
    lines = plain.List(plain.Dict(), metadata={"description": "Where they were asked for"})


class DocumentAcceptance(Strict):
    """How the supplier stands to a self-billed document; silence accepts at `accept_by`."""

    state = fields.Choice(settlement.Acceptance, required=True)
    accept_by = fields.Instant(required=True)
    responses = plain.List(plain.Dict(), required=True)


class DocumentSettlement(Strict):
    """What is left to pay, in minor units; below zero was paid too much. `due_on` is null while a query stops it."""

    claimed = fields.Whole(required=True, allow_none=True)
    credited = fields.Whole(required=True)
    paid = fields.Whole(required=True)
    open = fields.Whole(required=True)
    due_on = fields.Day(required=True, allow_none=True)


class Document(DocumentItem):
    """A document on its own, with its lines, parties and files."""

    number_series = plain.Dict(required=True)
    parties = plain.Dict(required=True)
    taxes = plain.List(plain.Dict(), required=True)
    words = plain.List(plain.Raw(), required=True)
    chain_head = fields.Text(required=True, allow_none=True)
    line_count = fields.Whole(required=True)
    hash = fields.Text(required=True)
    files = plain.List(plain.Dict(), required=True)
    deadlines = plain.List(plain.Dict(), required=True)
    acceptance = plain.Nested(DocumentAcceptance, required=True, allow_none=True)
    settlement = plain.Nested(DocumentSettlement, required=True)
    payments = plain.List(plain.Dict(), required=True)
    supplier_invoice = plain.Dict(required=True, allow_none=True)
    corrected_by = plain.List(plain.Dict(), required=True)
    replaces = fields.Identifier(required=True, allow_none=True)
    replaced_by = plain.Dict(required=True, allow_none=True)
    voided = plain.Dict(required=True, allow_none=True)
    lines = plain.List(plain.Dict(), required=True)
