"""A version of the terms as prose that both parties can read and sign.

Owns the Markdown text: numbered clauses, every number of the document said once, in the order in which an
appointment lives through them. Refuses to interpret: it says what the terms say, and nothing that they do not.
"""

from collections.abc import Iterable, Iterator

from ledger.domain import wording
from ledger.domain.calendar import format_instant
from ledger.domain.terms import (
    Agreement,
    Anchor,
    BillingMode,
    ConsentRule,
    ContactKind,
    Criterion,
    CriterionKind,
    Definition,
    DuplicateScope,
    Missing,
    Outcome,
    Reason,
    Span,
    TaxCategory,
)

Clause = tuple[str, list[str]]
"""A heading and its sentences; a sentence that begins with a hyphen is an item of a list."""

_ANCHORS = {
    Anchor.SLOT_END: "the end of the slot",
    Anchor.DELIVERY: "the end of the slot or the submission, whichever is later",
}
_KEYS = {
    ContactKind.EMAIL: "e-mail address",
    ContactKind.PHONE: "telephone number",
    ContactKind.COMPANY_DOMAIN: "company domain",
    ContactKind.COMPANY_NUMBER: "company number",
}
_SCOPES = {
    DuplicateScope.DEFINITION: "submitted under this definition, by any supplier",
    DuplicateScope.BUYER: "submitted to the buyer, by any supplier and under any definition",
    DuplicateScope.SUPPLIER: "submitted to the buyer by the same supplier",
}
_TAXES = {
    TaxCategory.STANDARD: "VAT is charged at {rate}",
    TaxCategory.ZERO: "VAT is charged at the zero rate",
    TaxCategory.EXEMPT: "The service is exempt from VAT",
    TaxCategory.REVERSE_CHARGE: "The buyer accounts for the VAT (reverse charge)",
    TaxCategory.OUTSIDE: "The service is outside the scope of VAT",
}


def prose(definition: Definition, version: int, agreement: Agreement | None = None) -> str:
    """Version `version` of the terms in Markdown, with the commercial terms where an agreement is given."""
    clauses = [
        _qualification(definition),
        _intake(definition),
        _duplicates(definition),
        _attendance(definition),
        _worth(definition),
        _moves(definition),
        _verification(definition),
        _disputes(definition),
        _clawback(definition),
        _time(definition),
    ]
    if agreement is not None:
        clauses += [_price(agreement, definition), _billing(agreement)]
    effective = definition.effective_from
    since = f", proposed to count from {format_instant(effective)}" if effective else ""
    opening = f"# {definition.name}\n\nDefinition `{definition.slug}`, version {version}{since}.\n"
    return "\n".join([opening, *_numbered(clauses)])


def _numbered(clauses: Iterable[Clause]) -> Iterator[str]:
    for number, (heading, sentences) in enumerate(clauses, start=1):
        yield f"## {number}. {heading}\n"
        place = 0
        for index, sentence in enumerate(sentences):
            item = sentence.startswith("- ")
            last_item = item and not (index + 1 < len(sentences) and sentences[index + 1].startswith("- "))
            if not item:
                place += 1
            text = f"   {sentence}" if item else f"{number}.{place} {sentence}"
            yield f"{text}\n" if last_item or not item else text


def _qualification(definition: Definition) -> Clause:
    required = [c for c in definition.criteria if c.kind is CriterionKind.REQUIRED]
    bonus = [c for c in definition.criteria if c.kind is CriterionKind.BONUS]
    sentences: list[str] = []
    if required:
        sentences += ["A prospect qualifies who meets all of these:", *(_criterion(c, definition) for c in required)]
    else:
        sentences.append("Every prospect qualifies.")
    if bonus:
        sentences += ["Each of these that is confirmed earns a bonus:", *(_criterion(c, definition) for c in bonus)]
    sentences.append(
        "Facts are the supplier's claims. A criterion nobody rules on is confirmed where the facts meet it; otherwise "
        "it is unproven, which earns no bonus and disqualifies nobody."
    )
    return "Who qualifies", sentences


def _criterion(criterion: Criterion, definition: Definition) -> str:
    fact = definition.facts.get(criterion.fact)
    label = fact.label if fact is not None else criterion.fact
    missing = "a submission without it is refused" if criterion.missing is Missing.REJECT else "without it, unproven"
    return (
        f"- {criterion.label} (`{criterion.id}`): “{label}” {wording.test(criterion)}; "
        f"{wording.STANDARDS[criterion.evidence]}; {missing}."
    )


