import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from api import create_app
from tests.support.applications import SECRET, store_of


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    app = create_app({"DATABASE_URL": f"sqlite:///{tmp_path}/ledger.sqlite", "SECRET_KEY": SECRET, "TESTING": True})
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    store_of(app).dispose()


def test_the_documentation_shows_every_resource_within_its_own_policy(page: Page, address: str) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/docs")
    expect(page.get_by_text("Take an organisation on.")).to_be_visible()
    page.get_by_text("Take an organisation on.").click()
    expect(page.get_by_text("VAT identifier and bank details are tested offline")).to_be_visible()
    assert complaints == []
