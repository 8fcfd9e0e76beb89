"""What does a client ask? One request, read whole: its path, its parameters, its statement.

Everything is taken apart here once; what goes up to ClickHouse is written anew, so nothing depends on two
programs reading the same bytes the same way.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from notehouse_hub.service.query_gateway import external_tables, form, insert_data, packing
from notehouse_hub.service.query_gateway.external_tables import ExternalTable
from notehouse_hub.service.query_gateway.refusal import bad_argument, malformed

LARGEST_BODY = 64 * 2**20
LARGEST_OF_STRANGERS = 2**20  # before it is known that a token is good
_MOST_PARAMETERS = 1000
_PACKED = {"identity", "gzip", "deflate", "lz4", "zstd", "br"}
_MEANINGFUL = ("authorization", "x-clickhouse-", "content-", "transfer-", "host", "expect")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.$]*")


@dataclass(frozen=True)
class ClientRequest:
    """One request as it came; header names are lower case, `query` is what follows the question mark."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    keep_alive: bool = True

    @classmethod
    def read(
        cls, method: str, url: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> "ClientRequest":
        """Put a request together. Raises Refusal where two readers could read it differently."""
        fields: dict[str, str] = {}
        for name, value in headers:
            key = name.decode("latin-1").lower()
            if key in fields and key.startswith(_MEANINGFUL):
                raise malformed(f"The header {key} was given twice.")
            fields[key] = value.decode("latin-1").strip()
        try:
            parts = urlsplit(url.decode("ascii"))
        except ValueError as error:
            raise malformed("The address has characters that must be written with a percent sign.") from error
        keep_alive = fields.get("connection", "").lower() != "close"
        return cls(method, unquote(parts.path), parts.query, fields, body, keep_alive)

    def parameter(self, name: str) -> str | None:
        """Return a parameter of the address before anything else of the request is judged."""
        return next((value for key, value in _pairs(self.query) if key == name), None)


@dataclass
class Asked:
    """A statement and what came with it: parameters, tables, and rows to insert, packed as `packed` says."""

    statement: bytes
    parameters: dict[str, str] = field(default_factory=dict)
    tables: tuple[ExternalTable, ...] = ()
    data: bytes | None = None
    packed: str = ""


def asked(request: ClientRequest) -> Asked:
    """Take statement and parameters out of a request, wherever they stand. Raises Refusal."""
    parameters = _unique(_pairs(request.query))
    statement, rows = insert_data.split(parameters.get("query", "").encode("utf-8", "surrogateescape"))
    if rows is not None:
        return _insert(request, statement, rows, parameters)
    body = packing.unpacked(request.body, request.headers.get("content-encoding", "identity").lower())
    tables: tuple[ExternalTable, ...] = ()
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        parts = form.read(request.headers["content-type"], body)
        for part in parts:
            if not part.file:
                _add(parameters, part.name, part.data.decode("utf-8", "surrogateescape"))
        tables = external_tables.taken(parts, parameters)
        body = b""
    text = parameters.pop("query", "").encode("utf-8", "surrogateescape")
    if text.strip() and body.strip():
        raise bad_argument(
            "A statement stands in the address and another text in the body. Send the statement in one of them."
        )
    statement, rows = insert_data.split(text if text.strip() else body)
    return Asked(statement, parameters, tables, rows)


def _insert(request: ClientRequest, statement: bytes, rows: bytes, parameters: dict[str, str]) -> Asked:
    """An INSERT in the address, whose rows are the body: ClickHouse itself unpacks them."""
    del parameters["query"]
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise bad_argument("An INSERT that brings rows comes without a form. Send the rows as the body.")
    packed = request.headers.get("content-encoding", "identity").lower()
    if packed not in _PACKED:
        raise bad_argument(f"Rows in {packed} are not read here. Use {', '.join(sorted(_PACKED))}.")
    if rows.strip() and request.body:
        raise bad_argument("Rows stand in the address and in the body. Send them in one of them.")
    if not request.body:
        return Asked(statement, parameters, (), rows)
    return Asked(statement, parameters, (), request.body, "" if packed == "identity" else packed)


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query, keep_blank_values=True, errors="surrogateescape", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError as error:
        raise bad_argument(f"The address has more than {_MOST_PARAMETERS} parameters.") from error


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        _add(found, name, value)
    return found


def _add(found: dict[str, str], name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise bad_argument(
            "A parameter has a name with characters other than letters, digits, $, _ and dots."
        )
    if name in found:
        raise bad_argument(f"The parameter {name} was given twice. Give it once.")
    found[name] = value
