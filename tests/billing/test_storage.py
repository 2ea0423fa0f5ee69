"""Documents in a bucket of a real S3 server, and in a folder: the same bytes, checked whenever they are read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from api import create_app
from invoices import rendering
from invoices.bucket import Bucket
from invoices.storage import Damaged, Folder, Storage, storage_at
from invoices.verify import run_checks
from ledger.domain.errors import Unavailable
from ledger.services import access
from ledger.store import tables as t
from ledger.store.engine import make_engine, reading, writing
from tests.billing.trade import AFTER_OCTOBER, Trade
from tests.support.bucket import NAME, s3_server


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket_url(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A prefix of its own; credentials come from the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "in particular")
    return f"s3://{NAME}/{tmp_path.name}/documents?endpoint={server}&region=eu-west-1"


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """Where bytes are kept does not depend on the engine."""
    engine = make_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return storage_at(request.getfixturevalue("bucket_url") if request.param == "bucket" else str(tmp_path / "kept"))


def test_false_bytes_are_never_handed_out(storage: Storage) -> None:
    stored = storage.put("2026/11/a.pdf", b"%PDF original")
    assert storage.get(stored) == b"%PDF original"
    for harm in (b"%PDF 0riginal", b""):
        storage.place.write(stored.location, harm)
        with pytest.raises(Damaged, match=r"2026/11/a\.pdf is not what it was"):
            storage.get(stored)
    with pytest.raises(Damaged, match="cannot be read"):
        storage.get(type(stored)("2026/11/gone.pdf", 1, "00"))
    for outside in ("../a.pdf", "/etc/passwd", "a/../../b", ""):
        with pytest.raises(ValueError, match="leads out of the store"):
            storage.put(outside, b"")


def test_a_service_that_is_away_is_told_apart_from_a_file_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "in particular")
    away = storage_at("s3://papers?endpoint=http://127.0.0.1:9&region=eu-west-1")
    for ask in (lambda: away.put("a.pdf", b"x"), lambda: away.place.read("a.pdf")):
        with pytest.raises(Unavailable, match="the document store cannot be used") as refused:
            ask()
        assert refused.value.code == "storage_unavailable"
        assert not isinstance(refused.value, Damaged)


def test_a_folder_that_cannot_be_written_is_away_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="documents cannot be stored"):
        storage_at(str(tmp_path / "file")).put("a.pdf", b"x")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/documents",
        "s3://",
        "s3://key:secret@papers",
        "s3://papers?endpoint=",
        "s3://papers?endpoint=papers.example",
        "s3://papers?acl=public-read",
    ],
)
def test_an_address_that_says_something_else_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match=r"s3://|endpoint"):
        create_app({"DOCUMENTS_URL": url, "TESTING": True, "SECRET_KEY": "x"})


def test_documents_move_to_a_bucket_and_are_served_and_verified_there(
    engine: Engine, sqlite_url: str, tmp_path: Path, bucket_url: str
) -> None:
    trade = Trade(engine)
    trade.charge(trade.agree(), 18000)
    trade.bill()
    folder, bucket = storage_at(str(tmp_path / "kept")), storage_at(bucket_url)
    assert isinstance(folder.place, Folder) and isinstance(bucket.place, Bucket)
    rendering.render_pending(engine, folder, now=lambda: AFTER_OCTOBER)
    assert rendering.copy_all(engine, folder, bucket) == (2, [])
    assert rendering.copy_all(engine, folder, bucket) == (0, []), "what is there is left alone"

    app = create_app({"DATABASE_URL": sqlite_url, "DOCUMENTS_URL": bucket_url, "SECRET_KEY": "x", "TESTING": True})
    with writing(engine) as connection:
        key = access.issue_key(connection, "finance", None, datetime.now(UTC)).secret
    with reading(engine) as connection:
        location = connection.execute(
            select(t.document_file.c.location).where(t.document_file.c.kind == rendering.PDF)
        ).scalar_one()
    address, headers = f"/v1/invoices/{trade.document().id}/pdf", {"Authorization": f"Bearer {key}"}
    served = app.test_client().get(address, headers=headers)
    assert served.data == folder.place.read(location)
    bucket.place.write(location, served.data[:-1] + b"!")
    refused = app.test_client().get(address, headers=headers)
    assert (refused.status_code, refused.json and refused.json["code"]) == (503, "stored_file_damaged")
    faults = run_checks(engine, bucket, AFTER_OCTOBER + timedelta(days=1)).faults
    assert [fault.check for fault in faults if fault.check == "stored files"] == ["stored files"]
    assert [proof.what for proof in rendering.prove(engine, bucket) if proof.is_fault] == [
        f"the stored file {location} is not what it was when it was stored"
    ]


def test_what_could_not_be_stored_is_free_at_once(engine: Engine, tmp_path: Path) -> None:
    trade = Trade(engine)
    trade.charge(trade.agree(), 18000)
    trade.bill()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable):
        rendering.render_pending(engine, storage_at(str(tmp_path / "file")), now=lambda: AFTER_OCTOBER)
    rendered = rendering.render_pending(engine, storage_at(str(tmp_path / "kept")), now=lambda: AFTER_OCTOBER)
    assert (rendered.done, rendered.failures) == (1, ())
    with reading(engine) as connection:
        assert connection.execute(select(t.rendering.c.attempts)).scalar_one() == 1


def test_a_worker_that_is_stopped_leaves_the_rest_to_the_next(engine: Engine, tmp_path: Path) -> None:
    trade, storage = Trade(engine), storage_at(str(tmp_path / "kept"))
    for supplier in ("acme-calls", "best-leads"):
        trade.charge(trade.agree(supplier), 18000)
    trade.bill()
    told_to_stop = iter((True, False))
    for _worker in range(2):
        rendered = rendering.render_pending(
            engine, storage, now=lambda: AFTER_OCTOBER, stopped=lambda: next(told_to_stop)
        )
        assert (rendered.done, rendered.failures) == (1, ())
    with reading(engine) as connection:
        assert connection.execute(select(t.rendering.c.state, t.rendering.c.attempts)).all() == [("done", 1)] * 2
