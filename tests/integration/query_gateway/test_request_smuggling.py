"""Requests that two readers could read differently, over raw sockets: none runs a statement its sender may not run.

Behind every request stands a good one whose answer is the sentinel. A request that is refused together with its
connection answers once and leaves the sentinel unanswered; one that is merely refused lets it through. A statement
that was hidden in another has the word `smuggled` in it, and ClickHouse must never have seen it.
"""

import contextlib
import gzip
import socket
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import httptools
import pytest

from integration.query_gateway.conftest import House

SENTINEL = "SELECT 'sentinel'"
HIDDEN = (
    b"POST / HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: %TOKEN%\r\nContent-Length: 17\r\n\r\nSELECT 'smuggled'"
)
SMUGGLED = b"SELECT 'smuggled'"


@dataclass
class Answers:
    """Answers of one connection, in order."""

    statuses: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    closed: bool = False

    def on_message_begin(self) -> None:
        self.bodies.append(b"")

    def on_body(self, data: bytes) -> None:
        self.bodies[-1] += data

    def on_message_complete(self) -> None:
        self.statuses.append(self.parser.get_status_code())

    def _whole(self) -> bool:
        return len(self.statuses) == len(self.bodies) > 0 and self.bodies[-1] == b"sentinel\n"

    def read(self, connection: socket.socket) -> "Answers":
        """Read until the sentinel has been answered or the connection is closed."""
        self.parser = httptools.HttpResponseParser(self)
        try:
            while not self._whole():
                if not (data := connection.recv(65536)):
                    self.closed = True
                    break
                self.parser.feed_data(data)
        except ConnectionError:
            self.closed = True
        return self


def send(house: House, data: bytes) -> Answers:
    """Send these bytes and the good request behind them."""
    token = house.united.encode()
    good = (
        b"POST / HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: %TOKEN%\r\nContent-Length: 17\r\n\r\n"
        + SENTINEL.encode()
    )
    with socket.create_connection(("127.0.0.1", house.port), timeout=10) as connection:
        with contextlib.suppress(ConnectionError):  # refused before the end
            connection.sendall((data + good).replace(b"%TOKEN%", token))
        return Answers().read(connection)


def post(headers: bytes, body: bytes = b"", path: bytes = b"/", length: bool = True) -> bytes:
    """A request with the token; headers end without a line break."""
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: x", b"X-ClickHouse-Key: %TOKEN%"]
    lines += [headers] if headers else []
    lines += [b"Content-Length: %d" % len(body)] if length else []
    return b"\r\n".join([*lines, b"", body])


CHUNKED = b"Transfer-Encoding: chunked"

