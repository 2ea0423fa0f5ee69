"""Alembic's environment: runs the migrations on SQLite and PostgreSQL alike."""

from alembic import context

from ledger.store.engine import make_engine
from ledger.store.tables import metadata

url = context.config.attributes["url"]


def include_object(_item: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    return not (kind == "table" and reflected and name == "alembic_version")


engine = make_engine(url)
with engine.connect() as connection:
    connection = connection.execution_options(writes=True)
    if engine.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.rollback()
    with connection.begin():
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            compare_type=True,
            include_object=include_object,
        )
        with context.begin_transaction():
            context.run_migrations()
engine.dispose()
