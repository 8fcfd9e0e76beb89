"""What do we ask the Hub? Who a token belongs to, to start the servers of kernel gateways, and to stop people's."""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from notehouse_core import errors, log_context

_KNOWN_SECONDS = 10.0  # for so long a token that the Hub has just confirmed counts without asking again
_KNOWN_TOKENS = 10_000
_PAGE = 100


@dataclass(frozen=True)
class HubIdentity:
    """Whom the Hub knows behind a token: a person (`kind` user) or a service."""

    kind: str
    name: str
    admin: bool = False
    scopes: tuple[str, ...] = ()
    session: str = ""  # the mark of the login that this token comes from; none of a token made by hand


@dataclass(frozen=True)
class HubServer:
    """A server of a Hub user, as far as the Hub tells us."""

    ready: bool
    pending: str | None
    path: str
    state: dict[str, Any]
    started_at: datetime | None = None
    last_activity: datetime | None = None


class HubApi:
    """The Hub's REST API with our service's own token; errors are Unavailable in the caller's words."""

    def __init__(self, url: str, token: str) -> None:
        self._own = {"Authorization": f"token {token}"}
        self._client = httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)
        self._known: OrderedDict[str, tuple[float, HubIdentity]] = OrderedDict()

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()

    async def alive(self) -> bool:
        """Say whether the Hub answers."""
        try:
            return (await self._client.get("/", timeout=3)).status_code == 200
        except httpx.HTTPError:
            return False

    async def identify(self, token: str) -> HubIdentity | None:
        """Return whose token this is, None if the Hub does not know it. Kept for ten seconds."""
        key = hashlib.sha256(token.encode()).hexdigest()
        until, identity = self._known.get(key, (0.0, None))
        if identity and until > time.monotonic():
            return identity
        self._known.pop(key, None)
        answer = await self._send("GET", "/user", headers={"Authorization": f"token {token}"})
        if answer.status_code in {401, 403}:
            return None
        identity = _identity(_expect(answer, {200}).json())
        self._remember(key, identity)
        return identity

    def forget(self, token: str) -> None:
        """Stop trusting what was remembered of a token, at a logout say."""
        self._known.pop(hashlib.sha256(token.encode()).hexdigest(), None)

    async def token_for_code(self, *, client_id: str, redirect: str, code: str, verifier: str) -> str | None:
        """Trade the code that a browser brought for its person's token; None if the Hub refuses the code."""
        form = {
            "client_id": client_id,
            "client_secret": self._own["Authorization"].removeprefix("token "),
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        answer = await self._send("POST", "/oauth2/token", data=form)
        if 400 <= answer.status_code < 500:
            return None
        return str(_expect(answer, {200}).json()["access_token"])

    async def revoke(self, token: str) -> None:
        """End a person's token of ours, so that nobody who kept the cookie can use it."""
        identity = await self.identify(token)
        self.forget(token)
        if identity is None:
            return
        mine = await self._send("GET", "/user", headers={"Authorization": f"token {token}"})
        token_id = mine.json().get("token_id") if mine.status_code == 200 else None
        if token_id:
            await self._send("DELETE", f"{_user(identity.name)}/tokens/{token_id}")

    async def ensure_user(self, name: str) -> None:
        """Make a Hub user unless there is one."""
        _expect(await self._send("POST", _user(name)), {201, 409})

    async def server(self, name: str) -> HubServer | None:
        """Return the default server of a user, None while there is none."""
        answer = await self._send("GET", _user(name))
        if answer.status_code == 404:
            return None
        model = _expect(answer, {200}).json().get("servers", {}).get("")
        if model is None:
            return None
        return _server(model)

    async def servers(self) -> dict[str, HubServer]:
        """Return the default servers that run now, people's and gateways', by the user's name."""
        found: dict[str, HubServer] = {}
        offset = 0
        while True:
            page = {"state": "active", "limit": _PAGE, "offset": offset}
            users = _expect(await self._send("GET", "/users", params=page), {200}).json()
            for user in users:
                if model := user.get("servers", {}).get(""):
                    found[user["name"]] = _server(model)
            if len(users) < _PAGE:
                return found
            offset += _PAGE

    async def start_server(self, name: str) -> bool:
        """Have the server of a user started; False if it runs already, alive by the Hub's own check.

        Raises NotFound when there is no such user.
        """
        answer = await self._send("POST", f"{_user(name)}/server", timeout=60)
        if answer.status_code == 404:
            raise errors.NotFound("The Hub has no such user.")
        if answer.status_code == 400 and "already running" in answer.text:
            return False
        _expect(answer, {201, 202})
        return True

    async def stop_server(self, name: str) -> None:
        """Have the server of a user stopped; it may still be ending when this returns. Raises NotFound."""
        answer = await self._send("DELETE", f"{_user(name)}/server")
        if answer.status_code == 404:
            raise errors.NotFound(f"{name} has no server.")
        _expect(answer, {202, 204})

    async def touch(self, name: str) -> None:
        """Note that a user's server is needed now, so that it is not ended for being idle."""
        now = datetime.now(UTC).isoformat()
        body = {"last_activity": now, "servers": {"": {"last_activity": now}}}
        _expect(await self._send("POST", f"{_user(name)}/activity", json=body), {200})

    async def mint_token(self, name: str, scopes: list[str], seconds: int) -> str:
        """Make a token of another user, with these scopes only."""
        body = {"scopes": scopes, "expires_in": seconds, "note": "kernel gateway"}
        answer = await self._send("POST", f"{_user(name)}/tokens", json=body)
        return str(_expect(answer, {200, 201}).json()["token"])

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        options["headers"] = {**options.get("headers", self._own), **log_context.passed_on()}
        try:
            return await self._client.request(method, path, **options)
        except httpx.TransportError as error:
            raise errors.Unavailable(
                "The Hub does not answer, so it cannot be said who you are. It is being started again: "
                "try in a few seconds."
            ) from error

    def _remember(self, key: str, identity: HubIdentity) -> None:
        self._known[key] = (time.monotonic() + _KNOWN_SECONDS, identity)
        while len(self._known) > _KNOWN_TOKENS:
            self._known.popitem(last=False)


def _user(name: str) -> str:
    return f"/users/{quote(name, safe='')}"


def _server(model: dict[str, Any]) -> HubServer:
    # With a subdomain for each server the Hub tells the whole address.
    path = urlsplit(model["url"]).path
    began, active = (_moment(model.get(name)) for name in ("started", "last_activity"))
    return HubServer(model["ready"], model["pending"], path, model.get("state") or {}, began, active)


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def _identity(model: dict[str, Any]) -> HubIdentity:
    scopes = tuple(model.get("scopes") or ())
    session = str(model.get("session_id") or "")
    return HubIdentity(model["kind"], model["name"], bool(model.get("admin")), scopes, session)


def _expect(answer: httpx.Response, statuses: set[int]) -> httpx.Response:
    """Return the answer if it is one of those that the Hub should give."""
    if answer.status_code not in statuses:
        raise errors.Unavailable(
            f"The Hub answered {answer.status_code} to {answer.request.method} {answer.request.url.path}."
        )
    return answer