# The framing is in doubt: one refusal, and the connection ends.
CLOSED = {
    "length and chunks": post(CHUNKED, b"0\r\n\r\n" + HIDDEN),
    "chunks and length": post(CHUNKED + b"\r\nContent-Length: 6", b"0\r\n\r\n" + HIDDEN, length=False),
    "two lengths": post(b"Content-Length: 5", b"SELECT 1"),
    "two equal lengths": post(b"Content-Length: 8", b"SELECT 1"),
    "a list of lengths": post(b"Content-Length: 8, 8", b"SELECT 1", length=False),
    "a length with a sign": post(b"Content-Length: +8", b"SELECT 1", length=False),
    "a negative length": post(b"Content-Length: -1", b"SELECT 1", length=False),
    "a length in hexadecimal": post(b"Content-Length: 0x8", b"SELECT 1", length=False),
    "a length with a space": post(b"Content-Length: 8 0", b"SELECT 1", length=False),
    "a length past every number": post(b"Content-Length: 18446744073709551624", b"SELECT 1", length=False),
    "a length that is a word": post(b"Content-Length: eight", b"SELECT 1", length=False),
    "another transfer encoding": post(b"Transfer-Encoding: xchunked", b"0\r\n\r\n" + HIDDEN, length=False),
    "chunks not last": post(b"Transfer-Encoding: chunked, identity", b"0\r\n\r\n" + HIDDEN, length=False),
    "gzip as transfer encoding": post(b"Transfer-Encoding: gzip", b"0\r\n\r\n", length=False),
    "a space before the colon": post(b"Transfer-Encoding : chunked", b"0\r\n\r\n" + HIDDEN, length=False),
    "a folded header": post(b"X-Folded: a\r\n Transfer-Encoding: chunked", b"0\r\n\r\n"),
    "two transfer encodings": post(
        CHUNKED + b"\r\nTransfer-Encoding: identity", b"0\r\n\r\n" + HIDDEN, length=False
    ),
    "a chunk size with 0x": post(CHUNKED, b"0x8\r\nSELECT 1\r\n0\r\n\r\n", length=False),
    "a negative chunk": post(CHUNKED, b"-1\r\nSELECT 1\r\n0\r\n\r\n", length=False),
    "a chunk past every number": post(CHUNKED, b"FFFFFFFFFFFFFFFFF\r\nSELECT 1\r\n0\r\n\r\n", length=False),
    "a chunk longer than it says": post(CHUNKED, b"4\r\nSELECT 1\r\n0\r\n\r\n", length=False),
    "a chunk without a size": post(CHUNKED, b"\r\nSELECT 1\r\n0\r\n\r\n", length=False),
    "chunks with bare line feeds": post(CHUNKED, b"8\nSELECT 1\n0\n\n", length=False),
    "a zero byte in a header": post(b"X: a\0b", b"SELECT 1"),
    "a bare carriage return in a header": post(b"X: a\rTransfer-Encoding: chunked", b"SELECT 1"),
    "a header without a colon": post(b"Transfer-Encoding", b"SELECT 1"),
    "a header without a name": post(b": chunked", b"SELECT 1"),
    "a header name with a space": post(b"Content Length: 3", b"SELECT 1"),
    "the token twice": post(b"X-ClickHouse-Key: x", b"SELECT 1"),
    "authorization twice": post(b"Authorization: Bearer a\r\nAuthorization: Bearer b", b"SELECT 1"),
    "the content encoding twice": post(b"Content-Encoding: gzip\r\nContent-Encoding: identity", b"SELECT 1"),
    "the content type twice": post(
        b"Content-Type: text/plain\r\nContent-Type: multipart/form-data", b"SELECT 1"
    ),
    "two hosts": post(b"Host: y", b"SELECT 1"),
    "an older version": b"POST / HTTP/1.0\r\nX-ClickHouse-Key: %TOKEN%\r\nContent-Length: 8\r\n\r\nSELECT 1",
    "a later version": b"POST / HTTP/1.2\r\nX-ClickHouse-Key: %TOKEN%\r\nContent-Length: 8\r\n\r\nSELECT 1",
    "no version": b"GET /?query=SELECT+1\r\n\r\n",
    "a tunnel": b"CONNECT 127.0.0.1:9000 HTTP/1.1\r\nHost: x\r\n\r\n",
    "another protocol": b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "a byte past ASCII in the address": post(b"", b"SELECT 1", path=b"/?x=\xff"),
    "a space in the address": post(b"", b"SELECT 1", path=b"/?x=1 2"),
}

_FORM = b"Content-Type: multipart/form-data; boundary=b"


def form(*fields: tuple[bytes, bytes]) -> bytes:
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value
        for name, value in fields
    ]
    return b"\r\n".join([*parts, b"--b--\r\n"])


