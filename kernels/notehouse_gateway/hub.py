"""What does a gateway need of the Hub that started it? Whose a token is, and to be known as still in use."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

ANSWER_SECONDS = 20.0
RETRY_SECONDS = 5.0
USUAL_ACTIVITY_SECONDS = 300

log = logging.getLogger(__name__)


class HubAway(Exception):
    """The Hub does not answer, or not as it should; the message says which."""


@dataclass(frozen=True)
class Hub:
    """The Hub, and what it told this server at its start. Of `access`, scopes, a token must have one."""

    api_url: str
    token: str = field(repr=False)
    access: frozenset[str]
    address: tuple[str, int]  # where to listen
    base_url: str
    activity_url: str
    activity_seconds: float = USUAL_ACTIVITY_SECONDS

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Hub:
        """Read what the Hub has put into a server's environment. Raises KeyError naming what is missing."""
        where = urlsplit(environment["JUPYTERHUB_SERVICE_URL"])
        if where.scheme != "http":
            raise ValueError(
                "A kernel gateway is reached without TLS: c.JupyterHub.internal_ssl must be off."
            )
        return cls(
            api_url=environment["JUPYTERHUB_API_URL"].rstrip("/"),
            token=environment["JUPYTERHUB_API_TOKEN"],
            access=frozenset(json.loads(environment["JUPYTERHUB_OAUTH_ACCESS_SCOPES"])),
            address=(where.hostname or "", where.port or 80),
            base_url=environment["JUPYTERHUB_SERVICE_PREFIX"],
            activity_url=environment["JUPYTERHUB_ACTIVITY_URL"],
            activity_seconds=float(environment.get("JUPYTERHUB_ACTIVITY_INTERVAL") or USUAL_ACTIVITY_SECONDS),
        )

    async def who_may_enter(self, token: str) -> str | None:
        """Return whose a token is; None when the Hub does not know it, or it does not open this server.

        Raises HubAway.
        """
        answer = await self._ask(f"{self.api_url}/user", token)
        if answer.code in {401, 403, 404}:
            return None
        known = _read(answer)
        return str(known["name"]) if self.access & set(known.get("scopes") or ()) else None

    async def tell_activity(self, at: datetime) -> None:
        """Say when this server was used last. Raises HubAway."""
        moment = at.astimezone(UTC).isoformat()
        body = json.dumps({"servers": {"": {"last_activity": moment}}, "last_activity": moment})
        answer = await self._ask(self.activity_url, self.token, method="POST", body=body)
        if answer.code >= 300:
            raise HubAway(f"The Hub answered {answer.code} to a sign of life.")

    async def _ask(self, url: str, token: str, **options: Any) -> HTTPResponse:
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        request = HTTPRequest(
            url, headers=headers, connect_timeout=ANSWER_SECONDS, request_timeout=ANSWER_SECONDS,
            follow_redirects=False, **options,
        )  # fmt: skip
        try:
            return await AsyncHTTPClient().fetch(request, raise_error=False)
        except (OSError, HTTPClientError) as error:
            raise HubAway(f"The Hub does not answer ({error}). Try again soon.") from error


def _read(answer: HTTPResponse) -> dict[str, Any]:
    if answer.code != 200:
        raise HubAway(f"The Hub answered {answer.code} when it was asked about a token. Try again soon.")
    known = json.loads(answer.body)
    if not isinstance(known, dict):
        raise HubAway("The Hub's answer about a token is none.")
    return known


async def keep_telling(hub: Hub, last_activity: Callable[[], datetime]) -> None:
    """Tell the Hub whenever this server was used since it was last told; a Hub that is away only delays it."""
    told: datetime | None = None
    while True:
        pause = hub.activity_seconds * random.uniform(0.9, 1.1)  # noqa: S311 - so that servers do not all speak at once
        at = last_activity()
        try:
            if told is None or at > told:
                await hub.tell_activity(at)
                told = at
        except HubAway as reason:
            log.warning("The Hub does not know that this gateway is used: %s", reason)
            pause = min(pause, RETRY_SECONDS)
        await asyncio.sleep(pause)
