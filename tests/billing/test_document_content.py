"""What an issued document freezes: parties, words, sums, the chain's head, and a hash over all of it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from invoices import line_digest, lines
from invoices.document import Document
from invoices.issuing import document_hash
from invoices.line_digest import lines_digest
from invoices.totals import check_sums
from ledger.domain.journal import AccrualKind
from ledger.services import chain
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading, writing
from tests.billing.trade import Trade

NASTY = 'tab\t feed\n return\r quote" back\\slash \\N ümläut 漢字 😀 \x0b\x0c\x08 | 100%s'


def frozen(trade: Trade) -> Document:
    return Document.from_json(trade.document().content)


def test_what_is_stored_reads_back_as_the_document_and_agrees_with_its_columns(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000)
    trade.bill()
    row, document = trade.document(), frozen(trade)
    assert document.to_json() == row.content
    assert (document.id, document.number, document.currency) == (str(row.id), row.number, row.currency)
    assert (document.totals.net, document.totals.tax, document.totals.due) == (row.net, row.tax, row.due)
    assert (document.issued_at, document.due_on) == (row.issued_at, row.due_on)
    with reading(trade.engine) as connection:
        check_sums(document, list(lines.read(connection, row.id)))


def test_parties_stay_as_they_were_on_the_day_of_issue(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000)
    trade.bill()
    trade.change("acme-calls", legal_name="Acme Reborn Ltd", vat_id="GB434031494")
    assert (frozen(trade).supplier.legal_name, frozen(trade).supplier.vat_id) == ("Acme-Calls", "GB980780684")


def test_the_words_of_the_law_are_on_it(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000)
    trade.bill()
    assert "Self-billing" in frozen(trade).words


def test_it_speaks_its_recipient_s_language(trade: Trade) -> None:
    agreement = trade.agree()
    trade.change("acme-calls", address={"line1": "Am Markt 1", "city": "Bremen", "country": "DE"})
    trade.charge(agreement, 18000)
    trade.bill()
    assert frozen(trade).language == "de"


def test_the_chains_head_is_on_it(trade: Trade) -> None:
    agreement = trade.agree()
    trade.charge(agreement, 18000)
    chain.extend(trade.engine)
    with reading(trade.engine) as connection:
        head = chain.head(connection)
    trade.bill()
    assert head is not None
    assert frozen(trade).chain_head == head


def test_the_hash_covers_the_content_and_every_line(trade: Trade) -> None:
    agreement = trade.agree()
    for amount in (100, 200, 300):
        trade.charge(agreement, amount)
    trade.bill()
    row = trade.document()
    with reading(trade.engine) as connection:
        digest = lines_digest(connection, row.id)
    assert row.hash == document_hash(row.content, digest)
    assert row.hash != document_hash({**row.content, "number": "ACME-NORTH-000002"}, digest)


def test_a_line_reads_back_as_it_is_printed(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000, reference="S-1")
    trade.bill()
    with reading(trade.engine) as connection:
        (line,) = lines.read(connection, trade.document().id)
    assert (line.kind, line.reference, line.price, line.share) == ("appointment", "S-1", 18000, 10000)
    assert line.confirmed == ("Ten to 250 employees", "Owns the company")
    assert line.service_at == datetime(2026, 10, 15, 10, tzinfo=UTC)


def test_an_issued_document_gets_no_further_lines(trade: Trade) -> None:
    trade.charge(trade.agree(), 18000)
    trade.bill()
    (line,) = trade.lines(trade.document().id)
    another = {**line._mapping, "number": 2, "accrual_id": UUID(int=1)}
    with pytest.raises(DatabaseError, match="issued"), writing(trade.engine) as connection:
        connection.execute(t.document_line.insert(), another)


def write_line(engine: Engine, **columns: object) -> str:
    """One line with these columns, and its digest."""
    row = {
        "document_id": UUID(int=1),
        "number": 1,
        "buyer_id": UUID(int=2),
        "supplier_id": UUID(int=3),
        "accrual_id": UUID(int=4),
        "kind": AccrualKind.OUTCOME.value,
        "effective_at": datetime(2026, 10, 25, 0, 30, 0, 120_000, tzinfo=UTC),
        "confirmed": "",
        "definition": "visits",
        "definition_version": 1,
        "base": 18000,
        "bonus": 0,
        "share": 10000,
        "amount": 18000,
        "tax_category": "S",
        "tax_rate": 2000,
    }
    with writing(engine) as connection:
        connection.execute(t.document_line.insert(), row | columns)
        return lines_digest(connection, UUID(int=1))


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"reference": NASTY, "confirmed": NASTY},
        {"reference": "", "outcome": "attended", "appointment_id": UUID(int=2**128 - 1)},
        {"service_at": datetime(2026, 10, 1, tzinfo=UTC), "corrects_document_id": UUID(int=9), "corrects_number": 7},
        {"base": 2**60, "amount": 2**60, "bonus": 2**61},
        {"reference": "\\N"},
        {"reference": "%d%s%%"},
    ],
)
def test_the_digest_is_the_same_on_both_engines(
    sqlite_url: str, postgresql_url: str, columns: dict[str, object]
) -> None:
    found = []
    for url in (sqlite_url, postgresql_url):
        engine = make_engine(url)
        found.append(write_line(engine, **columns))
        engine.dispose()
    assert found[0] == found[1]


def test_the_digest_of_lines_stays_what_it_was(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents that were issued with it verify for good, whichever PostgreSQL holds them."""
    write_line(engine, reference=NASTY, confirmed=NASTY, service_at=datetime(2026, 10, 1, tzinfo=UTC))
    digest = write_line(engine, number=2, accrual_id=UUID(int=5), corrects_document_id=UUID(int=9), corrects_number=7)
    assert digest == "sha256:b3434047b05d57d5a85bc6426b638768b50ccdf8313b48f3458bd4ab5d097244"
    monkeypatch.setattr(line_digest, "POSTGRESQL", line_digest.POSTGRESQL_16)
    with reading(engine) as connection:
        assert lines_digest(connection, UUID(int=1)) == digest


def test_nothing_and_the_sign_for_nothing_have_different_digests(engine: Engine) -> None:
    without = write_line(engine)
    with writing(engine) as connection:
        for statement in ("DROP TRIGGER document_line_no_delete", "DELETE FROM document_line"):
            on_table = " ON document_line" if engine.dialect.name == "postgresql" and "DROP" in statement else ""
            connection.execute(text(f"{statement}{on_table}"))
    assert write_line(engine, reference="\\N") != without
