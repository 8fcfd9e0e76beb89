"""How do changed rights reach the embedded ClickHouse?

It reads users, grants and row filters from a file at its start only. A writer of rights says so with
NOTIFY; the file is written anew from Postgres, and if it differs the engine is started again as soon as
running queries end.
"""

import asyncio
import hashlib
import time
from pathlib import Path

import httpx

from notehouse_core.store.database import Database
from notehouse_core.store.plan import load_access_plan
from notehouse_hub.rights.grants import PlanError
from notehouse_hub.rights.users_file import write_users_file
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.platform import Platform


class UsersFile:
    """The users file as the running engine has read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = b""

    def note_read(self) -> None:
        """Remember the content with which the engine starts now."""
        self._read = self._digest()

    def differs(self) -> bool:
        """Say whether the file has changed since the engine read it."""
        return self._digest() != self._read

    def _digest(self) -> bytes:
        return hashlib.sha256(self.path.read_bytes()).digest() if self.path.exists() else b""


async def drained(url: str, headers: dict[str, str], patience: float = 5.0) -> None:
    """Wait until no query of anybody runs in the engine, at most `patience` seconds."""
    asked = "SELECT count() FROM system.processes WHERE is_initial_query AND query NOT LIKE '%sleepEachRow%'"
    deadline = time.monotonic() + patience
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        while time.monotonic() < deadline:
            try:
                answer = await client.post(url, content=asked, headers=headers)
            except httpx.HTTPError:
                return
            if answer.text.strip() in {"0", "1"}:  # 1: the question itself
                return
            await asyncio.sleep(0.1)


async def write(platform: Platform, console: Console) -> None:
    """Write the users file from what Postgres says now; whole, or not at all."""
    database = Database(platform.database_urls.app)
    try:
        async with database.session() as session:
            access = await load_access_plan(session)
    finally:
        await database.close()
    try:
        write_users_file(
            access,
            platform.vault.text("class-secret"),
            platform.clickhouse_users,
            owner=platform.users.uid("clickhouse"),
        )
    except PlanError as error:
        console.warn(f"New rights could not be written for ClickHouse, those of before hold: {error}")
