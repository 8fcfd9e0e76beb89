"""The way of one statement: its turn, the gate, ClickHouse, and the answer back to the client."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Protocol

from notehouse_core.access import clickhouse_password
from notehouse_hub.service.query_gateway import write_rights
from notehouse_hub.service.query_gateway.canonical_request import Question, runs_as
from notehouse_hub.service.query_gateway.estimates import Estimates
from notehouse_hub.service.query_gateway.gate.gate import Gate, Statement
from notehouse_hub.service.query_gateway.gate.writing import Kind, Verdict
from notehouse_hub.service.query_gateway.holder import Holder
from notehouse_hub.service.query_gateway.metrics import Metrics
from notehouse_hub.service.query_gateway.questions import Questions, request_bytes
from notehouse_hub.service.query_gateway.refusal import bad_argument, unavailable
from notehouse_hub.service.query_gateway.relay import Outcome, Receiver, Relay
from notehouse_hub.service.query_gateway.running import Running, RunningQueries
from notehouse_hub.service.query_gateway.sessions import Sessions
from notehouse_hub.service.query_gateway.shares import Shares
from notehouse_hub.service.query_gateway.turnstile import Turnstile
from notehouse_hub.service.query_gateway.upstream import Connection, Pool

_PATIENCE = 10.0  # seconds for a ClickHouse that is being started again, or learns new users
_PAUSE = 0.2

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
        self._shares = Shares()
        self.metrics = Metrics()
        self._pool = pool
        self._questions = questions
        self._gate = Gate(questions)
        self.sessions = Sessions()
        self._estimates = Estimates(questions, class_secret)
        self._running = running
        self._secret = class_secret

    async def run(self, asked: Question, holder: Holder, client: Client) -> None:
        """Run a statement whose answer goes to the client. Raises Refusal."""
        one = self._running.add(asked.query_id, holder)
        try:
            most = holder.access_class.limits.concurrent_queries
            async with self.turnstile.turn(holder.claims.tenant, holder.name, most):
                verdict = await self._judge(asked)
                write_rights.check(verdict, asked, holder)
                with self._session(verdict, asked, holder) as written, self._share(asked, holder) as share:
                    request = self._request(verdict, asked, holder, share)
                    once = verdict.kind is not Kind.READ
                    with self._running.limited(one, _longest(asked, holder)):
                        written.append(await self._pass_on(one, request, client, once=once))
        except asyncio.CancelledError:
            if one.sent:
                self._running.kill_soon(one.query_id, holder)
            if one.relay is not None and one.relay.begun:
                self._account(one, one.relay, Outcome.LEFT)
            if one.stopped is not None and not client.is_gone():
                raise one.stopped from None
            raise
        finally:
            self._running.remove(one)

    async def estimate(self, asked: Question, holder: Holder, source: str) -> dict[str, Any]:
        """Say what a statement would read. Raises Refusal."""
        most = holder.access_class.limits.concurrent_queries
        async with self.turnstile.turn(holder.claims.tenant, holder.name, most):
            if (await self._judge(asked)).kind is not Kind.READ:
                raise bad_argument("Only what reads can be estimated.")
            return await self._estimates.of(asked, holder, source)

    @contextmanager
    def _session(self, verdict: Verdict, asked: Question, holder: Holder) -> Iterator[list[int]]:
        """Hold a statement in its session against what one may keep; yields where to put the bytes it wrote."""
        written: list[int] = []
        session = asked.session
        if session is None:
            yield written
            return
        leaves = verdict.kind is not Kind.READ and not write_rights.stays(verdict, asked, holder)
        if leaves and verdict.table and not verdict.removes:
            self.sessions.check_room(session)
        self.sessions.enter(session, leaves=leaves)
        try:
            yield written
        finally:
            self.sessions.left(session, sum(written) if leaves else 0)

    async def _judge(self, asked: Question) -> Verdict:
        try:
            return await self._gate.check(Statement(asked.statement, asked.arguments, asked.database))
        except (OSError, TimeoutError) as error:
            raise _away() from error

    def _share(self, asked: Question, holder: Holder) -> AbstractContextManager[dict[str, str]]:
        values = tuple(sorted(asked.arguments.items()))
        return self._shares.share(holder.claims.tenant, (asked.database, asked.statement, values))

    def _request(self, verdict: Verdict, asked: Question, holder: Holder, share: dict[str, str]) -> bytes:
        """Write the request, with the share of the machine that it gets."""
        password = clickhouse_password(self._secret, holder.access_class.id)
        headers = self._questions.headers(runs_as(holder), password)
        if asked.encodings:
            headers["Accept-Encoding"] = asked.encodings
        kind, body = asked.body()
        ours = dict(share)
        if holder.access_class.writable and not write_rights.stays(verdict, asked, holder):
            ours["readonly"] = "2"
        asked = replace(asked, settings={**asked.settings, **ours})
        if asked.data is not None:
            asked = replace(asked, statement=verdict.text.encode())
        return request_bytes(asked.path(), headers | kind, body)

    async def _pass_on(self, one: Running, request: bytes, client: Client, *, once: bool) -> int:
        """Try until ClickHouse has answered; what only reads may be sent twice. Return the bytes that were written.

        What is done `once` goes over a new connection, which ClickHouse cannot have closed a moment ago.
        """
        deadline = time.monotonic() + _PATIENCE
        fresh, broken, lost = once, 0, False
        while True:
            relay, was_new = await self._attempt(one, request, client, fresh=fresh, again=lost)
            outcome = relay.outcome.result()
            if outcome is Outcome.WHOLE:
                self._account(one, relay, outcome)
                return relay.written
            if outcome is Outcome.CUT:
                self._account(one, relay, outcome)
                client.cut() if relay.framed else client.abort()
                return relay.written
            if once and outcome is Outcome.BROKEN:
                raise _perhaps_done()
            lost = lost or outcome is Outcome.BROKEN
            broken += was_new and outcome is Outcome.BROKEN
            if broken > 1 or time.monotonic() > deadline:
                raise _away() if outcome is Outcome.BROKEN else _not_ready()
            fresh = True
            await asyncio.sleep(_PAUSE if was_new else 0)

    async def _attempt(
        self, one: Running, request: bytes, client: Client, *, fresh: bool, again: bool
    ) -> tuple[Relay, bool]:
        """Send once and pass the answer on; also say whether the connection was a new one."""
        try:
            connection = await self._pool.connection(fresh=fresh)
        except OSError as error:
            raise _away() from error
        relay, was_new = Relay(client, again=again), not connection.used
        one.sent, one.relay = True, relay
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


def _longest(asked: Question, holder: Holder) -> float:
    """Seconds that a statement may run: what its class may, or less where it says so itself."""
    most = float(holder.access_class.limits.execution_seconds)
    try:
        wanted = float(asked.settings.get("max_execution_time", 0))
    except ValueError:
        return most  # ClickHouse says what is wrong with it
    return min(wanted, most) if wanted > 0 else most


def _perhaps_done() -> Exception:
    return unavailable(
        "The connection to ClickHouse was lost during this statement. It may have been done: look before you send it "
        "again. With the setting insert_deduplication_token the same rows are not written twice where the table keeps "
        "a deduplication window."
    )


def _away() -> Exception:
    return unavailable(
        "ClickHouse does not answer. It is probably being started again: the statement can be tried in a few seconds."
    )


def _not_ready() -> Exception:
    return unavailable(
        "ClickHouse does not know your rights yet. They are being set up: try in a few seconds.", 5
    )
