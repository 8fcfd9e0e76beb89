"""Small questions to ClickHouse whose whole answer we read: the gate's, and the admin's."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from notehouse_core.access import clickhouse_password
from notehouse_core.settings import Settings, required
from notehouse_hub.embedded.clickhouse_config import KEY_HEADER
from notehouse_hub.rights.profile import GATE_ID, GATE_USER
from notehouse_hub.service.query_gateway.upstream import Pool

_LARGEST = 64 * 2**20
_PATIENCE = 20.0  # seconds


@dataclass(frozen=True)
class Answer:
    """A whole answer; `code` is ClickHouse's error code, 0 if there was no error."""

    status: int
    code: int
    body: bytes


class CollectedAnswer:
    """Collects an answer; a body is at most 64 MB."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[Answer] = loop.create_future()
        self._lines: list[bytes] = []
        self._body = bytearray()

    def head_line(self, line: bytes) -> None:
        """Keep a line of the head."""
        self._lines.append(line)

    def head_end(self) -> None:
        """Nothing to do: the body follows."""

    def body(self, data: bytes | memoryview) -> None:
        """Keep a piece of the body."""
        self._body += data
        if len(self._body) > _LARGEST and not self.ready.done():
            self.ready.set_exception(OSError("the answer is too large"))
            self._body.clear()

    def end(self) -> None:
        """Put the answer together."""
        if self.ready.done():
            return
        headers = head_fields(self._lines)
        body = (
            dechunked(bytes(self._body))
            if headers.get("transfer-encoding") == "chunked"
            else bytes(self._body)
        )
        status = int(self._lines[0].split(b" ", 2)[1])
        self.ready.set_result(Answer(status, int(headers.get("x-clickhouse-exception-code", "0")), body))

    def broken(self, *, answered: bool) -> None:
        """Tell that the connection was lost."""
        if not self.ready.done():
            self.ready.set_exception(ConnectionResetError("ClickHouse closed the connection"))


def head_fields(lines: list[bytes]) -> dict[str, str]:
    """Return the fields of a head; names in lower case, the last of equal ones wins."""
    pairs = (line.decode("latin-1").partition(":") for line in lines[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def dechunked(data: bytes) -> bytes:
    """Take the framing off a whole chunked body."""
    parts: list[bytes] = []
    position = 0
    while True:
        end = data.index(b"\r\n", position)
        length = int(data[position:end].split(b";")[0], 16)
        if length == 0:
            return b"".join(parts)
        parts.append(data[end + 2 : end + 2 + length])
        position = end + 4 + length


def request_bytes(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Write one HTTP request. Raises ValueError for a header that would break its line."""
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any(character in line for line in lines for character in "\r\n\0"):
        raise ValueError("a header with a line break")
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    return head.encode("latin-1") + body


class Questions:
    """Asks ClickHouse."""

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self._pool = pool
        self._host = f"{pool.host}:{pool.port}"
        self._key = settings.clickhouse_key.get_secret_value() if settings.clickhouse_key else ""
        self._admin = (settings.clickhouse_user, settings.clickhouse_password.get_secret_value())
        secret = required(settings.class_secret, "class_secret")
        self._gate = (GATE_USER, clickhouse_password(secret, GATE_ID))

    async def as_gate(self, statement: bytes, settings: Mapping[str, str]) -> Answer:
        """Ask as the user that may read nothing."""
        return await self._ask(statement, settings, self._gate)

    async def as_admin(self, statement: bytes, settings: Mapping[str, str]) -> Answer:
        """Ask as the admin; for statements of our own only."""
        return await self._ask(statement, settings, self._admin)

    async def as_user(
        self, statement: bytes, settings: Mapping[str, str], account: tuple[str, str]
    ) -> Answer:
        """Ask as an access class's own user and password."""
        return await self._ask(statement, settings, account)

    def headers(self, user: str, password: str) -> dict[str, str]:
        """Return the headers with which a request goes up."""
        identity = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password} if user else {}
        secret = {KEY_HEADER: self._key} if self._key else {}
        return {"Host": self._host, **secret, **identity}

    async def _ask(self, statement: bytes, settings: Mapping[str, str], account: tuple[str, str]) -> Answer:
        """Ask; once more on a new connection if a kept one was closed on the other side."""
        headers = self.headers(*account)
        request = request_bytes(f"/?{urlencode(settings)}", headers, statement)
        async with asyncio.timeout(_PATIENCE):
            connection = await self._pool.connection()
            collected = CollectedAnswer()
            connection.send(request, collected)
            try:
                return await collected.ready
            except ConnectionResetError:
                connection = await self._pool.connection(fresh=True)
                collected = CollectedAnswer()
                connection.send(request, collected)
                return await collected.ready
            finally:
                if not collected.ready.done():
                    connection.close()