# The request is whole but says two things: refused with a sentence, and the next one is answered.
REFUSED = {
    "the statement in address and body": post(b"", SMUGGLED, path=b"/?query=SELECT+1"),
    "the statement in address, form and body": post(_FORM, form((b"query", SMUGGLED)), path=b"/?query=SELECT+1"),
    "rows in the address and in the body": post(
        b"", b"(2, 'smuggled')", path=b"/?query=INSERT+INTO+landing+VALUES+(1,'a')"
    ),
    "an insert that goes on in the body": post(b"", SMUGGLED, path=b"/?query=INSERT+INTO+landing"),
    "an insert whose SELECT goes on in the body": post(
        b"", b"UNION ALL SELECT 2, 'smuggled'", path=b"/?query=INSERT+INTO+landing+SELECT+1,'a'"
    ),
    "an insert whose rows are a form": post(
        _FORM, form((b"query", SMUGGLED)), path=b"/?query=INSERT+INTO+landing+FORMAT+CSV"
    ),
    "rows packed in a way that nobody unpacks": post(
        b"Content-Encoding: compress", b"smuggled", path=b"/?query=INSERT+INTO+landing+FORMAT+CSV"
    ),
    "settings after an insert's format": post(
        b"", b"1,a", path=b"/?query=INSERT+INTO+landing+FORMAT+CSV+SETTINGS+readonly=0"
    ),
    "the statement twice in the address": post(b"", path=b"/?query=SELECT+1&query=SELECT+'smuggled'"),
    "the statement twice, once with percent signs": post(b"", path=b"/?query=SELECT+1&%71uery=SELECT+'smuggled'"),
    "the statement twice in a form": post(_FORM, form((b"query", b"SELECT 1"), (b"query", SMUGGLED))),
    "a value in address and form": post(_FORM, form((b"query", SMUGGLED), (b"param_x", b"1")), path=b"/?param_x=2"),
    "a value twice": post(b"", SMUGGLED, path=b"/?param_x=1&param_x=2"),
    "the database twice": post(b"", SMUGGLED, path=b"/?database=flights&database=vault"),
    "the query id twice": post(b"", SMUGGLED, path=b"/?query_id=a&query_id=b"),
    "a setting twice": post(b"", SMUGGLED, path=b"/?max_threads=1&max_threads=1"),
    "a semicolon between parameters": post(b"", SMUGGLED, path=b"/?max_threads=1;readonly=0"),
    "an ampersand in percent signs": post(b"", SMUGGLED, path=b"/?max_threads=1%26readonly=0"),
    "a line break in a query id": post(b"", SMUGGLED, path=b"/?query_id=a%0d%0aX-ClickHouse-User:%20default"),
    "a line break in a format": post(b"", SMUGGLED, path=b"/?default_format=CSV%0d%0aX:%20y"),
    "a line break in a parameter's name": post(b"", SMUGGLED, path=b"/?a%0d%0ab=1"),
    "an empty name": post(b"", SMUGGLED, path=b"/?=1"),
    "two tokens": post(b"Authorization: Bearer x", SMUGGLED),
    "another token in the address": post(b"", SMUGGLED, path=b"/?password=x"),
    "another address, whole": post(b"", SMUGGLED, path=b"http://127.0.0.1:9000/x/y"),
    "an address that climbs": post(b"", SMUGGLED, path=b"/warehouse/../metrics"),
    "an address that climbs, in percent signs": post(b"", SMUGGLED, path=b"/warehouse/%2e%2e/health/live"),
    "HTTP in a statement": post(b"", HIDDEN),
    "two compressed members": post(b"Content-Encoding: gzip", gzip.compress(b"SELECT 1; ") + gzip.compress(SMUGGLED)),
    "what follows compressed data": post(b"Content-Encoding: gzip", gzip.compress(b"SELECT 1") + SMUGGLED),
    "what follows deflated data": post(b"Content-Encoding: deflate", zlib.compress(b"SELECT 1") + SMUGGLED),
    "half of compressed data": post(b"Content-Encoding: gzip", gzip.compress(SMUGGLED)[:-6]),
    "half of deflated data": post(b"Content-Encoding: deflate", zlib.compress(SMUGGLED)[:-6]),
    "compressed twice": post(b"Content-Encoding: gzip, gzip", gzip.compress(gzip.compress(SMUGGLED))),
    "a compression that is not read": post(b"Content-Encoding: br", SMUGGLED),
    "ClickHouse's own compression": post(b"", SMUGGLED, path=b"/?decompress=1"),
    "a form without its boundary": post(b"Content-Type: multipart/form-data", form((b"query", SMUGGLED))),
    "a form that does not end": post(_FORM, form((b"query", SMUGGLED))[:-8]),
    "a form without its name": post(_FORM, b"--b\r\n\r\n" + SMUGGLED + b"\r\n--b--\r\n"),
    "words before a form": post(_FORM, b"SELECT 1\r\n" + form((b"query", SMUGGLED))),
    "words after a form": post(_FORM, form((b"query", b"SELECT 1")) + SMUGGLED),
    "a form in a form": post(
        _FORM, b"--b\r\nContent-Disposition: form-data; name=\"query\"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
        b"--c\r\n\r\n" + SMUGGLED + b"\r\n--c--\r\n--b--\r\n"
    ),
    "a field in base64": post(
        _FORM, b"--b\r\nContent-Disposition: form-data; name=\"query\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"U0VMRUNUICdzbXVnZ2xlZCc=\r\n--b--\r\n"
    ),
    "a deletion": b"DELETE / HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: %TOKEN%\r\nContent-Length: 17\r\n\r\n" + SMUGGLED,
    "a trace": b"TRACE / HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: %TOKEN%\r\nContent-Length: 17\r\n\r\n" + SMUGGLED,
    "a put": b"PUT / HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: %TOKEN%\r\nContent-Length: 17\r\n\r\n" + SMUGGLED,
    "no token, behind one that had one": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n" + SMUGGLED
    ),
    "ClickHouse's own key": (
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Notehouse-Key: x\r\nX-ClickHouse-User: default\r\nContent-Length: 17\r\n\r\n"
        + SMUGGLED
    ),
}  # fmt: skip

