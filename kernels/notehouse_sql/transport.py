"""One statement's answer over a connection of its own, read as a file, so that large answers are copied once."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

CONNECT_SECONDS = 5


@contextmanager
def posted(
    url: str, path: str, parameters: Mapping[str, str], body: bytes, headers: Mapping[str, str]
) -> Iterator[http.client.HTTPResponse]:
    """An answer whose head has come, to be read as a file. Raises OSError, HTTPException.

    Leaving the block closes the connection, wherever the answer is.
    """
    address = urlsplit(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=CONNECT_SECONDS)
    try:
        connection.connect()
        connection.sock.settimeout(None)
        target = f"{address.path.rstrip('/')}{path}?{urlencode(parameters)}"
        connection.request("POST", target, body, dict(headers))
        yield connection.getresponse()
    finally:
        connection.close()
