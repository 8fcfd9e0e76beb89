"""What does each address answer? The gateway's routes, and what stands behind them."""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from notehouse_core.settings import API_PREFIX, Settings, required
from notehouse_hub.service.query_gateway import canonical_request, credentials, holder
from notehouse_hub.service.query_gateway.client_connection import ClientConnection
from notehouse_hub.service.query_gateway.client_request import LARGEST_OF_STRANGERS, ClientRequest, asked
from notehouse_hub.service.query_gateway.holder import Holder, Keys
from notehouse_hub.service.query_gateway.questions import Questions
from notehouse_hub.service.query_gateway.refusal import BAD_ARGUMENTS, UNKNOWN_DATABASE, Refusal, unavailable
from notehouse_hub.service.query_gateway.rights import Rights, RightsFollower
from notehouse_hub.service.query_gateway.running import RunningQueries
from notehouse_hub.service.query_gateway.statements import Statements
from notehouse_hub.service.query_gateway.upstream import Pool

PREFIX = f"{API_PREFIX}/clickhouse"
DEFAULT_SOURCE = "warehouse"
_SOURCE = re.compile(r"/(?:([a-z][a-z0-9_-]{0,63})/?)?")
_QUERY = re.compile(r"/query/([^/]+)")
_ESTIMATE = re.compile(r"/estimate(/.*)?")
_OUR_WORDS = {"ping", "query", "health", "metrics", "estimate", "limits"}

log = logging.getLogger(__name__)


