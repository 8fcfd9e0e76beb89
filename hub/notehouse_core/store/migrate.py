"""Brings the schema to this version's: our tables by Alembic, the job queue's by procrastinate's own SQL."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Migrate as the schema's owner; safe to repeat, and at once from several processes.

    Raises sqlalchemy.exc.OperationalError while Postgres is away.
    """
    command.upgrade(_config(owner_url), revision)


def _config(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = owner_url
    return config
