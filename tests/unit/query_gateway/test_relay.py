"""One attempt at an answer: what is passed on, and what is tried once more without a word to the client."""

from notehouse_hub.service.query_gateway.relay import Outcome, Relay

STILL_RUNS = (
    b"HTTP/1.1 500 Internal Server Error",
    b"X-ClickHouse-Exception-Code: 216",
    b"Content-Length: 3",
)


class Client:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.got = b""

    def write(self, data: bytes | memoryview) -> None:
        self.got += data

    def keeps_alive(self) -> bool:
        return True

    def will_close(self) -> None:
        raise AssertionError("every answer here tells its own end")


def answered(relay: Relay, *head: bytes) -> Outcome:
    """How an answer with this head ends."""
    for line in head:
        relay.head_line(line)
    relay.head_end()
    relay.body(b"no\n")
    relay.end()
    return relay.outcome.result()


async def test_a_lost_attempt_that_still_runs_is_waited_for_in_silence() -> None:
    client = Client()
    assert answered(Relay(client, again=True), *STILL_RUNS) is Outcome.NOT_READY
    assert client.got == b""


async def test_an_id_that_somebody_uses_twice_is_told() -> None:
    client = Client()
    assert answered(Relay(client), *STILL_RUNS) is Outcome.WHOLE
    assert b"X-ClickHouse-Exception-Code: 216" in client.got
    assert client.got.endswith(b"no\n")
