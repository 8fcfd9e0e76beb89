"""Alembic's entry: one connection, one transaction, one migrator at a time."""

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text

from notehouse_core.store.isolation import EVERYWHERE, SETTING
from notehouse_core.store.models import Base

MIGRATOR_LOCK = 0x6E6F7465  # any number that only migrators of this schema use


def ours(name: str | None, kind: str, _: object) -> bool:
    """Leave out of the comparison with our models: the job queue's own tables, and what `isolation` adds to ours."""
    prefix = {"table": "procrastinate_", "unique_constraint": "tenant_", "foreign_key_constraint": "tenant_"}
    return kind not in prefix or not (name or "").startswith(prefix[kind])


def migrate(connection: Connection) -> None:
    """Run what is missing; a second migrator waits for the first."""
    context.configure(connection=connection, target_metadata=Base.metadata, include_name=ours)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATOR_LOCK})
        connection.execute(text(f"SELECT set_config('{SETTING}', '{EVERYWHERE}', true)"))
        context.run_migrations()


engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as opened:
    migrate(opened)
