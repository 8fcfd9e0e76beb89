"""One client's connection: requests read whole, one after the other, and their answers written."""

import asyncio
import logging
from collections import deque
from http import HTTPStatus
from typing import Protocol, cast

import httptools

from notehouse_core import log_context
from notehouse_hub.service.query_gateway.client_request import (
    LARGEST_BODY,
    LARGEST_OF_STRANGERS,
    ClientRequest,
)
from notehouse_hub.service.query_gateway.outgoing import Outgoing
from notehouse_hub.service.query_gateway.refusal import NETWORK_ERROR, Refusal, malformed, too_large
from notehouse_hub.service.query_gateway.relay import GUARDS
from notehouse_hub.service.query_gateway.upstream import Connection

_LARGEST_HEAD = 2**20
_MOST_HELD = 256 * 2**20  # bytes of all bodies at once
_MOST_UNSENT = 2 * 2**20  # bytes on the way to a client before ClickHouse is held back
_MOST_WAITING = 4  # requests sent before the answer to an earlier one
_IDLE = 120.0  # seconds between two requests
_SLOWEST = 60.0  # seconds for one request to arrive
_LAST_WORDS = 30.0  # seconds for a client to take what was written before its answer was cut

log = logging.getLogger(__name__)


class Service(Protocol):
    """What answers requests."""

    connections: "set[ClientConnection]"
    bodies: int  # bytes that all connections hold

    async def answer(self, request: ClientRequest, client: "ClientConnection") -> None:
        """Answer a request. Raises Refusal."""

    def check_known(self, request: ClientRequest) -> None:
        """Raise Refusal unless the head of a request has a token that is good."""

    def refused(self, refusal: Refusal) -> None:
        """Take note of a refusal."""


