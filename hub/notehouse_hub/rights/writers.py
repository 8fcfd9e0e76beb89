"""The two ways in which a plan reaches a ClickHouse that is given by URL: by SQL, or as a file in its users.d."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

from notehouse_core.access import AccessPlan
from notehouse_core.errors import NotehouseError, SourceDown
from notehouse_core.settings import Settings, required
from notehouse_hub.rights.grants import PlanError
from notehouse_hub.rights.reconciler import Reconciler, Report
from notehouse_hub.rights.server import Server
from notehouse_hub.rights.users_file import users_xml, write_users_file

WRITEABLE = "SELECT count() FROM system.user_directories WHERE type NOT LIKE 'users%' AND type != 'ldap'"

log = logging.getLogger(__name__)


class Writer(Protocol):
    """Writes a plan; raises NotehouseError when it cannot now."""

    async def write(self, plan: AccessPlan) -> Report:
        """Bring ClickHouse to this plan."""

    async def close(self) -> None:
        """Close what is open."""


class SqlWriter:
    """Makes users, policies and grants by SQL, as an account that may manage access."""

    def __init__(self, settings: Settings) -> None:
        self._server = Server(settings)
        self._reconciler = Reconciler(self._server, required(settings.class_secret, "class_secret"))

    async def write(self, plan: AccessPlan) -> Report:
        """Bring ClickHouse to this plan. Raises SourceDown."""
        if await self._server.rows(WRITEABLE) == [[0]]:
            raise SourceDown(
                "This ClickHouse keeps no users made by SQL (user_directories in its configuration). Let it, or let "
                "Notehouse write a file of its users.d: NOTEHOUSE_CLICKHOUSE_USERS_FILE."
            )
        return await self._reconciler.reconcile(plan)

    async def close(self) -> None:
        """Close connections."""
        await self._server.close()


class FileWriter:
    """Writes the file; the server reads it again by itself when it changes."""

    def __init__(self, settings: Settings, file: Path) -> None:
        self._file = file
        self._secret = required(settings.class_secret, "class_secret")

    async def write(self, plan: AccessPlan) -> Report:
        """Write the file if it is not this plan's already. Raises NotehouseError, and the file of before stays."""
        try:
            if self._file.exists() and self._file.read_text() == users_xml(plan, self._secret, beside=True):
                return Report()
            write_users_file(plan, self._secret, self._file, beside=True)
        except (PlanError, OSError) as error:
            raise NotehouseError(f"{self._file} could not be written: {error}") from error
        return Report(made=[str(self._file)])

    async def close(self) -> None:
        """Nothing is open."""


def writer_of(settings: Settings) -> Writer:
    """Return the writer of these settings."""
    file = settings.clickhouse_users_file
    return FileWriter(settings, file) if file else SqlWriter(settings)
