"""The warehouse as its administrator: statements, and rows that are sent as a stream."""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from notehouse_core.errors import SourceDown
from notehouse_core.settings import Settings

_SECONDS = 300.0  # for one statement, the largest insert included
_REFUSAL_BYTES = 2000


@dataclass(frozen=True)
class Warehouse:
    """A ClickHouse by its HTTP address."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Warehouse:
        """Return the warehouse of these settings, as its administrator."""
        return cls(settings.clickhouse, settings.clickhouse_headers())

    def execute(self, statement: str) -> str:
        """Run a statement and return its answer's text. Raises SourceDown."""
        return self._send({}, [statement.encode()])

    def insert(self, statement: str, rows: Iterable[bytes], **settings: str) -> None:
        """Send rows, in the format that the statement names, as they come. Raises SourceDown."""
        self._send({"query": statement, **settings}, rows)

    def _send(self, parameters: dict[str, str], body: Iterable[bytes]) -> str:
        connection = self._connection()
        path = "/?" + urlencode(parameters, quote_via=quote)
        try:
            connection.request("POST", path, body=body, headers=self.headers, encode_chunked=True)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise SourceDown(
                f"ClickHouse at {self.url} does not answer ({error}). Start it, or set NOTEHOUSE_CLICKHOUSE_URL."
            ) from error
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise SourceDown(f"ClickHouse at {self.url} refused a statement: {text[:_REFUSAL_BYTES].strip()}")
        return text

    def _connection(self) -> http.client.HTTPConnection:
        address = urlsplit(self.url)
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        return kind(address.hostname or "", address.port, timeout=_SECONDS)
