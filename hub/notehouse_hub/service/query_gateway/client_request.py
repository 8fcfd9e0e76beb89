"""What does a client ask? One request, read whole: its path, its parameters, its statement.

Everything is taken apart here once; what goes up to ClickHouse is written anew, so nothing depends on two
programs reading the same bytes the same way.
"""

import gzip
import io
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from notehouse_hub.service.query_gateway import external_tables, form
from notehouse_hub.service.query_gateway.external_tables import ExternalTable
from notehouse_hub.service.query_gateway.refusal import bad_argument, malformed, too_large

LARGEST_BODY = 16 * 2**20
_MOST_PARAMETERS = 1000
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
    """A statement and the parameters that came with it."""

    statement: bytes
    parameters: dict[str, str] = field(default_factory=dict)
    tables: tuple[ExternalTable, ...] = ()


def asked(request: ClientRequest) -> Asked:
    """Take statement and parameters out of a request, wherever they stand. Raises Refusal."""
    parameters = _unique(_pairs(request.query))
    body = _decoded(request)
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
    return Asked(text if text.strip() else body, parameters, tables)


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


def _decoded(request: ClientRequest) -> bytes:
    """Unpack a compressed body; of the ways to compress one, those that HTTP clients use."""
    encoding = request.headers.get("content-encoding", "identity").lower()
    try:
        if encoding == "gzip":
            with gzip.GzipFile(fileobj=io.BytesIO(request.body)) as packed:
                plain = packed.read(LARGEST_BODY + 1)
        elif encoding == "deflate":
            plain = _inflated(request.body)
        elif encoding == "identity":
            plain = request.body
        else:
            raise bad_argument(
                f"A body in {encoding} is not read here. Send it plain, or with gzip or deflate."
            )
    except (OSError, EOFError, zlib.error) as error:
        raise bad_argument(f"The body is not {encoding}, though its header says so.") from error
    if len(plain) > LARGEST_BODY:
        raise too_large(f"The body is larger than {LARGEST_BODY // 2**20} MB.")
    return plain


def _inflated(body: bytes) -> bytes:
    """Unpack deflated bytes; raises EOFError unless they are whole and the last ones."""
    packed = zlib.decompressobj()
    plain = packed.decompress(body, LARGEST_BODY + 1)
    if len(plain) <= LARGEST_BODY and (not packed.eof or packed.unused_data):
        raise EOFError
    return plain
