"""The ClickHouse that rights are written to, as its administrator; and as one of the users made there."""

from __future__ import annotations

import json
from typing import Any

import httpx

from notehouse_core.errors import NotehouseError, SourceDown
from notehouse_core.settings import Settings

_SECONDS = 30.0
_NO_RIGHT, _UNKNOWN_USER = "497", "516"
_REFUSAL = 1000  # characters of an error that are told


class StatementRefused(NotehouseError):
    """ClickHouse did not accept a statement."""

    code, status = "statement_refused", 502


class Server:
    """Asks over HTTP."""

    def __init__(self, settings: Settings) -> None:
        self._headers = settings.clickhouse_headers()
        self._account = settings.clickhouse_user
        self._http = httpx.AsyncClient(base_url=settings.clickhouse, timeout=_SECONDS, trust_env=False)

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def execute(self, statement: str) -> None:
        """Run a statement. Raises StatementRefused, SourceDown."""
        await self._ask(statement, {})

    async def rows(self, statement: str, **parameters: str) -> list[list[Any]]:
        """Return the rows of a query with {name:Type} parameters. Raises StatementRefused, SourceDown."""
        values = {f"param_{name}": value for name, value in parameters.items()}
        values["output_format_json_quote_64bit_integers"] = "0"
        answer = await self._ask(f"{statement} FORMAT JSONCompactEachRow", values)
        return [json.loads(line) for line in answer.splitlines()]

    async def lets_in(self, user: str, password: str) -> bool:
        """Say whether a user comes in with this password."""
        headers = {**self._headers, "X-ClickHouse-User": user, "X-ClickHouse-Key": password}
        answer = await self._send("SELECT 1", {}, headers)
        return str(answer.headers.get("X-ClickHouse-Exception-Code")) != _UNKNOWN_USER

    async def _ask(self, statement: str, parameters: dict[str, str]) -> str:
        answer = await self._send(statement, parameters, self._headers)
        if answer.status_code == httpx.codes.OK:
            return answer.text
        code = answer.headers.get("X-ClickHouse-Exception-Code", "")
        if code in {_NO_RIGHT, _UNKNOWN_USER} or not code:
            raise SourceDown(
                f"ClickHouse refused the account {self._account}: {answer.text[:_REFUSAL].strip()}. It needs the right to "
                "manage users (access_management, or GRANT ALL ON *.* WITH GRANT OPTION): see NOTEHOUSE_CLICKHOUSE_USER."
            )
        raise StatementRefused(answer.text[:_REFUSAL].strip(), code=code)

    async def _send(
        self, statement: str, parameters: dict[str, str], headers: dict[str, str]
    ) -> httpx.Response:
        try:
            return await self._http.post("/", content=statement.encode(), params=parameters, headers=headers)
        except httpx.TransportError as error:
            raise SourceDown(
                f"ClickHouse does not answer ({type(error).__name__}). Check NOTEHOUSE_CLICKHOUSE_URL."
            ) from error
