from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from invoices.storage import Storage, storage_at
from tests.mail.offices import Office, opened
from tests.support.mail_server import MailServer, taking_mail


@pytest.fixture
def server() -> Iterator[MailServer]:
    with taking_mail() as found:
        yield found


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return storage_at(str(tmp_path))


@pytest.fixture
def office(engine: Engine, server: MailServer, storage: Storage) -> Office:
    return opened(engine, server, storage)