# Odd but of one meaning: answered as what it is.
ANSWERED = {
    "a chunk extension": (post(CHUNKED, b"8;a=b\r\nSELECT 7\r\n0\r\n\r\n", length=False), b"7\n"),
    "a trailer that names a user": (
        post(CHUNKED, b"8\r\nSELECT 7\r\n0\r\nX-ClickHouse-User: default\r\n\r\n", length=False), b"7\n"
    ),
    "a compressed body in chunks": (
        post(CHUNKED + b"\r\nContent-Encoding: gzip", b"%x\r\n" % len(gzip.compress(b"SELECT 7", mtime=0))
             + gzip.compress(b"SELECT 7", mtime=0) + b"\r\n0\r\n\r\n", length=False), b"7\n"
    ),
    "a length with zeros": (post(b"Content-Length: 0008", b"SELECT 7", length=False), b"7\n"),
    "a header with an underscore": (post(b"Content_Length: 3\r\nTransfer_Encoding: chunked", b"SELECT 7"), b"7\n"),
    "a user that is not ours to choose": (
        post(b"X-ClickHouse-User: default\r\nX-ClickHouse-Quota: x", b"SELECT currentUser() = 'default'"), b"0\n"
    ),
    "a quoted boundary": (
        post(_FORM[:-1] + b'"b"', form((b"query", b"SELECT {x:UInt8}"), (b"param_x", b"7"))), b"7\n"
    ),
    "HTTP in a text": (post(b"", b"SELECT length('POST / HTTP/1.1\\r\\n\\r\\n') > 0, 7"), b"1\t7\n"),
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def nothing_was_smuggled(house: House) -> Iterator[None]:
    yield
    house.clickhouse.query("SYSTEM FLUSH LOGS query_log")
    ran = (
        "SELECT query FROM system.query_log WHERE query = 'SELECT \\'smuggled\\'' AND startsWith(user, 'nh_')"
    )
    assert house.clickhouse.query(f"{ran} AND user != 'nh_gate'") == ""


@pytest.mark.parametrize("case", CLOSED)
def test_a_request_of_doubtful_framing_ends_its_connection(house: House, case: str) -> None:
    found = send(house, CLOSED[case])
    assert found.closed
    assert [400 <= status < 500 for status in found.statuses] in ([], [True])


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_says_two_things_is_refused(house: House, case: str) -> None:
    found = send(house, REFUSED[case])
    assert found.statuses, "there was no answer"
    assert 400 <= found.statuses[0] < 500, found.bodies
    assert found.bodies[0].startswith(b"Code: ")
    assert found.closed or found.bodies[1:] == [b"sentinel\n"]


@pytest.mark.parametrize("case", ANSWERED)
def test_an_odd_request_of_one_meaning_is_answered(house: House, case: str) -> None:
    request, answer = ANSWERED[case]
    found = send(house, request)
    assert (found.statuses, found.bodies) == ([200, 200], [answer, b"sentinel\n"])


def test_a_connection_lends_nobody_its_token(house: House) -> None:
    """Two people behind one proxy share a connection; each request has the rows of its own token, or none."""
    count = b"SELECT carrier FROM flights LIMIT 1"
    mine = post(b"", count)
    theirs = mine.replace(b"%TOKEN%", house.delta.encode())
    none = mine.replace(b"X-ClickHouse-Key: %TOKEN%\r\n", b"")
    found = send(house, mine + theirs + none)
    assert found.statuses == [200, 200, 401, 200]
    assert found.bodies[:2] == [b"UA\n", b"DL\n"]


def test_a_flood_of_requests_on_one_connection_ends_it(house: House) -> None:
    found = send(house, post(b"", b"SELECT sleep(0.3)") + post(b"", b"SELECT 1") * 50)
    assert found.closed