def _intake(definition: Definition) -> Clause:
    intake = definition.intake
    taken = wording.listed(intake.channels) if intake.channels else "no channel"
    sentences = [f"Appointments are taken through {taken}."]
    if not intake.submit_before.is_zero:
        sentences.append(f"A submission must come more than {wording.length(intake.submit_before)} before the start.")
    if intake.backdated_grace.is_zero:
        sentences.append("A submission after the start is refused.")
    else:
        grace = wording.length(intake.backdated_grace)
        sentences.append(f"A submission after the start is taken within {grace} of it, and marked as backdated.")
    if intake.lead_age is not None:
        sentences.append(f"The lead must be less than {wording.length(intake.lead_age)} old.")
    sentences += [_consent(rule) for rule in (intake.consent.general, *intake.consent.regions)]
    caps = intake.caps
    limits = [f"{cap} a {name}" for name, cap in (("day", caps.day), ("week", caps.week), ("month", caps.month)) if cap]
    limits += [f"none a {n}" for n, c in (("day", caps.day), ("week", caps.week), ("month", caps.month)) if c == 0]
    if limits:
        sentences.append(f"Each supplier may place at most {wording.listed(limits)}, by the start of the slot.")
    if intake.suppressions:
        sentences.append("A prospect on the buyer's suppression list is refused.")
    return "What may be submitted", sentences


def _consent(rule: ConsentRule) -> str:
    where = f"In {rule.region}, the" if rule.region else "The"
    if not rule.required:
        return f"{where} prospect's consent is not asked for."
    basis = wording.listed((f"“{basis}”" for basis in rule.bases), "or")
    age = f", given less than {wording.length(rule.max_age)} before" if rule.max_age is not None else ""
    return f"{where} prospect's consent is needed, on the basis {basis}{age}."


def _duplicates(definition: Definition) -> Clause:
    terms = definition.duplicates
    if not terms.keys:
        return "Duplicates", ["The same prospect may be submitted again at any time."]
    keys = wording.listed((_KEYS[key] for key in terms.keys), "or")
    known = f"the same {keys} as one {_SCOPES[terms.scope]}"
    return "Duplicates", [
        f"A prospect with {known}, in the {wording.length(terms.window)} before, is refused.",
        "The first valid submission wins.",
        "One that was cancelled, or ended as a final no-show worth nothing, no longer stands in the way.",
    ]


def _attendance(definition: Definition) -> Clause:
    terms = definition.attendance
    sentences = [f"On the prospect's side it takes {wording.PRESENT[terms.present]}."]
    if terms.minimum_minutes:
        minutes = wording.counted(terms.minimum_minutes, "minute")
        sentences.append(f"Both sides must be there together for at least {minutes}; less is cut short.")
    else:
        sentences.append("No minimum time together is asked for.")
    sentences.append(
        f"Whoever came waits {wording.length(terms.wait)} from the start before the other side counts as absent."
    )
    if terms.contact_attempts:
        attempts = wording.counted(terms.contact_attempts, "attempt")
        sentences.append(f"The buyer may state that the prospect did not come after {attempts} to reach the prospect.")
    if terms.proof_grades:
        grades = wording.listed(terms.proof_grades, "or")
        sentences.append(f"Evidence of grade {grades} may prove attendance without the buyer.")
    else:
        sentences.append("No evidence proves attendance without the buyer.")
    return "What counts as attended", sentences


def _worth(definition: Definition) -> Clause:
    sentences = ["Of the price is owed:"]
    for outcome in Outcome:
        share = definition.outcomes.get(outcome)
        worth = "not agreed" if share is None else wording.percent(share)
        sentences.append(f"- {wording.OUTCOMES[outcome]}: {worth}.")
    sentences.append("A refuted required criterion counts before everything else.")
    return "What each outcome is worth", sentences


def _moves(definition: Definition) -> Clause:
    reschedule, rebooking = definition.reschedule, definition.rebooking
    sentences: list[str] = []
    if reschedule.limit and not reschedule.within.is_zero:
        sentences.append(
            f"An appointment may be rescheduled {wording.counted(reschedule.limit, 'time')}, to a start within "
            f"{wording.length(reschedule.within)} of the first slot's start. A change of the start by less than "
            f"{wording.length(reschedule.counts_from)} is a correction and does not count."
        )
    else:
        sentences.append("An appointment may not be rescheduled.")
    if rebooking.limit and not rebooking.within.is_zero:
        sentences.append(
            f"If the prospect did not come, the supplier may rebook the same prospect "
            f"{wording.counted(rebooking.limit, 'time')}, to a start within {wording.length(rebooking.within)} of the "
            "verdict. Until then the no-show is not final."
        )
    else:
        sentences.append("If the prospect did not come, that is final at once.")
    if definition.late_within.is_zero:
        sentences.append("The buyer may cancel until the start.")
    else:
        sentences.append(
            f"A cancellation by the buyer is late in the last {wording.length(definition.late_within)} before the "
            "start, their first instant included."
        )
    return "Rescheduling, rebooking and cancelling", sentences


def _verification(definition: Definition) -> Clause:
    terms = definition.verification
    return "The buyer's findings", [
        f"The buyer states what happened within {wording.length(terms.window)} of {_ANCHORS[terms.anchor]}.",
        f"If the buyer says nothing, {wording.SILENCE[terms.silence]}.",
    ]


