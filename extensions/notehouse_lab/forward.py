"""`notehouse/api/…` on a person's server: passes what the front end asks on to the API, as that person.

The browser never sees the Hub token that this server holds; who may ask is decided by Jupyter's own login and XSRF check.
"""

from __future__ import annotations

import os
import re
from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

SECONDS = 60.0
_ID = r"[0-9a-f-]{36}"
# What the panel and the dialogs need, and no more: not tokens, not permissions, nothing that deletes.
ALLOWED = {
    "GET": re.compile(rf"me|data-sources|data-sources/{_ID}/schema|dashboards|dashboards/{_ID}/versions/\d+"),
    "POST": re.compile(rf"dashboards|dashboards/{_ID}/versions|schedules|alerts"),
}


class ForwardHandler(APIHandler):
    """Passes a request on and its answer back, errors in the API's own words."""

    auth_resource = "notehouse"

    def initialize(self, api_url: str, hub_token: str) -> None:
        """Take where the API is and who this server acts for."""
        self._api_url = api_url.rstrip("/")
        self._hub_token = hub_token

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """Read."""
        await self._forward(path, None)

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        """Make."""
        await self._forward(path, self.request.body)

    async def _forward(self, path: str, body: bytes | None) -> None:
        method = self.request.method or ""
        if not ALLOWED[method].fullmatch(path):
            raise web.HTTPError(404, "JupyterLab does not pass this on to the API.")
        answer = await self._ask(method, path, body)
        self.set_status(answer.code)
        self.finish(answer.body or b"null")

    async def _ask(self, method: str, path: str, body: bytes | None) -> HTTPResponse:
        query = f"?{self.request.query}" if self.request.query else ""
        request = HTTPRequest(
            f"{self._api_url}/{path}{query}",
            method=method,
            headers={"Authorization": f"token {self._hub_token}", "Content-Type": "application/json"},
            body=body,
            request_timeout=SECONDS,
            follow_redirects=False,
        )
        try:
            return await AsyncHTTPClient().fetch(request, raise_error=False)
        except (OSError, HTTPClientError) as error:
            self.log.warning("The API does not answer: %s", error)
            reason = "Notehouse's API does not answer. It is being started again: try in a few seconds."
            raise web.HTTPError(HTTPStatus.BAD_GATEWAY, reason) from error


def load(server: ServerApp) -> None:
    """Add the route to a server that the Hub has started."""
    api_url, hub_token = os.environ.get("NOTEHOUSE_API_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
    if not api_url or not hub_token:
        server.log.warning("Notehouse: no API or Hub token; the data panel and the dialogs cannot work")
        return
    address = url_path_join(server.web_app.settings["base_url"], "notehouse", "api", "(.+)")
    route = (address, ForwardHandler, {"api_url": api_url, "hub_token": hub_token})
    server.web_app.add_handlers(".*$", [route])  # type: ignore[no-untyped-call]