class ClientConnection(asyncio.Protocol):
    """A connection, for one request at a time."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._requests: deque[ClientRequest | Refusal] = deque()
        self._task: asyncio.Task[None] | None = None
        self._upstream: Connection | None = None
        self._transport: asyncio.Transport | None = None
        self._outgoing: Outgoing | None = None
        self._keep_alive = True
        self._begun = False  # an answer has begun
        self._unreadable = False  # where the next request begins is not known any more
        self._timer: asyncio.TimerHandle | None = None
        self._known = False  # whose token was seen to be good before the request was whole
        self._held = 0  # bytes of large bodies that were read here, until there is nothing to do
        self._start()

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class
        self._transport.set_write_buffer_limits(high=_MOST_UNSENT)
        self._outgoing = Outgoing(self._transport)
        self._service.connections.add(self)
        self._wait(_IDLE)

    def connection_lost(self, error: Exception | None) -> None:
        """End what runs for a client that has gone."""
        self._service.connections.discard(self)
        self._transport = self._outgoing = None
        if self._task is None:
            self._release()
        self._wait(None)
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._unreadable:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._unreadable = True
            known = error.__context__
            refusal = known if isinstance(known, Refusal) else malformed("This is not an HTTP request.")
            refusal.close = True
            self._take(refusal)

    def pause_writing(self) -> None:
        """Hold ClickHouse back: the client is slower."""
        if self._upstream is not None:
            self._upstream.pause()

    def resume_writing(self) -> None:
        """Let ClickHouse go on."""
        if self._upstream is not None:
            self._upstream.resume()

    def listens_to(self, upstream: Connection | None) -> None:
        """Hold this connection back while the client is slower."""
        self._upstream = upstream

    # The parser's calls

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._start()
        if self._task is None:
            self._wait(_SLOWEST)

    def on_url(self, data: bytes) -> None:
        """Take a piece of the address."""
        self._url += data
        self._count(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers.append((name, value))
        self._count(name + value)

    def on_headers_complete(self) -> None:
        """Tell a client that asks first to go on."""
        if self._parser.get_http_version() != "1.1":
            raise malformed("Use HTTP/1.1.")
        if self._parser.should_upgrade():
            raise malformed("This connection speaks plain HTTP only.")
        expects = any(name.lower() == b"expect" for name, _ in self._headers)
        if expects and self._task is None:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        self._body += data
        if len(self._body) > LARGEST_OF_STRANGERS:
            self._hold(len(data))

    def _hold(self, size: int) -> None:
        """Take note of a piece of a large body: for who is known, and as long as there is room. Raises Refusal."""
        if not self._known:
            head = ClientRequest.read("POST", bytes(self._url), self._headers, b"")
            self._service.check_known(head)
            self._known = True
        self._held += size
        self._service.bodies += size
        if len(self._body) > LARGEST_BODY:
            raise too_large(
                f"The request is larger than {LARGEST_BODY // 2**20} MB. Send rows in several INSERTs, or packed."
            )
        if self._service.bodies > _MOST_HELD:
            raise Refusal(
                NETWORK_ERROR, 503, "Too many large requests at once. Try again in a moment.", close=True
            )

    def on_message_complete(self) -> None:
        """Queue a whole request."""
        method = self._parser.get_method().decode("ascii")
        try:
            self._take(ClientRequest.read(method, bytes(self._url), self._headers, bytes(self._body)))
        except Refusal as refusal:
            self._take(refusal)
        self._start()

    def _start(self) -> None:
        self._url, self._body = bytearray(), bytearray()
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._known = False

    def _count(self, data: bytes) -> None:
        self._head_size += len(data)
        if self._head_size > _LARGEST_HEAD:
            raise too_large("The head of the request is larger than 1 MB. Send the statement as the body.")

    # Requests and answers

    def _take(self, request: ClientRequest | Refusal) -> None:
        if len(self._requests) >= _MOST_WAITING:
            self.abort()
            return
        self._requests.append(request)
        if self._task is None and self._transport is not None:
            self._wait(None)
            self._task = self._loop.create_task(self._serve())

    async def _serve(self) -> None:
        """Answer what is queued, in its order."""
        try:
            while self._requests and not self.is_gone():
                self._begun = False
                await self._answer(self._requests.popleft())
                if not self._keep_alive:
                    self._close()
        finally:
            self._task = None
            self._release()
        self._wait(_IDLE)

    def _release(self) -> None:
        """Tell that nothing of what was read is held any more."""
        self._service.bodies -= self._held
        self._held = 0

    async def _answer(self, request: ClientRequest | Refusal) -> None:
        offered = None if isinstance(request, Refusal) else request.headers.get("x-request-id")
        with log_context.about(request_id=log_context.taken_over(offered)):
            await self._answer_or_refuse(request)

    async def _answer_or_refuse(self, request: ClientRequest | Refusal) -> None:
        try:
            if isinstance(request, Refusal):
                raise request
            self._keep_alive = request.keep_alive
            await self._service.answer(request, self)
        except Refusal as refusal:
            self._refuse(refusal)
        except Exception:
            log.exception("a request failed")
            self._refuse(
                Refusal(
                    NETWORK_ERROR, 500, "The query gateway failed. Try again, and tell an admin the time."
                )
            )

    def _refuse(self, refusal: Refusal) -> None:
        self._service.refused(refusal)
        log.info("refused", extra={"code": refusal.code, "status": refusal.status})
        if self._begun:
            self.abort()
            return
        if refusal.close:
            self._keep_alive = False
        code = {"X-ClickHouse-Exception-Code": str(refusal.code)}
        self.respond(refusal.status, refusal.body(), {**code, **refusal.headers})

    def respond(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        content_type: str = "text/plain; charset=UTF-8",
    ) -> None:
        """Write a whole answer of our own."""
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode(),
            f"Content-Type: {content_type}".encode(),
            f"Content-Length: {len(body)}".encode(),
            *(
                f"{name}: {value}".encode()
                for name, value in {**(headers or {}), **log_context.passed_on()}.items()
            ),
            *GUARDS,
            b"Connection: " + (b"keep-alive" if self._keep_alive else b"close"),
        ]
        self.write(b"\r\n".join([*lines, b"", body]))

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes to the client; those of a view may change when this has returned."""
        self._begun = True
        if self._outgoing is not None:
            self._outgoing.write(data)

    def keeps_alive(self) -> bool:
        """Say whether the connection stays open after this answer."""
        return self._keep_alive

    def will_close(self) -> None:
        """Let the connection end with this answer."""
        self._keep_alive = False

    def is_gone(self) -> bool:
        """Say whether the client has closed its side."""
        return self._transport is None or self._transport.is_closing()

    def is_idle(self) -> bool:
        """Say whether nothing is under way here."""
        return self._task is None

    def cut(self) -> None:
        """Close without an end to the answer, once all that was written has gone out: ClickHouse's error is in it."""
        if self._transport is not None:
            self._transport.close()
            self._loop.call_later(_LAST_WORDS, self._transport.abort)

    def abort(self) -> None:
        """Close without an end to the answer, so that the client sees that it is not whole."""
        if self._transport is not None:
            self._transport.abort()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _wait(self, seconds: float | None) -> None:
        """Close the connection if nothing else is said within these seconds."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if seconds is not None and self._transport is not None:
            self._timer = self._loop.call_later(seconds, self._close)
