"""Connections that wait in the pool while the server goes away."""

from sqlalchemy import Connection, text

from ledger.store.engine import make_engine, reading


def backend(connection: Connection) -> int:
    pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    assert isinstance(pid, int)
    return pid


def test_connections_that_the_server_has_closed_are_made_anew_before_they_are_used(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url)
    with engine.connect() as first, engine.connect() as second:
        pooled = {backend(first), backend(second)}
    others = make_engine(postgresql_url, pool_size=1)
    with others.connect() as other:
        for pid in pooled:
            assert other.execute(text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": pid}).scalar_one()
    with reading(engine) as first, reading(engine) as second:
        assert pooled.isdisjoint({backend(first), backend(second)})
    others.dispose()
    engine.dispose()


def test_a_connection_that_the_server_keeps_is_used_again(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url, pool_size=1)
    with reading(engine) as connection:
        used = backend(connection)
    with reading(engine) as connection:
        assert backend(connection) == used
    engine.dispose()
