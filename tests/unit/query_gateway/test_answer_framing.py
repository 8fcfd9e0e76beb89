"""Where an answer ends: every way to cut the same bytes gives the same end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notehouse_hub.service.query_gateway.answer_framing import (
    Chunked,
    Counted,
    NotHttpError,
    UntilClosed,
    body_end,
)
from notehouse_hub.service.query_gateway.questions import dechunked


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5), st.lists(st.integers(1, 30), min_size=1))
def test_a_chunked_body_ends_where_it_ends(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    body, position, turn = Chunked(reusable=True), 0, 0
    while position < len(data):
        assert not body.reached
        step = cuts[turn % len(cuts)]
        body.feed(data[position : position + step])
        position, turn = position + step, turn + 1
    assert body.reached
    assert dechunked(data) == b"".join(parts)


def test_more_than_the_body_is_no_http() -> None:
    chunked, counted = Chunked(reusable=True), Counted(3, reusable=True)
    with pytest.raises(NotHttpError):
        chunked.feed(b"0\r\n\r\nHTTP")
    with pytest.raises(NotHttpError):
        counted.feed(b"four")
    with pytest.raises(NotHttpError):
        Chunked(reusable=True).feed(b"zz\r\n")
    with pytest.raises(NotHttpError):
        Chunked(reusable=True).feed(b"1" * 5000)


def test_the_head_says_how_the_body_ends() -> None:
    assert isinstance(body_end([b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked"]), Chunked)
    assert isinstance(body_end([b"HTTP/1.1 200 OK", b"Content-Length: 3"]), Counted)
    assert isinstance(body_end([b"HTTP/1.1 200 OK"]), UntilClosed)
    assert body_end([b"HTTP/1.1 204 No Content"]).reached
    assert not body_end([b"HTTP/1.1 200 OK", b"Content-Length: 0", b"Connection: close"]).reusable
    for lines in ([], [b"SSH-2.0"], [b"HTTP/1.1 200 OK", b"Content-Length: -1"]):
        with pytest.raises(NotHttpError):
            body_end(lines)
