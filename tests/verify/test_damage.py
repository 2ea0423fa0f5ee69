"""Damage of every kind is found, by the checks that are for it and by no others."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Table, text

from ledger.store import tables as t
from ledger.store.types import new_id
from tests.services.market import TUESDAY
from tests.verify.houses import MAY, House

Harm = Callable[[Connection, House], object]


@dataclass(frozen=True)
class Damage:
    """What somebody does to the record, and the checks that must tell it."""

    name: str
    harm: Harm
    told: set[str]


def these(condition: Any) -> Callable[[House], Any]:
    """The same rows in every house."""
    return lambda _house: condition


def changed(table: Table, of: Callable[[House], Any], **values: Any) -> Harm:
    """Changes the rows that the condition names."""
    return lambda connection, house: connection.execute(table.update().where(of(house)).values(**values))


def gone(table: Table, of: Callable[[House], Any]) -> Harm:
    return lambda connection, house: connection.execute(table.delete().where(of(house)))


def appointment(name: str, table: Table = t.appointment) -> Callable[[House], Any]:
    """The condition of rows that are the named appointment's."""
    column = table.c.id if table is t.appointment else table.c.appointment_id
    return lambda house: column == house.ids[name]


def accrual(name: str) -> Callable[[House], Any]:
    return appointment(name, t.accrual)


def event(name: str, number: int) -> Callable[[House], Any]:
    column = t.appointment_event.c
    return lambda house: (column.appointment_id == house.ids[name]) & (column.number == number)


def entry_of(house: House, name: str, kind: str = "accrual") -> UUID:
    found: UUID = house.row(t.entry, t.entry.c.appointment_id == house.ids[name], t.entry.c.kind == kind).id
    return found


def entry(name: str) -> Callable[[House], Any]:
    return lambda house: t.entry.c.id == entry_of(house, name)


def transfer(name: str) -> Callable[[House], Any]:
    return lambda house: t.transfer.c.entry_id == entry_of(house, name)


def document_of(house: House, kind: str = "invoice") -> Any:
    return house.row(t.document, t.document.c.kind == kind)


def document(kind: str = "invoice") -> Callable[[House], Any]:
    return these(t.document.c.kind == kind)


def line(name: str, kind: str = "invoice") -> Callable[[House], Any]:
    column = t.document_line.c
    return lambda house: (
        (column.appointment_id == house.ids[name]) & (column.document_id == document_of(house, kind).id)
    )


def payload(name: str, number: int, **values: Any) -> Harm:
    """Changes what an event says."""

    def harm(connection: Connection, house: House) -> None:
        column, which = t.appointment_event.c, event(name, number)(house)
        before = house.row(t.appointment_event, which).payload
        connection.execute(t.appointment_event.update().where(which).values({column.payload: {**before, **values}}))

    return harm


def content(**values: Any) -> Harm:
    """Changes what the invoice says."""

    def harm(connection: Connection, house: House) -> None:
        found = document_of(house)
        statement = t.document.update().where(t.document.c.id == found.id)
        connection.execute(statement.values(content={**found.content, **values}))

    return harm


def everything(*harms: Harm) -> Harm:
    return lambda connection, house: [harm(connection, house) for harm in harms]


def terms(table: Table) -> Harm:
    """Changes a figure in the terms."""

    def harm(connection: Connection, house: House) -> None:
        before = house.row(table).document
        connection.execute(table.update().values(document={**before, "slug": "another", "definition": "another"}))

    return harm


def gap_in_positions(connection: Connection, house: House) -> None:
    connection.execute(t.month_position.update().values(taken=t.month_position.c.taken + 1))


def swapped_accounts(connection: Connection, house: House) -> None:
    """Both accounts of a transfer become others, and the balances are made to fit."""
    moved = house.row(t.transfer, t.transfer.c.entry_id == entry_of(house, "attended"))
    kinds = {row.kind: row.id for row in connection.execute(t.account.select())}
    wrong = {"debit_id": kinds["payable"], "credit_id": kinds["settlement"]}
    which = t.transfer.c.entry_id == moved.entry_id
    connection.execute(t.transfer.update().where(which).values(**wrong))
    for account_id, sign in (
        (moved.debit_id, -1), (moved.credit_id, 1), (wrong["debit_id"], 1), (wrong["credit_id"], -1)
    ):  # fmt: skip
        column = t.account.c
        statement = t.account.update().where(column.id == account_id)
        connection.execute(statement.values(balance=column.balance + sign * moved.amount))


def rewritten_chain(connection: Connection, house: House) -> None:
    """Every link with a hash of its own: what somebody leaves who chains a changed record anew, but for the sums."""
    for row in connection.execute(t.chain_link.select()).all():
        which = t.chain_link.c.sequence == row.sequence
        connection.execute(t.chain_link.update().where(which).values(hash=f"sha256:{row.sequence:064d}"))


def another_series_number(connection: Connection, house: House) -> None:
    connection.execute(t.number_series.update().where(t.number_series.c.kind == "invoice").values(last=2))


