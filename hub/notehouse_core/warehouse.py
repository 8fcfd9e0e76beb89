"""How does the API run someone's SQL? Through the query gateway, with a token of that person's class."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from notehouse_core import errors, log_context, query_cache
from notehouse_core.clickhouse_errors import parse_refusal
from notehouse_core.settings import Settings
from notehouse_core.sql_parameters import text_of

LARGEST_ANSWER = 64 * 2**20
FORMATS = {
    "json": "JSONCompact",
    "csv": "CSVWithNames",
    "arrow": "ArrowStream",
    "parquet": "Parquet",
}
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
_LONGEST_IN_ADDRESS = 10_000  # bytes; each may take three when it is written with a percent sign
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_AWAY = "The query gateway does not answer. It is being started again: try in a few seconds."


@dataclass(frozen=True)
class Statement:
    """What to run: SQL, values for its {name:Type} parameters, the most rows to bring back.

    `query_id` is the id under which it is watched and ended; with `use_cache` ClickHouse may answer from what it remembers.
    """

    data_source: str
    sql: str
    parameters: dict[str, Any]
    limit: int
    query_id: str = ""
    use_cache: bool = False


@dataclass(frozen=True)
class Answer:
    """What came back: the bytes of the format asked for, and what the engine says it cost."""

    query_id: str
    content: bytes
    summary: dict[str, int]
    cached: bool = False

    def table(self) -> dict[str, Any]:
        """Read a JSON answer: `meta` (name and type by column) and `data` (rows as lists)."""
        return json.loads(self.content) if self.content.strip() else {"meta": [], "data": []}

    def rows(self) -> list[dict[str, Any]]:
        """Read a JSON answer as rows by column name."""
        table = self.table()
        names = [column["name"] for column in table["meta"]]
        return [dict(zip(names, row, strict=True)) for row in table["data"]]


class Warehouse:
    """A client of the query gateway."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx.AsyncClient(base_url=settings.query, timeout=None, trust_env=False)  # noqa: S113

    async def close(self) -> None:
        """Close connections; queries that still run are ended by the gateway."""
        await self._client.aclose()

    async def alive(self) -> bool:
        """Say whether the query gateway answers."""
        try:
            return (await self._client.get("/health/ready", timeout=3)).status_code == 200
        except httpx.HTTPError:
            return False

    async def estimate(self, statement: Statement, token: str) -> dict[str, Any]:
        """Say what a statement would read. Raises QueryRefused, SourceDown, SourceTimeout or TooMany."""
        request = self._request(f"/estimate/{quote(statement.data_source, safe='')}/", statement, token)
        try:
            answer = await self._client.send(request)
        except httpx.TransportError as error:
            raise errors.SourceDown(_AWAY) from error
        _refuse(answer, answer.content, statement.sql)
        found: dict[str, Any] = answer.json()
        return found

    async def run(self, statement: Statement, output: str, token: str) -> Answer:
        """Run a statement. Raises QueryRefused, SourceDown, SourceTimeout, TooMany or TooLarge."""
        settings = {
            "default_format": FORMATS[output],
            "query_id": statement.query_id or str(uuid4()),
            "wait_end_of_query": "1",
            **_up_to(statement),
        }
        path = f"/{quote(statement.data_source, safe='')}/"
        request = self._request(path, statement, token, settings)
        try:
            answer = await self._client.send(request, stream=True)
            async with _closing(answer):
                content = await _read(answer)
        except httpx.TransportError as error:
            raise errors.SourceDown(_AWAY) from error
        _refuse(answer, content, statement.sql)
        cached = "Age" in answer.headers
        return Answer(answer.headers.get("X-ClickHouse-Query-Id", ""), content, _summary(answer), cached)

    async def progress(self, query_id: str, token: str) -> dict[str, Any] | None:
        """How far a query is that runs now; None when it does not. Raises SourceDown."""
        return await self._one("GET", query_id, token)

    async def stop(self, query_id: str, token: str) -> dict[str, Any] | None:
        """End a query that runs now; how far it was, None when it did not run. Raises SourceDown."""
        return await self._one("DELETE", query_id, token)

    async def _one(self, method: str, query_id: str, token: str) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {token}", **log_context.passed_on()}
        try:
            answer = await self._client.request(
                method, f"/query/{quote(query_id, safe='')}", headers=headers, timeout=10
            )
        except httpx.TransportError as error:
            raise errors.SourceDown(_AWAY) from error
        if answer.status_code == 404:
            return None
        _refuse(answer, answer.content, "")
        found: dict[str, Any] = answer.json()
        return found

    def _request(
        self, path: str, statement: Statement, token: str, settings: Mapping[str, str] = _NO_SETTINGS
    ) -> httpx.Request:
        """The question as a request; values that are too long for an address go into a form with the statement."""
        values = {f"param_{name}": text_of(value) for name, value in statement.parameters.items()}
        headers = {"Authorization": f"Bearer {token}", **log_context.passed_on()}
        if sum(len(name) + len(value.encode()) for name, value in values.items()) <= _LONGEST_IN_ADDRESS:
            content = statement.sql.encode()
            parameters = {**settings, **values}
            return self._client.build_request(
                "POST", path, params=parameters, content=content, headers=headers
            )
        form = {name: (None, value) for name, value in {**values, "query": statement.sql}.items()}
        return self._client.build_request("POST", path, params=settings, files=form, headers=headers)


class _closing:  # noqa: N801 - reads as a verb
    """Close a streamed answer whatever happens, which also ends its query."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        await self._answer.aclose()


async def _read(answer: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > LARGEST_ANSWER:
            raise errors.TooLarge(
                f"The result is larger than {LARGEST_ANSWER // 2**20} MB. Ask for fewer rows or columns, or "
                "aggregate in SQL; large results come through the ClickHouse protocol address."
            )
        parts.append(part)
    return b"".join(parts)


def _refuse(answer: httpx.Response, content: bytes, sql: str) -> None:
    """Turn what the gateway refused into our errors."""
    if answer.status_code < 400:
        return
    text = content.decode(errors="replace")
    if answer.status_code == 429:
        raise errors.TooMany(parse_refusal(text, sql).message)
    if answer.status_code in {502, 503}:
        raise errors.SourceDown("The data source does not answer now. Try again in a few seconds.")
    if answer.status_code == 504:
        raise errors.SourceTimeout("The data source did not answer in time.")
    refusal = parse_refusal(text, sql)
    raise errors.QueryRefused(refusal.message, code=refusal.code, line=refusal.line, column=refusal.column)


def _up_to(statement: Statement) -> dict[str, str]:
    """How an answer ends at the limit; ClickHouse keeps no answer that it would have to break off."""
    most = str(statement.limit + 1)
    if statement.use_cache:
        return {"limit": most, **query_cache.SETTINGS}
    return {"max_result_rows": most, "result_overflow_mode": "break"}


def _summary(answer: httpx.Response) -> dict[str, int]:
    try:
        found = json.loads(answer.headers.get("X-ClickHouse-Summary", "{}"))
    except json.JSONDecodeError:
        return {}
    return {name: int(value) for name, value in found.items() if str(value).isdigit()}
