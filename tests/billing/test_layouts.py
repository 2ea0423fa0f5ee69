"""What was handed out stands, whatever later versions of the product would print."""

from pathlib import Path

from sqlalchemy import Engine, text

from invoices import rendering
from invoices.layout import layout
from invoices.storage import storage_at
from invoices.verify import run_checks
from ledger.store import triggers
from ledger.store.engine import reading
from tests.billing.trade import AFTER_OCTOBER, Trade


def test_a_document_of_another_layout_is_kept_and_is_no_fault(engine: Engine, tmp_path: Path) -> None:
    """One byte differs, as it might after an upgrade: a fault if this layout made the file, else what was printed."""
    trade, storage = Trade(engine), storage_at(str(tmp_path))
    trade.charge(trade.agree(), 18000)
    trade.bill()
    rendering.render_pending(engine, storage, now=lambda: AFTER_OCTOBER)
    document = trade.document()
    with reading(engine) as connection:
        first = rendering.stored_files(connection, document.id)[rendering.PDF]
    earlier = storage.put(first.location, storage.get(first) + b"\n")

    def as_if_made_by(made_by: str | None) -> list[tuple[str, bool]]:
        with engine.begin() as connection:
            for statement in triggers.drop_statements(engine.dialect.name):
                connection.execute(text(statement))
            values = {"layout": made_by, "size": earlier.size, "sha256": earlier.sha256}
            change = "UPDATE document_file SET layout = :layout, size = :size, sha256 = :sha256 WHERE kind = 'pdf'"
            connection.execute(text(change), values)
            triggers.recreate(connection)
        return [(proof.what, proof.is_fault) for proof in rendering.prove(engine, storage)]

    assert as_if_made_by(layout()) == [("renders to other bytes than those that are kept", True)]
    assert as_if_made_by("0.0.9-5c1e09ab3d2f") == [("made by layout 0.0.9-5c1e09ab3d2f, kept", False)]
    assert as_if_made_by(None) == [("made by layout unknown, kept", False)]
    with reading(engine) as connection:
        assert rendering.pdf(connection, storage, document.id) == storage.get(earlier), "the kept bytes are served"
    assert [fault for fault in run_checks(engine, storage, AFTER_OCTOBER).faults if fault.check == "stored files"] == []


def test_the_layout_has_one_name_and_each_file_bears_it(engine: Engine, tmp_path: Path) -> None:
    trade = Trade(engine)
    trade.charge(trade.agree(), 18000)
    trade.bill()
    rendering.render_pending(engine, storage_at(str(tmp_path)), now=lambda: AFTER_OCTOBER)
    with reading(engine) as connection:
        assert set(connection.execute(text("SELECT layout FROM document_file")).scalars()) == {layout()}
