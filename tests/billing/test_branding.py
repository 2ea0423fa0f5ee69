"""Brands over HTTP: set by an admin, frozen with each document, found to be whole by the verification."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from api import create_app
from api.databases import EXTENSION
from invoices.rendering import job, pdf, prove, render_pending
from invoices.storage import storage_at
from invoices.verify import run_checks
from ledger.services import access
from ledger.store import triggers
from ledger.store.engine import reading, writing
from tests.billing.trade import AFTER_NOVEMBER, AFTER_OCTOBER, NOVEMBER, Trade
from tests.invoices.test_brand import DRAWN, HEAD

Put = Callable[..., tuple[int, dict[str, object]]]
LOGO = b64encode(DRAWN).decode()


@pytest.fixture
def put(database_url: str) -> Put:
    app = create_app({"DATABASE_URL": database_url, "SECRET_KEY": "x", "TESTING": True})

    def call(**body: object) -> tuple[int, dict[str, object]]:
        answer = app.test_client().put("/v1/branding", json=body, headers=authorized(app, "admin"))
        assert answer.json is not None
        return answer.status_code, answer.json

    return call


def authorized(app: Flask, role: str) -> dict[str, str]:
    with writing(app.extensions[EXTENSION].engine) as connection:
        return {"Authorization": f"Bearer {access.issue_key(connection, role, None, AFTER_OCTOBER).secret}"}


def test_a_brand_is_frozen_with_the_document(engine: Engine, put: Put, tmp_path: Path) -> None:
    trade, storage = Trade(engine), storage_at(str(tmp_path))
    agreed = trade.agree()
    assert put(accent="#7a1f5c", footer="All of us\n\n 1 High Street ", logo=LOGO)[0] == 200
    status, own = put(buyer="north-bank", accent="#003366", paper="Letter", logo=LOGO)
    assert (status, own["paper"], own["buyer"]) == (200, "Letter", "north-bank")
    trade.charge(agreed, 18000)
    trade.bill()
    first = trade.document()
    with reading(engine) as connection:
        before = pdf(connection, storage, first.id)
        assert job(connection, first.id).document["brand"] | {"logo": None} == {
            "accent": "#003366", "band": "#edf4f3", "footer": [], "paper": "Letter", "logo": None,
        }  # fmt: skip
    assert put(buyer="north-bank")[1]["logo"] is None
    trade.charge(agreed, 500, AFTER_OCTOBER)
    trade.bill(NOVEMBER, AFTER_NOVEMBER)
    render_pending(engine, storage, now=lambda: AFTER_NOVEMBER)
    with reading(engine) as connection:
        assert pdf(connection, storage, first.id) == before, "the old look, to the byte"
        assert job(connection, trade.documents()[1].id).logo is None
    assert list(prove(engine, storage)) == []

    with engine.begin() as connection:
        for statement in triggers.drop_statements(engine.dialect.name):
            connection.execute(text(statement))
        connection.execute(text("UPDATE logo SET content = :other"), {"other": b"<svg/>"})
    assert [f.check for f in run_checks(engine, None, AFTER_NOVEMBER).faults if f.check == "brands"] == ["brands"]


def test_what_is_not_fit_to_print_is_refused_with_the_clause(engine: Engine, put: Put) -> None:
    trade = Trade(engine)
    trade.join("acme-calls", "supplier")
    for body, clause in (
        ({"accent": "#cccccc"}, "accent"),
        ({"logo": b64encode(f"{HEAD}<script/></svg>".encode()).decode()}, "logo"),
        ({"footer": "\n".join("abcde")}, "footer"),
    ):
        status, answer = put(**body)
        assert (status, answer["violations"][0]["clause"]) == (422, clause)  # type: ignore[index]
    assert put(logo="%%%")[0] == 400
    assert put(buyer="nobody")[0] == put(buyer="acme-calls")[0] == 404