def _disputes(definition: Definition) -> Clause:
    terms = definition.dispute
    sentences = [f"The supplier may contest a verdict within {wording.length(terms.contest_window)} of it."]
    if terms.reasons:
        sentences += ["These reasons count:", *(_reason(reason) for reason in terms.reasons)]
    else:
        sentences.append("No reason to contest is agreed.")
    if terms.not_reasons:
        sentences.append(f"These do not count: {wording.listed(f'`{code}`' for code in terms.not_reasons)}.")
    sentences.append(f"The other side replies within {wording.length(terms.reply_window)} of the opening.")
    sentences.append(f"If there is no reply, {wording.NO_REPLY[terms.no_reply]}.")
    if terms.decision_window is not None:
        sentences.append(f"The arbiter decides within {wording.length(terms.decision_window)}, with a written reason.")
    else:
        sentences.append("The arbiter decides with a written reason; no window is agreed.")
    return "Disputes", sentences


def _reason(reason: Reason) -> str:
    remedy = f"; {wording.remedy(reason.remedy)}" if reason.remedy is not None else ""
    return f"- {reason.label} (`{reason.code}`): {wording.STANDARDS[reason.evidence]}{remedy}."


def _clawback(definition: Definition) -> Clause:
    terms = definition.clawback
    if terms.window.is_zero or not terms.reasons:
        return "Clawback", ["What was accepted cannot be claimed back."]
    until = f"within {wording.length(terms.window)} of {_ANCHORS[terms.anchor]}"
    sentences = [
        f"The buyer may claim back what was accepted, {until}, for these reasons:",
        *(_reason(reason) for reason in terms.reasons),
    ]
    if terms.return_cap is not None:
        sentences.append(f"Claims end where {wording.percent(terms.return_cap)} of a month's appointments are reached.")
    else:
        sentences.append("The number of such claims is not limited.")
    return "Clawback", sentences


def _time(definition: Definition) -> Clause:
    return "How time is counted", [
        f"Times are those of {definition.time_zone}.",
        "Days keep the time on the clock; hours and minutes elapse.",
        f"Business days are the working days of the calendar {definition.calendar}.",
        "What is received at the very instant of a deadline is late. A window of no time is over at once.",
    ]


def _price(agreement: Agreement, definition: Definition) -> Clause:
    price, currency = agreement.price, definition.currency
    if price.graduated:
        sentences = ["The base price goes by the position in the agreement's month:"]
        sentences += [f"- From number {t.start} on: {wording.money(t.amount, currency)}." for t in price.tiers]
    else:
        sentences = [f"The base price is {wording.money(price.tiers[0].amount, currency)}."]
    for identifier, amount in price.bonuses.items():
        criterion = definition.criterion(identifier)
        label = criterion.label if criterion is not None else identifier
        sentences.append(f"“{label}” (`{identifier}`), where confirmed, adds {wording.money(amount, currency)}.")
    if price.minimum_per_month is not None:
        minimum = wording.money(price.minimum_per_month, currency)
        sentences.append(f"A month comes to at least {minimum} net; what is missing is owed as a shortfall.")
    if price.deposit is not None:
        deposit = wording.money(price.deposit, currency)
        sentences.append(f"The buyer pays a deposit of {deposit}, drawn down before anything is due.")
    sentences.append("Amounts are rounded half up, once, after the share is taken.")
    return "Price", sentences


def _billing(agreement: Agreement) -> Clause:
    billing, tax = agreement.billing, agreement.tax
    sentences = ["Bills are made for each calendar month."]
    if billing.mode is BillingMode.SELF_BILLED:
        sentences.append("The buyer issues the invoices in the supplier's name (self-billing).")
    else:
        sentences.append("The buyer receives statements; the supplier issues the invoices.")
    if billing.self_billing is not None:
        terms = billing.self_billing
        until = (
            f" until {terms.until.isoformat()}, that day included" if terms.until else ", as long as the contract lasts"
        )
        number = f", for the VAT identifier {terms.supplier_vat_id}" if terms.supplier_vat_id else ""
        sentences.append(f"Self-billing is agreed from {terms.start.isoformat()}{until}{number}.")
    if not _unused(billing.acceptance_window, billing.mode):
        window = wording.length(billing.acceptance_window)
        sentences.append(f"The supplier may query a document within {window}; silence is acceptance.")
    exemption = f": {tax.exemption}" if tax.exemption else ""
    sentences.append(f"{_TAXES[tax.category].format(rate=wording.percent(tax.rate))}{exemption}.")
    sentences.append(f"Documents are due {wording.counted(agreement.payment_days, 'day')} after they are issued.")
    return "Billing", sentences


def _unused(window: Span, mode: BillingMode) -> bool:
    return mode is BillingMode.STATEMENT or window.is_zero
