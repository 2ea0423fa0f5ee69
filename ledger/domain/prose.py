"""A version of the terms as prose that both parties can read and sign.

Owns the Markdown text: numbered clauses, every number of the document said once, in the order in which an
appointment lives through them; and the quotation of one clause by its path, in the very words that were signed.
Refuses to interpret: it says what the terms say, and nothing that they do not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ledger.domain import commercial_prose, wording
from ledger.domain.calendar import format_instant
from ledger.domain.terms import (
    Agreement,
    Anchor,
    ConsentRule,
    ContactKind,
    Criterion,
    CriterionKind,
    Definition,
    DuplicateScope,
    Missing,
    Outcome,
    Reason,
)
from ledger.domain.wording import Clause, Sentence


@dataclass(frozen=True, slots=True)
class Quotation:
    """A clause as it was signed: its path in the document, and where in the text it is found."""

    path: str
    number: int
    heading: str
    text: str


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


def prose(definition: Definition, version: int, agreement: Agreement | None = None) -> str:
    """Version `version` of the terms in Markdown, with the commercial terms where an agreement is given."""
    effective = definition.effective_from
    since = f", proposed to count from {format_instant(effective)}" if effective else ""
    opening = f"# {definition.name}\n\nDefinition `{definition.slug}`, version {version}{since}.\n"
    return "\n".join([opening, *_numbered(clauses(definition, agreement))])


def quoted(definition: Definition, path: str, agreement: Agreement | None = None) -> Quotation | None:
    """What the text says of `path` (`outcomes.attended`, `dispute.reply_window`); of the whole where it names one.

    A criterion may be named by its id alone, as refusals name it. None where the text says nothing of it.
    """
    if definition.criterion(path) is not None:
        path = f"criteria.{path}"
    text_of = list(enumerate(clauses(definition, agreement), start=1))
    for wanted in _from_narrow_to_wide(path):
        for number, (heading, sentences) in text_of:
            said = [text.removeprefix("- ") for at, text in sentences if at == wanted or at.startswith(f"{wanted}.")]
            if said:
                return Quotation(path, number, heading, " ".join(said).replace("`", ""))
    return None


def _from_narrow_to_wide(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]


def clauses(definition: Definition, agreement: Agreement | None = None) -> list[Clause]:
    """The whole text, a heading with its sentences each, in the order in which an appointment lives through them."""
    found = [
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
        found += [commercial_prose.price(agreement, definition), commercial_prose.billing(agreement)]
    return found


def _numbered(found: Iterable[Clause]) -> Iterator[str]:
    for number, (heading, sentences) in enumerate(found, start=1):
        yield f"## {number}. {heading}\n"
        place = 0
        for index, (_, sentence) in enumerate(sentences):
            item = sentence.startswith("- ")
            last_item = item and not (index + 1 < len(sentences) and sentences[index + 1][1].startswith("- "))
            if not item:
                place += 1
            text = f"   {sentence}" if item else f"{number}.{place} {sentence}"
            yield f"{text}\n" if last_item or not item else text


def _qualification(definition: Definition) -> Clause:
    required = [c for c in definition.criteria if c.kind is CriterionKind.REQUIRED]
    bonus = [c for c in definition.criteria if c.kind is CriterionKind.BONUS]
    sentences: list[Sentence] = []
    if required:
        sentences.append(("criteria", "A prospect qualifies who meets all of these:"))
        sentences += [_criterion(c, definition) for c in required]
    else:
        sentences.append(("criteria", "Every prospect qualifies."))
    if bonus:
        sentences.append(("criteria", "Each of these that is confirmed earns a bonus:"))
        sentences += [_criterion(c, definition) for c in bonus]
    sentences.append(
        (
            "criteria",
            (
                "Facts are the supplier's claims. A criterion nobody rules on is confirmed where the facts meet it; "
                "otherwise it is unproven, which earns no bonus and disqualifies nobody."
            ),
        )
    )
    return "Who qualifies", sentences


def _criterion(criterion: Criterion, definition: Definition) -> Sentence:
    fact = definition.facts.get(criterion.fact)
    label = fact.label if fact is not None else criterion.fact
    missing = "a submission without it is refused" if criterion.missing is Missing.REJECT else "without it, unproven"
    said = (
        f"- {criterion.label} (`{criterion.id}`): “{label}” {wording.test(criterion)}; "
        f"{wording.STANDARDS[criterion.evidence]}; {missing}."
    )
    return f"criteria.{criterion.id}", said


def _intake(definition: Definition) -> Clause:
    intake = definition.intake
    taken = wording.listed(intake.channels) if intake.channels else "no channel"
    sentences = [("intake.channels", f"Appointments are taken through {taken}.")]
    if not intake.submit_before.is_zero:
        before = wording.length(intake.submit_before)
        sentences.append(("intake.submit_before", f"A submission must come more than {before} before the start."))
    if intake.backdated_grace.is_zero:
        sentences.append(("intake.backdated_grace", "A submission after the start is refused."))
    else:
        grace = wording.length(intake.backdated_grace)
        said = f"A submission after the start is taken within {grace} of it, and marked as backdated."
        sentences.append(("intake.backdated_grace", said))
    if intake.lead_age is not None:
        sentences.append(("intake.lead_age", f"The lead must be less than {wording.length(intake.lead_age)} old."))
    sentences += [_consent(rule) for rule in (intake.consent.general, *intake.consent.regions)]
    caps = intake.caps
    limits = [f"{cap} a {name}" for name, cap in (("day", caps.day), ("week", caps.week), ("month", caps.month)) if cap]
    limits += [f"none a {n}" for n, c in (("day", caps.day), ("week", caps.week), ("month", caps.month)) if c == 0]
    if limits:
        said = f"Each supplier may place at most {wording.listed(limits)}, by the start of the slot."
        sentences.append(("intake.caps", said))
    if intake.suppressions:
        sentences.append(("intake.suppressions", "A prospect on the buyer's suppression list is refused."))
    return "What may be submitted", sentences


def _consent(rule: ConsentRule) -> Sentence:
    path = f"intake.consent.regions.{rule.region}" if rule.region else "intake.consent"
    where = f"In {rule.region}, the" if rule.region else "The"
    if not rule.required:
        return path, f"{where} prospect's consent is not asked for."
    basis = wording.listed((f"“{basis}”" for basis in rule.bases), "or")
    age = f", given less than {wording.length(rule.max_age)} before" if rule.max_age is not None else ""
    return path, f"{where} prospect's consent is needed, on the basis {basis}{age}."


def _duplicates(definition: Definition) -> Clause:
    terms = definition.duplicates
    if not terms.keys:
        return "Duplicates", [("duplicates", "The same prospect may be submitted again at any time.")]
    keys = wording.listed((_KEYS[key] for key in terms.keys), "or")
    known = f"the same {keys} as one {_SCOPES[terms.scope]}"
    return "Duplicates", [
        ("duplicates.window", f"A prospect with {known}, in the {wording.length(terms.window)} before, is refused."),
        ("duplicates", "The first valid submission wins."),
        (
            "duplicates",
            "One that was cancelled, or ended as a final no-show worth nothing, no longer stands in the way.",
        ),
    ]


def _attendance(definition: Definition) -> Clause:
    terms = definition.attendance
    sentences = [("attendance.present", f"On the prospect's side it takes {wording.PRESENT[terms.present]}.")]
    if terms.minimum_minutes:
        minutes = wording.counted(terms.minimum_minutes, "minute")
        said = f"Both sides must be there together for at least {minutes}; less is cut short."
    else:
        said = "No minimum time together is asked for."
    sentences.append(("attendance.minimum_minutes", said))
    wait = wording.length(terms.wait)
    sentences.append(
        ("attendance.wait", f"Whoever came waits {wait} from the start before the other side counts as absent.")
    )
    if terms.contact_attempts:
        attempts = wording.counted(terms.contact_attempts, "attempt")
        said = f"The buyer may state that the prospect did not come after {attempts} to reach the prospect."
        sentences.append(("attendance.contact_attempts", said))
    if terms.proof_grades:
        grades = wording.listed(terms.proof_grades, "or")
        said = f"Evidence of grade {grades} may prove attendance without the buyer."
    else:
        said = "No evidence proves attendance without the buyer."
    sentences.append(("attendance.proof_grades", said))
    return "What counts as attended", sentences


def _worth(definition: Definition) -> Clause:
    sentences = [("outcomes", "Of the price is owed:")]
    for outcome in Outcome:
        share = definition.outcomes.get(outcome)
        worth = "not agreed" if share is None else wording.percent(share)
        sentences.append((f"outcomes.{outcome}", f"- {wording.OUTCOMES[outcome]}: {worth}."))
    sentences.append(("outcomes.disqualified", "A refuted required criterion counts before everything else."))
    return "What each outcome is worth", sentences


def _moves(definition: Definition) -> Clause:
    reschedule, rebooking = definition.reschedule, definition.rebooking
    sentences: list[Sentence] = []
    if reschedule.limit and not reschedule.within.is_zero:
        said = (
            f"An appointment may be rescheduled {wording.counted(reschedule.limit, 'time')}, to a start within "
            f"{wording.length(reschedule.within)} of the first slot's start. A change of the start by less than "
            f"{wording.length(reschedule.counts_from)} is a correction and does not count."
        )
    else:
        said = "An appointment may not be rescheduled."
    sentences.append(("reschedule", said))
    if rebooking.limit and not rebooking.within.is_zero:
        said = (
            f"If the prospect did not come, the supplier may rebook the same prospect "
            f"{wording.counted(rebooking.limit, 'time')}, to a start within {wording.length(rebooking.within)} of the "
            "verdict. Until then the no-show is not final."
        )
    else:
        said = "If the prospect did not come, that is final at once."
    sentences.append(("rebooking", said))
    if definition.late_within.is_zero:
        said = "The buyer may cancel until the start."
    else:
        said = (
            f"A cancellation by the buyer is late in the last {wording.length(definition.late_within)} before the "
            "start, their first instant included."
        )
    sentences.append(("notice.late_within", said))
    return "Rescheduling, rebooking and cancelling", sentences


def _verification(definition: Definition) -> Clause:
    terms = definition.verification
    window = wording.length(terms.window)
    return "The buyer's findings", [
        ("verification.window", f"The buyer states what happened within {window} of {_ANCHORS[terms.anchor]}."),
        ("verification.silence", f"If the buyer says nothing, {wording.SILENCE[terms.silence]}."),
    ]


def _disputes(definition: Definition) -> Clause:
    terms = definition.dispute
    contest = wording.length(terms.contest_window)
    sentences = [("dispute.contest_window", f"The supplier may contest a verdict within {contest} of it.")]
    if terms.reasons:
        sentences.append(("dispute.reasons", "These reasons count:"))
        sentences += [_reason("dispute", reason) for reason in terms.reasons]
    else:
        sentences.append(("dispute.reasons", "No reason to contest is agreed."))
    if terms.not_reasons:
        refused = wording.listed(f"`{code}`" for code in terms.not_reasons)
        sentences.append(("dispute.not_reasons", f"These do not count: {refused}."))
    reply = wording.length(terms.reply_window)
    sentences.append(("dispute.reply_window", f"The other side replies within {reply} of the opening."))
    sentences.append(("dispute.no_reply", f"If there is no reply, {wording.NO_REPLY[terms.no_reply]}."))
    if terms.decision_window is not None:
        said = f"The arbiter decides within {wording.length(terms.decision_window)}, with a written reason."
    else:
        said = "The arbiter decides with a written reason; no window is agreed."
    sentences.append(("dispute.decision_window", said))
    return "Disputes", sentences


def _reason(section: str, reason: Reason) -> Sentence:
    remedy = f"; {wording.remedy(reason.remedy)}" if reason.remedy is not None else ""
    said = f"- {reason.label} (`{reason.code}`): {wording.STANDARDS[reason.evidence]}{remedy}."
    return f"{section}.reasons.{reason.code}", said


def _clawback(definition: Definition) -> Clause:
    terms = definition.clawback
    if terms.window.is_zero or not terms.reasons:
        return "Clawback", [("clawback", "What was accepted cannot be claimed back.")]
    until = f"within {wording.length(terms.window)} of {_ANCHORS[terms.anchor]}"
    if terms.return_cap is not None:
        cap = f"Claims end where {wording.percent(terms.return_cap)} of a month's appointments are reached."
    else:
        cap = "The number of such claims is not limited."
    return "Clawback", [
        ("clawback.window", f"The buyer may claim back what was accepted, {until}, for these reasons:"),
        *(_reason("clawback", reason) for reason in terms.reasons),
        ("clawback.return_cap", cap),
    ]


def _time(definition: Definition) -> Clause:
    return "How time is counted", [
        ("time_zone", f"Times are those of {definition.time_zone}."),
        ("time_zone", "Days keep the time on the clock; hours and minutes elapse."),
        ("calendar", f"Business days are the working days of the calendar {definition.calendar}."),
        (
            "time_zone",
            "What is received at the very instant of a deadline is late. A window of no time is over at once.",
        ),
    ]
