"""The query gateway as a kernel sees it: a token from a file, statements over HTTP, Arrow back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx

from notehouse_core.token_renewal import RENEW, RENEW_HEADER, read_token, renewed
from notehouse_sql import transport
from notehouse_sql.errors import SqlError, explain
from notehouse_sql.transport import CONNECT_SECONDS, Patience

_AWAY = (
    "The query gateway does not answer, or the connection to it broke. It is started again by itself: run the cell once "
    "more in a few seconds."
)
_AWAY_WRITING = (
    "The connection to the query gateway broke while rows were written. They may be there: look before you send them "
    "again."
)


@dataclass(frozen=True)
class Statement:
    """SQL, the values of its {name:Type} places as text, and the id it is known by while it runs."""

    source: str
    sql: str
    query_id: str
    parameters: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """An answer's bytes as a file, and what its head says of its cost; `age` in seconds when it was remembered."""

    body: BinaryIO
    rows_read: int = 0
    bytes_read: int = 0
    age: int | None = None

    @classmethod
    def of(cls, answer: HTTPResponse) -> Answer:
        """Read the head of an answer that has begun."""
        said = json.loads(answer.headers.get("X-ClickHouse-Summary", "{}"))
        age = answer.headers.get("Age", "")
        rows, size = int(said.get("read_rows", 0)), int(said.get("read_bytes", 0))
        return cls(answer, rows, size, int(age) if age.isdigit() else None)


class QueryGateway:
    """Sends statements; reads the token anew for each, because the server renews it in place."""

    def __init__(self, url: str, token_file: Path) -> None:
        self._token_file = token_file
        self._url = url
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False)

    @classmethod
    def from_environment(cls) -> QueryGateway:
        """The gateway this kernel was started with. Raises SqlError when it was started without one."""
        url, file = os.environ.get("NOTEHOUSE_QUERY_URL"), os.environ.get("NOTEHOUSE_TOKEN_FILE")
        if not url or not file:
            raise SqlError(
                "This kernel was started without a connection to Notehouse. Choose the kernel 'SQL + Python'."
            )
        return cls(url, Path(file))

    @contextmanager
    def run(self, statement: Statement, patience: Patience | None = None) -> Iterator[Answer]:
        """The answer as it comes, in Arrow's stream format. Raises SqlError.

        Leaving the block early closes the connection, which ends the query in the database. A token that is refused
        because it has ended is renewed, and the statement sent once more: nothing of it has run.
        """
        try:
            with ExitStack() as stack:
                answer = self._answered(stack, statement, None, patience)
                if answer.status != HTTPStatus.OK:
                    raise explain(answer.read().decode(errors="replace"), statement.sql)
                yield Answer.of(answer)
        except (OSError, HTTPException) as error:
            raise SqlError(_AWAY) from error

    def write(self, statement: Statement, rows: bytes | None = None, patience: Patience | None = None) -> int:
        """Run a statement that answers no rows, with the rows it brings; how many were written. Raises SqlError.

        It is sent once, and again only with a renewed token: then nothing of it has run.
        """
        try:
            with ExitStack() as stack:
                answer = self._answered(stack, statement, rows, patience)
                said = answer.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            raise SqlError(_AWAY_WRITING) from error
        if answer.status != HTTPStatus.OK:
            raise explain(said, statement.sql)
        summary = json.loads(answer.headers.get("X-ClickHouse-Summary", "{}"))
        return int(summary.get("written_rows", 0))

    def _answered(
        self, stack: ExitStack, statement: Statement, rows: bytes | None, patience: Patience | None
    ) -> HTTPResponse:
        """The head of an answer that stays open with the stack; sent once more when the token has ended."""
        waited = patience or Patience(0, lambda: None)
        answer = stack.enter_context(self._sent(statement, rows, waited))
        if answer.headers.get(RENEW_HEADER) == RENEW and renewed(self._token_file):
            answer = stack.enter_context(self._sent(statement, rows, waited))
        return answer

    def _sent(
        self, statement: Statement, rows: bytes | None, patience: Patience
    ) -> AbstractContextManager[HTTPResponse]:
        path, body = f"/{statement.source}/", statement.sql.encode()
        parameters = {**_packing(self._url), **_query(statement)}
        if rows is not None:
            parameters, body = {**parameters, "query": statement.sql}, rows
        return transport.posted(self._url, path, parameters, body, self.headers(), patience)

    def estimate(self, statement: Statement) -> dict[str, Any]:
        """What a statement would read, against the limits of this kernel's token. Raises SqlError."""
        parameters = {f"param_{name}": value for name, value in statement.parameters.items()}
        content = statement.sql.encode()
        return self._asked(
            "POST", f"/estimate/{statement.source}/", statement.sql, params=parameters, content=content
        )

    def limits(self) -> dict[str, Any]:
        """The limits of this kernel's token. Raises SqlError."""
        return self._asked("GET", "/limits", "")

    def _asked(self, method: str, path: str, sql: str, **sent: Any) -> dict[str, Any]:
        def ask() -> httpx.Response:
            return self._http.request(method, path, headers=self.headers(), timeout=30, **sent)

        try:
            answer = ask()
            if answer.headers.get(RENEW_HEADER) == RENEW and renewed(self._token_file):
                answer = ask()
        except httpx.TransportError as error:
            raise SqlError(_AWAY) from error
        if answer.is_error:
            raise explain(answer.text, sql)
        return dict(answer.json())

    def progress(self, query_id: str) -> dict[str, Any] | None:
        """How far a running statement is; None when it does not run or nobody can say."""
        try:
            answer = self._http.get(f"/query/{query_id}", headers=self.headers(), timeout=2)
        except (httpx.HTTPError, SqlError):
            return None
        return dict(answer.json()) if answer.is_success else None

    def stop(self, query_id: str) -> None:
        """End a running statement; nothing to do when it has ended by itself."""
        try:
            self._http.delete(f"/query/{query_id}", headers=self.headers(), timeout=5)
        except httpx.HTTPError as error:
            raise SqlError(
                "The query could not be cancelled: the query gateway does not answer. It ends at its time limit."
            ) from error

    def headers(self) -> dict[str, str]:
        """What shows who asks: the token of the moment. Raises SqlError."""
        try:
            token = read_token(self._token_file)
        except OSError as error:
            raise SqlError(
                "This kernel has no token yet. If this stays for more than a minute, restart your server "
                "(File > Hub Control Panel)."
            ) from error
        return {"Authorization": f"Bearer {token}"}


def _notebook() -> str:
    """The name of the notebook, as the server that started this kernel says; for the history of queries."""
    return Path(os.environ.get("JPY_SESSION_NAME", "")).name


def _query(statement: Statement) -> dict[str, str]:
    parameters = {f"param_{name}": value for name, value in statement.parameters.items()}
    fixed = {"default_format": "ArrowStream", "query_id": statement.query_id, "log_comment": _notebook()}
    return {**statement.settings, **parameters, **fixed}


def _packing(url: str) -> dict[str, str]:
    """Rows that stay on this machine are not compressed: that takes longer than the bytes it saves."""
    host = urlsplit(url).hostname or ""
    here = host == "localhost" or host.startswith("127.") or host == "::1"
    return {"output_format_arrow_compression_method": "none"} if here else {}
