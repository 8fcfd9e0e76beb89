"""Keeps a fresh execution token in a file for the kernels of a JupyterLab server.

The server asks the API for it with its own Hub token; kernels see only the file.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from notehouse_core.token_renewal import request_file
from notehouse_gateway.activity import watch
from notehouse_gateway.desk import PRIVATE_FILE, PRIVATE_FOLDER, write_token
from notehouse_gateway.templates import Templates

FIRST_RETRY = 1.0
LONGEST_RETRY = 60.0
SHORTEST_LIFE = 10.0
REQUEST_SECONDS = 15.0
ASKED_POLL = 0.2
SHORTEST_WAIT = 2.0
TEMPLATE_AFTER = 2.0  # seconds; the page is shown first

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExecutionToken:
    """A token of the API, and when it ends."""

    text: str = field(repr=False)
    expires_at: datetime

    def renew_after(self, now: datetime) -> float:
        """Return the seconds until it should be replaced: before half of what it still has is over."""
        return max(SHORTEST_LIFE, (self.expires_at - now).total_seconds() * 0.45)


class TokenKeeper:
    """Renews the token in `file` for as long as the server runs; the API being away only delays it.

    Kernels may ask for a new one before its time, when theirs was revoked, say, or rights have changed.
    """

    def __init__(self, api_url: str, hub_token: str, file: Path) -> None:
        self._api_url = api_url.rstrip("/")
        self._hub_token = hub_token
        self._file = file
        self._request = request_file(file)
        self._answered = 0

    async def run(self) -> None:
        """Keep the token fresh; never returns."""
        retry = FIRST_RETRY
        while True:
            try:
                token = await self.renew()
            except (OSError, TimeoutError, HTTPClientError, ValueError) as error:
                log.warning("No new execution token (%s); trying again in %.0f s", error, retry)
                await self._wait(retry)
                retry = min(retry * 2, LONGEST_RETRY)
            else:
                retry = FIRST_RETRY
                await self._wait(token.renew_after(datetime.now(UTC)))

    async def renew(self) -> ExecutionToken:
        """Fetch a token and put it into the file. Raises HTTPClientError, OSError, ValueError."""
        self._file.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        self._request.touch(mode=PRIVATE_FILE)
        self._answered = self._asked()
        token = await self._fetch()
        write_token(self._file, token.text)
        return token

    async def _wait(self, seconds: float) -> None:
        """Wait until it is time, or until a kernel asks; not more often than every other second."""
        began = time.monotonic()
        while (waited := time.monotonic() - began) < seconds:
            if waited >= SHORTEST_WAIT and self._asked() != self._answered:
                return
            await asyncio.sleep(min(ASKED_POLL, seconds - waited))

    def _asked(self) -> int:
        """When a kernel asked last."""
        try:
            return self._request.stat().st_mtime_ns
        except OSError:
            return self._answered

    async def _fetch(self) -> ExecutionToken:
        request = HTTPRequest(
            f"{self._api_url}/tokens",
            method="POST",
            headers={"Authorization": f"token {self._hub_token}", "Content-Type": "application/json"},
            body=json.dumps({"purpose": "interactive"}),
            request_timeout=REQUEST_SECONDS,
        )
        answer = await AsyncHTTPClient().fetch(request)
        return read_answer(answer.body)


def read_answer(body: bytes) -> ExecutionToken:
    """Read the API's answer; raises ValueError when it is none."""
    answer: Any = json.loads(body)
    try:
        return ExecutionToken(str(answer["token"]), datetime.fromisoformat(answer["expires_at"]))
    except (KeyError, TypeError) as error:
        raise ValueError("the API's answer holds no token") from error


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "notehouse_gateway.server_extension"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Start the keeper, name its file to the kernels that the server will start, and prepare their template."""
    api_url, hub_token = os.environ.get("NOTEHOUSE_API_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
    if not api_url or not hub_token:
        server.log.warning(
            "Notehouse: no API or Hub token in this server's environment; SQL cells will not work"
        )
        return
    watch(server)
    file = Path.home() / ".notehouse" / "token"
    os.environ["NOTEHOUSE_TOKEN_FILE"] = str(file)
    keeper = TokenKeeper(api_url, hub_token, file)
    server.io_loop.call_later(TEMPLATE_AFTER, Templates.instance(parent=server).begin)
    server.io_loop.add_callback(lambda: server.web_app.settings.update(notehouse_keeper=_start(keeper)))


def _start(keeper: TokenKeeper) -> asyncio.Task[None]:
    """Return the running task; the application's settings keep it from being forgotten."""
    return asyncio.create_task(keeper.run())