class Gateway:
    """Answers requests of token holders; one a process."""

    def __init__(self, settings: Settings) -> None:
        secret = required(settings.class_secret, "class_secret")
        self.connections: set[ClientConnection] = set()
        self.bodies = 0
        self._keys = Keys(settings.verify_keys_file or settings.data / "keys" / "verify-keys.json")
        self._pool = Pool(settings.clickhouse)
        self._questions = Questions(settings, self._pool)
        self._running = RunningQueries(self._questions)
        self._statements = Statements(self._pool, self._questions, self._running, secret)
        self._rights = RightsFollower(
            required(settings.database_url, "database_url"), self._running.end_unentitled
        )
        self._own_pages: dict[str, Callable[[ClientConnection], Awaitable[None]]] = {
            "/health/live": self._live,
            "/health/ready": self._ready,
            "/metrics": self._metrics,
        }

    async def follow_rights(self) -> None:
        """Follow the rights until cancelled."""
        await self._rights.follow()

    async def close(self) -> None:
        """End connections: those that work get a moment to finish."""
        deadline = asyncio.get_running_loop().time() + 3
        while any(not one.is_idle() for one in self.connections):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.05)
        for one in list(self.connections):
            one.abort()
        self._pool.close()

    def check_known(self, request: ClientRequest) -> None:
        """Raise Refusal unless the head of a request has a token that is good; its rights are looked at later."""
        self._keys.verify(credentials.token(request))

    def refused(self, refusal: Refusal) -> None:
        """Count a refusal."""
        self._statements.metrics.refused(refusal.code)

    async def answer(self, request: ClientRequest, client: ClientConnection) -> None:
        """Answer a request. Raises Refusal."""
        path = request.path
        if path in self._own_pages and request.method == "GET":
            await self._own_pages[path](client)
            return
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            path = path[len(PREFIX) :] or "/"
        if path == "/ping":
            client.respond(200, b"Ok.\n")
        elif found := _QUERY.fullmatch(path):
            await self._one_query(request, client, found[1])
        elif found := _ESTIMATE.fullmatch(path):
            await self._estimate(request, client, _source(found[1] or "/"))
        elif path == "/limits":
            await self._limits(request, client)
        else:
            await self._statement(request, client, _source(path))

    async def _statement(self, request: ClientRequest, client: ClientConnection, source: str) -> None:
        if request.method not in {"GET", "POST"}:
            raise Refusal(BAD_ARGUMENTS, 405, "Send statements with GET or POST.", {"Allow": "GET, POST"})
        one, rights = await self._holder(request)
        holder.check_source(one, source)
        default = rights.default_database(one.claims.tenant, source, one.databases(source))
        large = len(request.body) > LARGEST_OF_STRANGERS
        found = await asyncio.to_thread(asked, request) if large else asked(request)
        question = canonical_request.question(request, found, one, source, default)
        await self._statements.run(question, one, client)

    async def _estimate(self, request: ClientRequest, client: ClientConnection, source: str) -> None:
        """Tell what a statement would read, against the limits of who asks."""
        if request.method != "POST":
            raise Refusal(BAD_ARGUMENTS, 405, "Send the statement with POST.", {"Allow": "POST"})
        one, rights = await self._holder(request)
        holder.check_source(one, source)
        default = rights.default_database(one.claims.tenant, source, one.databases(source))
        question = canonical_request.question(request, asked(request), one, source, default)
        found = await self._statements.estimate(question, one, source)
        _respond_json(client, 200, {**found, **_against(found, one, rights)})

    async def _limits(self, request: ClientRequest, client: ClientConnection) -> None:
        """Tell the limits of who asks."""
        one, rights = await self._holder(request)
        _respond_json(client, 200, _limits_of(one, rights))

    async def _one_query(self, request: ClientRequest, client: ClientConnection, given: str) -> None:
        """Tell how far a query is (GET), or end it (DELETE)."""
        if request.method not in {"GET", "DELETE"}:
            raise Refusal(BAD_ARGUMENTS, 405, "Ask with GET, end it with DELETE.", {"Allow": "GET, DELETE"})
        one, _ = await self._holder(request)
        query_id = canonical_request.own_query_id(one, given)
        act = self._running.stop if request.method == "DELETE" else self._running.progress
        try:
            seen = await act(query_id, one)
        except (OSError, TimeoutError) as error:
            raise unavailable("ClickHouse does not answer. Try again in a moment.") from error
        if seen is None:
            message = "No query of yours runs under this id. It has ended, or it never began."
            _respond_json(client, 404, {"code": "not_found", "message": message, "query_id": query_id})
        else:
            _respond_json(client, 200, seen)

    async def _holder(self, request: ClientRequest) -> tuple[Holder, Rights]:
        token = credentials.token(request)
        claims = self._keys.verify(token)
        rights = await self._rights.current()
        return holder.holder(token, claims, rights), rights

    async def _live(self, client: ClientConnection) -> None:
        _respond_json(client, 200, {"status": "live"})

    async def _ready(self, client: ClientConnection) -> None:
        """Say whether statements can run now; ClickHouse must know the gate's user, too."""
        missing = [] if self._rights.known else ["rights"]
        try:
            async with asyncio.timeout(3):
                if (await self._questions.as_gate(b"SELECT 1", {})).status != 200:
                    missing.append("clickhouse")
        except (OSError, TimeoutError):
            missing.append("clickhouse")
        status = "not ready" if missing else "ready"
        _respond_json(client, 503 if missing else 200, {"status": status, "missing": missing})

    async def _metrics(self, client: ClientConnection) -> None:
        gauges = {
            "connections": len(self.connections),
            "running": len(self._running),
            "waiting": self._statements.turnstile.waiting,
        }
        client.respond(200, self._statements.metrics.text(gauges).encode())


def _limits_of(one: Holder, rights: Rights) -> dict[str, Any]:
    limits = one.access_class.limits
    return {
        "limits": {"rows_to_read": limits.rows_to_read, "execution_seconds": limits.execution_seconds},
        "ask_above_rows": rights.ask_above.get(one.claims.tenant),
    }


def _against(found: Mapping[str, Any], one: Holder, rights: Rights) -> dict[str, Any]:
    """Hold an estimate against limits: which would be exceeded?"""
    limits = _limits_of(one, rights)
    counted = {"rows_to_read": found["rows"], "execution_seconds": found["seconds"]}
    most = limits["limits"]
    return {
        **limits,
        "exceeds": [name for name, value in counted.items() if value is not None and value > most[name]],
    }


def _source(path: str) -> str:
    """Return the data source that an address names. Raises Refusal for an address that is none."""
    found = _SOURCE.fullmatch(path)
    if found is None or found[1] in _OUR_WORDS:
        shown = quote(path[:100])
        raise Refusal(UNKNOWN_DATABASE, 404, f"There is nothing at {shown}. Use /{DEFAULT_SOURCE}/ or /.")
    return found[1] or DEFAULT_SOURCE


def _respond_json(client: ClientConnection, status: int, body: dict[str, object]) -> None:
    client.respond(status, json.dumps(body).encode() + b"\n", content_type="application/json")
