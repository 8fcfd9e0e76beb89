"""How an answer is waited for: one that comes soon costs nothing more, one that does not is told of, wherever it stops."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from notehouse_sql.transport import Patience, posted

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FIRST, REST = b"3\r\none\r\n", b"3\r\ntwo\r\n0\r\n\r\n"


class Server:
    """Answers one request in two pieces; the second goes out when it is asked for."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.second = threading.Event()
        self.thread = threading.Thread(target=self._serve)

    def answers(self, first: bytes, second: bytes) -> None:
        """Begin to listen."""
        self._pieces = first, second
        self.thread.start()

    def _serve(self) -> None:
        with closing(self._listening), closing(self._listening.accept()[0]) as connection:
            connection.recv(65536)
            connection.sendall(self._pieces[0])
            if self.second.wait(20):
                connection.sendall(self._pieces[1])


@pytest.fixture
def server() -> Iterator[Server]:
    """One that ends with the test."""
    server = Server()
    yield server
    server.second.set()
    server.thread.join(20)


def read(server: Server, patience: Patience) -> bytes:
    """Fetch the whole answer."""
    with posted(server.url, "/", {"a": "b"}, b"SELECT 1", {}, patience) as answer:
        return answer.read()


def test_nothing_is_told_of_an_answer_that_comes_soon(server: Server) -> None:
    """Neither of its head nor of its body."""
    told: list[str] = []
    server.second.set()
    server.answers(HEAD + FIRST, REST)
    assert read(server, Patience(20, lambda: told.append("late"))) == b"onetwo"
    assert told == []


@pytest.mark.parametrize(
    ("first", "second"), [(b"", HEAD + FIRST + REST), (HEAD, FIRST + REST), (HEAD + FIRST, REST)]
)
def test_an_answer_that_is_late_is_told_of_once(server: Server, first: bytes, second: bytes) -> None:
    """Before its head, after it, and in the middle of the body."""
    told: list[str] = []

    def late() -> None:
        told.append("late")
        server.second.set()

    server.answers(first, second)
    assert read(server, Patience(0.05, late)) == b"onetwo"
    assert told == ["late"]
