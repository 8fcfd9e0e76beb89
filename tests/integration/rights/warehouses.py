"""A ClickHouse that rights are written to: the embedded one by its users file, and one given by URL by SQL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import httpx

from integration.rights.conftest import free_port
from notehouse_core.access import AccessPlan, clickhouse_password, clickhouse_user
from notehouse_core.settings import Settings
from notehouse_hub.embedded.standalone import RunningClickHouse, embedded_clickhouse, engine_folder
from notehouse_hub.rights.users_file import write_users_file
from notehouse_hub.rights.writers import SqlWriter

SECRET = "a-class-secret"
GIVEN = os.environ.get("NOTEHOUSE_TEST_CLICKHOUSE_URL", "")  # http://user:password@host:port
MODES = ["users-file", *(["sql"] if GIVEN else [])]


class Warehouse(Protocol):
    """As its administrator, and as a class's user."""

    url: str
    headers: dict[str, str]

    async def apply(self, plan: AccessPlan) -> None: ...


def ask(warehouse: Warehouse, statement: str, class_id: str = "") -> list[list[Any]]:
    """The rows, as the administrator or as a class. Raises PermissionError for what is refused."""
    headers = dict(warehouse.headers)
    if class_id:
        headers |= {
            "X-ClickHouse-User": clickhouse_user(class_id),
            "X-ClickHouse-Key": clickhouse_password(SECRET, class_id),
        }
    parameters = {"default_format": "JSONCompact", "output_format_json_quote_64bit_integers": "0"}
    answer = httpx.post(
        warehouse.url,
        content=statement.encode(),
        headers=headers,
        params=parameters,
        trust_env=False,
        timeout=60,
    )
    if answer.headers.get("X-ClickHouse-Exception-Code") in {"497", "516"}:
        raise PermissionError(answer.text)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"]) if answer.content.strip() else []


class Embedded:
    """Started anew for each plan, over the same data."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self._folder, self._running = folder, running
        self._key = secrets.token_urlsafe(32)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.headers = RunningClickHouse(self.url, self._key, None).headers  # type: ignore[arg-type]

    async def apply(self, plan: AccessPlan) -> None:
        file = self._folder / "plan.xml"
        write_users_file(plan, SECRET, file)
        self._running.close()
        self._running.enter_context(embedded_clickhouse(self._folder, self._port, file, key=self._key))


class Given:
    """The server of NOTEHOUSE_TEST_CLICKHOUSE_URL, whose account may manage users."""

    def __init__(self) -> None:
        address = urlsplit(GIVEN)
        port = f":{address.port}" if address.port else ""
        self.url = f"{address.scheme}://{address.hostname}{port}"
        self._settings = Settings(
            clickhouse_url=self.url,
            clickhouse_user=unquote(address.username or "default"),
            clickhouse_password=unquote(address.password or ""),
            class_secret=SECRET,
        )
        self.headers = self._settings.clickhouse_headers()

    async def apply(self, plan: AccessPlan) -> None:
        writer = SqlWriter(self._settings)
        try:
            report = await writer.write(plan)
            assert not report.refused
            assert not (await writer.write(plan)).changed, "a second look changes nothing"
        finally:
            await writer.close()


@contextmanager
def warehouse_of(mode: str) -> Iterator[Warehouse]:
    if mode == "sql":
        yield Given()
        return
    with engine_folder() as folder, ExitStack() as running:
        yield Embedded(folder, running)
