"""ClickHouse as a data source, by its HTTP interface; the platform's own is read the same way."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from pydantic import Field

from notehouse_core.clickhouse_errors import parse_refusal
from notehouse_core.errors import SourceDown, SourceTimeout
from notehouse_core.host_policy import Pinned, pinned
from notehouse_hub.sources.contract import PATIENCE, READING, Column, Configuration, Connection, Table, Target

_TABLES = """
    SELECT database, name, comment, total_rows, total_bytes FROM system.tables
    WHERE has({databases:Array(String)}, database) AND NOT is_temporary AND NOT startsWith(name, '.inner')
    ORDER BY database, name"""
_COLUMNS = """
    SELECT database, table, name, position, type, match(type, '^(LowCardinality\\\\()?Nullable\\\\(|^Dynamic|^Variant'),
        default_expression, comment
    FROM system.columns WHERE database = {schema:String} AND has({tables:Array(String)}, table)
    ORDER BY table, position"""
_LARGEST = 32 * 2**20  # bytes of one answer
# New rights start the embedded one again, in the midst of an answer too.
_STARTED_AGAIN, _BETWEEN = 12, 0.5  # times that our own is asked, and seconds between them
_WRONG_PASSWORD, _UNKNOWN_DATABASE = 516, 81


class ClickHouseConfiguration(Configuration):
    """One database of a server, by the port of its HTTP interface; `secure` is TLS with its certificate checked."""

    port: int = Field(default=8443, ge=1, le=65_535)
    database: str = Field(default="default", min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")
    secure: bool = True


class ClickHouse:
    """The type `clickhouse`."""

    name = "clickhouse"
    config = ClickHouseConfiguration
    secrets = ("password",)

    @asynccontextmanager
    async def connect(self, target: Target) -> AsyncIterator[Connection]:
        """Speak with the checked address; nothing is sent before the first question."""
        config: ClickHouseConfiguration = target.config
        host = f"[{config.host}]" if ":" in config.host else config.host
        scheme = "https" if config.secure else "http"
        where = pinned(f"{scheme}://{host}:{config.port}/", target.address)
        account = httpx.BasicAuth(config.user, target.secrets.get("password", ""))
        async with _client() as client:
            yield ClickHouseConnection(
                client, where, account, f"{config.host}:{config.port}", [config.database]
            )

    def engine(self, target: Target) -> str | None:
        """ClickHouse has no database engine for another ClickHouse."""
        return None


class ClickHouseConnection:
    """Questions to one server as one account."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        where: Pinned,
        account: httpx.Auth | None,
        name: str,
        databases: Sequence[str],
        attempts: int = 1,
    ) -> None:
        self._client, self._where, self._account = client, where, account
        self._name = name
        self._databases = list(databases)
        self._attempts = attempts

    async def version(self) -> str:
        """Say which version answers, and that the database is there."""
        rows = await self._ask(
            "SELECT version(), (SELECT count() FROM system.databases WHERE has({databases:Array(String)}, name))",
            {"databases": _array(self._databases)},
            PATIENCE,
        )
        if int(rows[0][1]) < len(self._databases):
            raise SourceDown(
                f"{self._name}: there is no database {', '.join(self._databases)} for this account."
            )
        return f"ClickHouse {rows[0][0]}"

    async def tables(self) -> list[Table]:
        """Return the tables of the databases."""
        found = await self._ask(_TABLES, {"databases": _array(self._databases)})
        return [
            Table(schema, name, comment, _int(rows), _int(size))
            for schema, name, comment, rows, size in found
        ]

    async def columns(self, tables: Sequence[Table]) -> list[Column]:
        """Return the columns of tables of one database."""
        if not tables:
            return []
        names = {"schema": tables[0].schema, "tables": _array([one.name for one in tables])}
        return [
            Column(schema, table, name, int(position), kind, bool(int(nullable)), default or None, comment)
            for schema, table, name, position, kind, nullable, default, comment in await self._ask(
                _COLUMNS, names
            )
        ]

    async def has_database(self, name: str) -> bool:
        """Say whether there is a database of this name."""
        rows = await self._ask(
            "SELECT count() FROM system.databases WHERE name = {name:String}", {"name": name}
        )
        return bool(int(rows[0][0]))

    async def execute(self, statement: str) -> None:
        """Run a statement of ours that answers nothing, and that may be run twice."""
        await self._send(statement, {}, READING)

    async def _ask(self, sql: str, values: Mapping[str, str], patience: float = READING) -> list[list[Any]]:
        content = await self._send(f"{sql} FORMAT JSONCompact", values, patience)
        try:
            rows: list[list[Any]] = json.loads(content)["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise SourceDown(f"{self._name} answers, but not as a ClickHouse does.") from error
        return rows

    async def _send(self, sql: str, values: Mapping[str, str], patience: float) -> bytes:
        parameters = {f"param_{name}": value for name, value in values.items()}
        request = self._client.build_request(
            "POST", self._where.url, params=parameters, content=sql.encode(), headers=self._where.headers,
            timeout=httpx.Timeout(patience, connect=PATIENCE),
        )  # fmt: skip
        request.extensions.update(self._where.extensions)
        try:
            answer, content = await self._answered(request)
        except httpx.TimeoutException as error:
            raise SourceTimeout(f"{self._name} does not answer within {patience:.0f} s.") from error
        except (httpx.HTTPError, ValueError) as error:
            raise SourceDown(f"{self._name}: {_reason(error)}") from error
        self._refuse(answer, content)
        return content

    async def _answered(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        """Ask as often as may be, where a server that is started again ends the connection under a question."""
        for _ in range(self._attempts - 1):
            with suppress(httpx.NetworkError, httpx.RemoteProtocolError):
                return await self._answered_once(request)
            await asyncio.sleep(_BETWEEN)
        return await self._answered_once(request)

    async def _answered_once(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        answer = await self._client.send(request, auth=self._account, stream=True)
        try:
            return answer, await _read(answer)
        finally:
            await answer.aclose()

    def _refuse(self, answer: httpx.Response, content: bytes) -> None:
        if answer.status_code == 200:
            return
        code = answer.headers.get("X-ClickHouse-Exception-Code", "")
        if code == str(_WRONG_PASSWORD):
            raise SourceDown(f"{self._name}: wrong password, or there is no such user.")
        if not code:
            raise SourceDown(f"{self._name} answers {answer.status_code}, and not as a ClickHouse does.")
        raise SourceDown(
            f"{self._name}: {parse_refusal(content[:2000].decode(errors='replace'), '').message}"
        )


@asynccontextmanager
async def house(
    url: str, headers: Mapping[str, str], databases: Sequence[str]
) -> AsyncIterator[ClickHouseConnection]:
    """Connect to the platform's own ClickHouse as its administrator, for as long as the block lasts."""
    async with _client() as client:
        where = Pinned(url, dict(headers))
        yield ClickHouseConnection(client, where, None, "ClickHouse", databases, attempts=_STARTED_AGAIN)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, follow_redirects=False)


async def _read(answer: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > _LARGEST:
            raise ValueError(f"an answer of more than {_LARGEST // 2**20} MB")
        parts.append(part)
    return b"".join(parts)


def _reason(error: Exception) -> str:
    """Why there was no answer, in a sentence."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}."
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS on this port."
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused: nothing listens there, or a firewall forbids it."
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "no connection: nothing listens there, or a firewall forbids it."
    return f"it does not speak HTTP as ClickHouse does ({type(error).__name__})."


def _array(words: Sequence[str]) -> str:
    """A value of Array(String), as a parameter holds it."""
    escaped = (word.replace("\\", "\\\\").replace("'", "\\'") for word in words)
    return "[" + ",".join(f"'{word}'" for word in escaped) + "]"


def _int(value: Any) -> int | None:
    return None if value is None else int(value)
