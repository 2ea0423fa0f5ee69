"""What clients read of who was there: minutes together and stays, beside the evidence that says so."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from ledger.services import access
from ledger.store.engine import writing
from tests.services.market import Market
from tests.services.meetings import TWENTY_TWO_MINUTES, at, show

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_evidence_tells_who_was_there_and_for_how_long(engine: Engine, client: FlaskClient) -> None:
    house = Market(engine)
    identity, without = house.taken(reference="S-1"), house.taken(reference="S-2")
    show(house, identity, TWENTY_TWO_MINUTES, at(40))
    with writing(engine) as connection:
        key = access.issue_key(connection, "supplier", house.ids["acme-calls"], datetime.now(UTC))
    headers = {"Authorization": f"Bearer {key.secret}"}
    (found,) = client.get(f"/v1/appointments/{identity}/evidence", headers=headers).get_json()["presence"]
    assert (found["grade"], found["minutes"], found["needed"]) == ("A", 22, 15)
    assert found["shows"] == {"attendance": "attended", "minutes": 22}
    assert found["together"] == [{"from": "2026-03-10T10:02:00Z", "until": "2026-03-10T10:24:00Z"}]
    assert found["waiting"] == {"from": "2026-03-10T10:00:00Z", "until": "2026-03-10T10:10:00Z"}
    assert client.get(f"/v1/appointments/{without}/evidence", headers=headers).get_json()["presence"] == []
