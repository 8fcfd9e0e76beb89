"""Postgres and ClickHouse of the operator's own, given by URL: do they answer, and do they let Notehouse do its work?"""

from __future__ import annotations

import psycopg
from pydantic import SecretStr

from notehouse_core.errors import NotehouseError
from notehouse_core.settings import Settings, required
from notehouse_hub.rights.writers import WRITEABLE
from notehouse_hub.sample.warehouse import Warehouse
from notehouse_hub.supervisor.errors import SupervisorError


def postgres_version(name: str, url: SecretStr | None) -> str:
    """Return the version behind the URL of a setting. Raises SupervisorError."""
    try:
        address = required(url, name).replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address, connect_timeout=5) as connection:
            return str(connection.info.parameter_status("server_version"))
    except (NotehouseError, psycopg.Error) as error:
        raise SupervisorError(
            f"your own, and NOTEHOUSE_{name.upper()} opens nothing: {str(error).strip()}"
        ) from error


def clickhouse_version(settings: Settings) -> str:
    """Return the version. Raises SupervisorError."""
    return _asked(settings, "SELECT version()")


def rights(settings: Settings) -> str:
    """Say how rights reach it. Raises SupervisorError when they cannot."""
    if file := settings.clickhouse_users_file:
        if not file.parent.is_dir():
            raise SupervisorError(f"the folder of NOTEHOUSE_CLICKHOUSE_USERS_FILE is missing: {file.parent}")
        return f"rights go into {file}"
    if _asked(settings, WRITEABLE) == "0":
        raise SupervisorError(
            "your own ClickHouse keeps no users made by SQL (user_directories in its configuration): let it, or name a "
            "file of its users.d in NOTEHOUSE_CLICKHOUSE_USERS_FILE"
        )
    return "rights are written by SQL"


def _asked(settings: Settings, statement: str) -> str:
    try:
        return Warehouse.of(settings).execute(statement).strip()
    except NotehouseError as error:
        raise SupervisorError(error.message) from error


def outside(settings: Settings) -> list[str]:
    """Return what of a platform is not in its data folder, so that a backup of that does not hold it."""
    places = {
        "Postgres (NOTEHOUSE_DATABASE_URL, NOTEHOUSE_HUB_DATABASE_URL)": bool(settings.database_url),
        "ClickHouse (NOTEHOUSE_CLICKHOUSE_URL)": bool(settings.clickhouse_url),
        "artifacts (NOTEHOUSE_ARTIFACTS)": bool(settings.artifacts),
    }
    return [name for name, is_outside in places.items() if is_outside]
