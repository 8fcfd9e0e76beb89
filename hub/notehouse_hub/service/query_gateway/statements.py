"""The way of one statement: its turn, the gate, ClickHouse, and the answer back to the client."""

import asyncio
import logging
import time
from dataclasses import replace
from typing import Any, Protocol

from notehouse_core.access import clickhouse_password
from notehouse_hub.service.query_gateway.canonical_request import Question, runs_as
from notehouse_hub.service.query_gateway.estimates import Estimates
from notehouse_hub.service.query_gateway.gate.gate import Gate, Statement
from notehouse_hub.service.query_gateway.holder import Holder
from notehouse_hub.service.query_gateway.metrics import Metrics
from notehouse_hub.service.query_gateway.questions import Questions, request_bytes
from notehouse_hub.service.query_gateway.refusal import unavailable
from notehouse_hub.service.query_gateway.relay import Outcome, Receiver, Relay
from notehouse_hub.service.query_gateway.running import Running, RunningQueries
from notehouse_hub.service.query_gateway.turnstile import Turnstile
from notehouse_hub.service.query_gateway.upstream import Connection, Pool

_PATIENCE = 10.0  # seconds for a ClickHouse that is being started again, or learns new users
_PAUSE = 0.2
_FAIR_SHARE = 4  # statements of one tenant that run like everybody's

log = logging.getLogger(__name__)


class Client(Receiver, Protocol):
    """A client that can be slower than ClickHouse."""

    def listens_to(self, upstream: Connection | None) -> None:
        """Hold this connection back while the client is slower."""

    def is_gone(self) -> bool:
        """Say whether the client has closed its side."""

    def cut(self) -> None:
        """Close without an end to the answer, once all that was written has gone out."""

    def abort(self) -> None:
        """Close without an end to the answer, so that the client sees that it is not whole."""


class Statements:
    """Runs statements for holders of tokens."""

    def __init__(self, pool: Pool, questions: Questions, running: RunningQueries, class_secret: str) -> None:
        self.turnstile = Turnstile()
        self.metrics = Metrics()
        self._pool = pool
        self._questions = questions
        self._gate = Gate(questions)
        self._estimates = Estimates(questions, class_secret)
        self._running = running
        self._secret = class_secret

    async def run(self, asked: Question, holder: Holder, client: Client) -> None:
        """Run a statement whose answer goes to the client. Raises Refusal."""
        one = self._running.add(asked.query_id, holder)
        try:
            most = holder.access_class.limits.concurrent_queries
            async with self.turnstile.turn(holder.claims.tenant, holder.name, most) as beside:
                await self._judge(asked)
                await self._pass_on(one, self._request(asked, holder, beside), client)
        except asyncio.CancelledError:
            if one.sent:
                self._running.kill_soon(one.query_id, holder)
            if one.stopped is not None and not client.is_gone():
                raise one.stopped from None
            raise
        finally:
            self._running.remove(one)

    async def estimate(self, asked: Question, holder: Holder, source: str) -> dict[str, Any]:
        """Say what a statement would read. Raises Refusal."""
        most = holder.access_class.limits.concurrent_queries
        async with self.turnstile.turn(holder.claims.tenant, holder.name, most):
            await self._judge(asked)
            return await self._estimates.of(asked, holder, source)

    async def _judge(self, asked: Question) -> None:
        try:
            await self._gate.check(Statement(asked.statement, asked.arguments, asked.database))
        except (OSError, TimeoutError) as error:
            raise _away() from error

    def _request(self, asked: Question, holder: Holder, beside: int) -> bytes:
        """Write the request; of a tenant that runs much already, ClickHouse holds it back while others run."""
        password = clickhouse_password(self._secret, holder.access_class.id)
        headers = self._questions.headers(runs_as(holder), password)
        if asked.encodings:
            headers["Accept-Encoding"] = asked.encodings
        kind, body = asked.body()
        asked = replace(asked, settings={**asked.settings, "priority": "1" if beside <= _FAIR_SHARE else "2"})
        return request_bytes(asked.path(), headers | kind, body)

    async def _pass_on(self, one: Running, request: bytes, client: Client) -> None:
        """Try until ClickHouse has answered; a statement only reads, so it may be sent twice."""
        deadline = time.monotonic() + _PATIENCE
        fresh, broken = False, 0
        while True:
            relay, was_new = await self._attempt(one, request, client, fresh=fresh)
            outcome = relay.outcome.result()
            if outcome is Outcome.WHOLE:
                self._account(one, relay, outcome)
                return
            if outcome is Outcome.CUT:
                self._account(one, relay, outcome)
                client.cut() if relay.framed else client.abort()
                return
            broken += was_new and outcome is Outcome.BROKEN
            if broken > 1 or time.monotonic() > deadline:
                raise _away() if outcome is Outcome.BROKEN else _not_ready()
            fresh = True
            await asyncio.sleep(_PAUSE if was_new else 0)

    async def _attempt(
        self, one: Running, request: bytes, client: Client, *, fresh: bool
    ) -> tuple[Relay, bool]:
        """Send once and pass the answer on; also say whether the connection was a new one."""
        try:
            connection = await self._pool.connection(fresh=fresh)
        except OSError as error:
            raise _away() from error
        relay, was_new = Relay(client), not connection.used
        one.sent = True
        connection.send(request, relay)
        client.listens_to(connection)
        try:
            await relay.outcome
        finally:
            client.listens_to(None)
            if not relay.outcome.done() or relay.outcome.cancelled():
                connection.close()
        return relay, was_new

    def _account(self, one: Running, relay: Relay, outcome: Outcome) -> None:
        claims = one.holder.claims
        self.metrics.answered(outcome.value, relay.code, relay.bytes, one.milliseconds / 1000)
        said = {"query_id": one.query_id, "user": claims.subject, "tenant": claims.tenant}
        said |= {"purpose": claims.purpose, "object": claims.object, "access_class": claims.access_class}
        cost = {"code": relay.code, "bytes": relay.bytes, "milliseconds": one.milliseconds}
        log.info("statement %s", outcome.value, extra={**said, **cost})


def _away() -> Exception:
    return unavailable(
        "ClickHouse does not answer. It is probably being started again: the statement can be tried in a few seconds."
    )


def _not_ready() -> Exception:
    return unavailable(
        "ClickHouse does not know your rights yet. They are being set up: try in a few seconds.", 5
    )