def orphaned(connection: Connection, house: House) -> None:
    connection.execute(t.appointment.delete().where(t.appointment.c.id == house.ids["cancelled"]))


def foreign_line(connection: Connection, house: House) -> None:
    """A second line of the same accrual, past the unique key under another supplier."""
    row = dict(house.row(t.document_line, line("attended")(house))._mapping)
    connection.execute(t.document_line.insert().values({**row, "number": 99, "supplier_id": new_id()}))


def older(connection: Connection, house: House) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))


DAMAGES = (
    Damage(
        "a balance",
        changed(t.account, these(t.account.c.kind == "cost"), balance=1),
        {"accounts sum to zero", "balances"},
    ),
    Damage(
        "a transfer's amount",
        changed(t.transfer, transfer("attended"), amount=1),
        {"accruals have their entry", "balances", "chain"},
    ),
    Damage(
        "a transfer gone",
        gone(t.transfer, transfer("attended")),
        {"accruals have their entry", "balances", "chain", "entries follow the chart"},
    ),
    Damage(
        "an entry gone",
        everything(gone(t.transfer, transfer("attended")), gone(t.entry, entry("attended"))),
        {"accruals have their entry", "balances", "chain"},
    ),
    Damage("other accounts", swapped_accounts, {"accrued and held", "chain", "entries follow the chart"}),
    Damage(
        "an entry's source",
        changed(t.entry, entry("attended"), source_id=UUID(int=7)),
        {"accruals have their entry", "chain", "entries have their source"},
    ),
    Damage(
        "an accrual's amount",
        changed(t.accrual, accrual("silent"), amount=1),
        {"accruals have their entry", "amounts", "lines and accruals", "prices"},
    ),
    Damage("an accrual's base", changed(t.accrual, accrual("silent"), base=1), {"lines and accruals", "prices"}),
    Damage(
        "an accrual gone",
        gone(t.accrual, accrual("held")),
        {"accrued and held", "amounts", "entries have their source", "positions"},
    ),
    Damage("a held accrual let go", changed(t.accrual, accrual("held"), state="open"), {"accrued and held", "amounts"}),
    Damage(
        "a claim for less than is held",
        payload("held", 3, claim={"attendance": "attended", "minutes": None, "criteria": {}}),
        {"amounts", "appointments replay", "chain"},
    ),
    Damage(
        "a billed accrual closed",
        changed(t.accrual, accrual("attended"), state="closed"),
        {"amounts", "held and closed accruals", "lines and accruals"},
    ),
    Damage("an accrual's position", changed(t.accrual, accrual("silent"), position=1), {"positions", "prices"}),
    Damage("a count of positions", gap_in_positions, {"positions"}),
    Damage("an event's share", payload("attended", 2, share=5000), {"chain"}),
    Damage(
        "an event's money",
        payload("attended", 2, money={"position": 1, "price": 1, "share": 1, "amount": 1}),
        {"appointments replay", "chain"},
    ),
    Damage("an event's deadline", payload("cancelled", 1, findings_at="2026-03-30T00:00:00Z"), {"chain"}),
    Damage("an event nobody could write", payload("attended", 2, criteria=None), {"appointments replay", "chain"}),
    Damage("an event gone", gone(t.appointment_event, event("attended", 2)), {"appointments replay", "chain"}),
    Damage(
        "the first event gone",
        gone(t.appointment_event, event("cancelled", 1)),
        {"appointments replay", "chain", "prospects"},
    ),
    Damage(
        "silence at another instant",
        changed(t.appointment_event, event("silent", 2), effective_at=MAY),
        {"appointments replay", "chain", "deadlines kept"},
    ),
    Damage(
        "a finding taken at its deadline",
        changed(t.appointment_event, event("attended", 2), effective_at=datetime(2026, 3, 12, 10, 30, tzinfo=UTC)),
        {"appointments replay", "chain", "deadlines kept"},
    ),
    Damage(
        "a no-show final too early",
        changed(t.appointment_event, event("missed", 3), effective_at=TUESDAY),
        {"chain", "deadlines kept"},
    ),
    Damage("an event's actor", changed(t.appointment_event, event("attended", 2), actor="somebody"), {"chain"}),
    Damage(
        "an appointment's amount",
        changed(t.appointment, appointment("attended"), amount=5),
        {"amounts", "appointments replay", "prices"},
    ),
    Damage(
        "an appointment's share",
        changed(t.appointment, appointment("refuted"), share=10000),
        {"accepted and accrued", "appointments replay", "prices"},
    ),
    Damage(
        "an appointment's deadline",
        changed(t.appointment, appointment("attended"), clawback_at=None),
        {"appointments replay"},
    ),
    Damage(
        "a replacement paid for",
        changed(t.appointment, appointment("replacing"), price=5, amount=5),
        {"amounts", "appointments replay", "replacements worth nothing"},
    ),
    Damage(
        "a replacement of nothing",
        changed(t.appointment, appointment("replacing"), replaces_id=None),
        {"accepted and accrued", "appointments replay", "promises and replacements"},
    ),
    Damage(
        "a promise passed over",
        changed(t.appointment, appointment("replaced"), replacement_at=MAY),
        {"appointments replay", "promises kept in order"},
    ),
    Damage("an appointment gone", orphaned, {"nothing without its appointment"}),
    Damage("a prospect's name", changed(t.prospect, appointment("silent", t.prospect), name="Another"), {"prospects"}),
    Damage("a prospect gone", gone(t.prospect, appointment("silent", t.prospect)), {"prospects"}),
    Damage(
        "a prospect who was erased and is there",
        changed(t.prospect, appointment("silent", t.prospect), erased_at=MAY),
        {"prospects"},
    ),
    Damage(
        "a delivery that was erased and is there",
        changed(t.incoming_delivery, these(t.incoming_delivery.c.size > 0), erased_at=MAY),
        {"delivered bytes"},
    ),
    Damage("published terms", terms(t.definition_version), {"terms"}),
    Damage("agreed terms", terms(t.agreement_version), {"acceptances"}),
    Damage(
        "an acceptance",
        changed(t.acceptance, these(t.acceptance.c.party == "buyer"), hash="sha256:0"),
        {"acceptances"},
    ),
    Damage(
        "evidence",
        changed(t.evidence_item, these(t.evidence_item.c.size > 0), content=b"were not there"),
        {"evidence"},
    ),
    Damage(
        "a delivery's bytes",
        changed(t.incoming_delivery, these(t.incoming_delivery.c.size > 0), content=b"{}"),
        {"delivered bytes"},
    ),
    Damage(
        "a delivery given to another appointment",
        lambda connection, house: connection.execute(
            t.incoming_delivery.update().values(appointment_id=house.ids["silent"])
        ),
        {"delivered evidence"},
    ),
    Damage(
        "delivered evidence taken away",
        gone(t.evidence_item, these(t.evidence_item.c.delivery_id.is_not(None))),
        {"delivered evidence"},
    ),
    Damage(
        "the grade of a party's word",
        changed(t.evidence_item, these(t.evidence_item.c.party == "buyer"), grade="A"),
        {"evidence grades"},
    ),
    Damage(
        "a document's net",
        changed(t.document, document(), net=1, gross=1, tax=0, due=1),
        {"document content", "document entries", "document totals"},
    ),
    Damage("a document's date", changed(t.document, document(), issued_at=MAY), {"document content"}),
    Damage("a document's words", content(words=["another"]), {"document hashes"}),
    Damage("a document's head", content(chain_head="sha256:0"), {"document hashes", "printed heads"}),
    Damage(
        "a document that cannot be read",
        content(totals=None),
        {"document content", "document hashes", "document totals"},
    ),
    Damage("a document's hash", changed(t.document, document(), hash="sha256:0"), {"document hashes"}),
    Damage(
        "a document gone",
        gone(t.document, document("credit_note")),
        {"entries have their source", "lines and accruals", "number series"},
    ),
    Damage("a document's number", changed(t.document, document(), number="X-1"), {"document content", "number series"}),
    Damage("a series' counter", another_series_number, {"number series"}),
    Damage("a gap in a series", changed(t.document, document(), sequence=2), {"number series"}),
    Damage(
        "a line's amount",
        changed(t.document_line, line("attended"), amount=1),
        {"document hashes", "document totals", "lines and accruals"},
    ),
    Damage(
        "a line's reference",
        changed(t.document_line, line("attended"), reference="X"),
        {"document hashes", "lines and accruals"},
    ),
    Damage(
        "a line gone",
        gone(t.document_line, line("attended")),
        {"accrued and held", "document hashes", "document totals"},
    ),
    Damage("a line twice", foreign_line, {"document hashes", "document totals", "lines and accruals"}),
    Damage(
        "a credit beyond its line",
        changed(t.document_line, line("credited", "credit_note"), amount=10**6),
        {
            "credits within their line",
            "document hashes",
            "document totals",
            "lines and accruals",
            "lines within the price",
        },
    ),
    Damage(
        "a credit of another line",
        changed(t.document_line, line("credited", "credit_note"), corrects_number=1),
        {"credits within their line", "document hashes"},
    ),
    Damage("a link", changed(t.chain_link, these(t.chain_link.c.sequence == 5), hash="sha256:0"), {"chain"}),
    Damage("a link gone", gone(t.chain_link, these(t.chain_link.c.sequence == 5)), {"chain"}),
    Damage("the chain anew", rewritten_chain, {"chain", "printed heads"}),
    Damage("a file's record gone", gone(t.document_file, these(t.document_file.c.size > 0)), {"renderings"}),
    Damage("an e-invoice's record gone", gone(t.document_file, these(t.document_file.c.kind == "xml")), {"renderings"}),
    Damage("a job gone", gone(t.rendering, these(t.rendering.c.attempts >= 0)), {"renderings"}),
    Damage("the revision", older, {"migrations"}),
)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage_is_found(house: House, damage: Damage) -> None:
    with house.damaged(lambda connection: damage.harm(connection, house)) as connection:
        report = house.verified(connection)
    assert {fault.check for fault in report.faults} == damage.told, report.faults
