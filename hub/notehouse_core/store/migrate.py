"""Brings the schema to this version's: our tables by Alembic, the job queue's by procrastinate's own SQL."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Migrate as the schema's owner; safe to repeat, and at once from several processes.

    Raises sqlalchemy.exc.OperationalError while Postgres is away.
    """
    command.upgrade(_config(owner_url), revision)


def versions(owner_url: str) -> tuple[str | None, str | None]:
    """Return the version that the database has, and the one that this Notehouse needs.

    Raises sqlalchemy.exc.OperationalError while Postgres is away.
    """
    wanted = ScriptDirectory.from_config(_config(owner_url)).get_current_head()
    engine = create_engine(owner_url, connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision(), wanted
    finally:
        engine.dispose()


def _config(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = owner_url
    return config
