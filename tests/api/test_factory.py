import gc
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from freezegun import freeze_time

from api import create_app
from api import settings as configuration
from ledger.store import migrate
from tests.api.conftest import Caller
from tests.support.applications import SECRET, store_of


def make(path: Path, **config: Any) -> Flask:
    return create_app({"DATABASE_URL": f"sqlite:///{path}", "SECRET_KEY": SECRET, "TESTING": True, **config})


def test_an_empty_sqlite_file_is_brought_up_on_first_use(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "ledger.sqlite"
    app = make(path)
    assert not path.exists()
    assert app.test_client().get("/readyz").status_code == 200
    assert migrate.current(f"sqlite:///{path}") == migrate.newest()
    store_of(app).dispose()


def test_several_applications_keep_to_themselves(tmp_path: Path) -> None:
    first, second = make(tmp_path / "one.sqlite"), make(tmp_path / "two.sqlite")
    documents = [app.test_client().get("/openapi.json").json for app in (first, second)]
    assert documents[0] == documents[1]
    first.test_client().get("/healthz")
    assert 'route="/healthz"' in first.test_client().get("/metrics").text
    assert 'route="/healthz"' not in second.test_client().get("/metrics").text
    assert store_of(first).url != store_of(second).url
    assert second.test_client().get("/readyz").status_code == 200
    for app in (first, second):
        store_of(app).dispose()


def test_first_uses_at_once_migrate_once(tmp_path: Path) -> None:
    apps = [make(tmp_path / "ledger.sqlite") for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: apps[n % 4].test_client().get("/readyz").status_code, range(16)))
    assert set(answers) == {200}
    for app in apps:
        store_of(app).dispose()


def test_a_forgotten_application_closes_its_connections(tmp_path: Path) -> None:
    app = make(tmp_path / "ledger.sqlite")
    app.test_client().get("/readyz")
    pool = store_of(app)._engine.pool
    del app
    gc.collect()
    assert pool.checkedin() == 0  # type: ignore[attr-defined]


def test_settings_are_read_anew_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET_KEY", SECRET)
    assert configuration.read().database_url == f"sqlite:///{tmp_path}/var/ledger.sqlite"
    assert configuration.read().documents_url == f"file://{tmp_path}/var/documents"
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    monkeypatch.setenv("MAX_BODY_BYTES", "17")
    assert configuration.read().database_url == "postgresql://somewhere/else"
    assert configuration.read().max_body_bytes == 17
    assert configuration.read({"MAX_BODY_BYTES": 18}).max_body_bytes == 18


@pytest.mark.parametrize(
    "config",
    [
        {"DATABASE_URL": "mysql://x/y"},
        {"DATABASE_URL": "nonsense"},
        {"DATABASE_URL": "sqlite://"},
        {"DATABASE_URL": "sqlite:///:memory:"},
        {"TESTING": "perhaps"},
        {"MAX_BODY_BYTES": "1 MiB"},
        {"MAX_BODY_BYTES": 1.5},
    ],
)
def test_a_setting_that_does_not_parse_is_refused_by_name(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(config))):
        configuration.read({"SECRET_KEY": SECRET, **config})


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SECRET_KEY", raising=False)
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: configuration.read().secret_key, range(8)))
    assert len(secrets) == 1
    assert len(secrets.pop()) >= 48
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_the_limit_of_bodies_is_a_setting(tmp_path: Path) -> None:
    app = make(tmp_path / "ledger.sqlite", MAX_BODY_BYTES=10)
    answer = app.test_client().post(
        "/v1/keys",
        json={"role": "admin"},
        headers={"Authorization": f"Bearer al_{'0' * 10}_{'a' * 43}"},
    )
    assert answer.status_code == 401
    store_of(app).dispose()


def test_the_clients_address_is_believed_only_behind_a_trusted_proxy(tmp_path: Path) -> None:
    for hops, expected in ((0, [401, 429, 429]), (1, [401, 401, 401])):
        app = make(tmp_path / "x.sqlite", TESTING=False, FAILED_KEYS_PER_MINUTE=1, TRUSTED_PROXIES=hops)
        asker = Caller(app.test_client(), "wrong")
        headers = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(3)]
        with freeze_time("2026-10-05T09:00:00Z"):  # the next minute would forgive
            assert [asker("GET", "/v1/keys", headers=each).status_code for each in headers] == expected
        store_of(app).dispose()
