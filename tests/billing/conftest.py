import pytest
from sqlalchemy import Engine

from tests.billing.trade import Trade


@pytest.fixture
def trade(engine: Engine) -> Trade:
    return Trade(engine)
