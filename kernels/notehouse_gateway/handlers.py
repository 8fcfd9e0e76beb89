"""The gateway's own requests: start a kernel with a token, renew that token."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, cast

from jupyter_client.jsonutil import json_default
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.services.kernels.handlers import (
    KernelActionHandler,
    KernelHandler,
    KernelsAPIHandler,
    MainKernelHandler,
    _kernel_id_regex,
)
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from tornado import web

from notehouse_gateway.kernels import GatewayKernels, KernelOrder
from notehouse_gateway.notebook_template import NotebookOrder, NotebookTemplate
from notehouse_gateway.series import HITS
from notehouse_gateway.template_process import CannotFork
from notehouse_gateway.templates import Templates
from notehouse_gateway.watching import template_model, totals

MAX_TOKEN = 16_384
MOST_WAIT = 20.0  # seconds that a request waits for a template
LONGEST_CELL = 86_400
SEED = re.compile(r"[0-9a-f]{16,128}")


def read_fields(body: Any, required: set[str], optional: set[str]) -> dict[str, str]:
    """Return the fields of a request body; raises HTTPError 400 that names what is wrong."""
    if not isinstance(body, dict):
        raise web.HTTPError(400, "The body must be a JSON object.")
    if unknown := body.keys() - required - optional:
        raise web.HTTPError(400, f"Unknown field: {', '.join(sorted(unknown))}.")
    fields = {name: value for name, value in body.items() if value is not None}
    if missing := required - fields.keys():
        raise web.HTTPError(400, f"Missing field: {', '.join(sorted(missing))}.")
    if wrong := [name for name, value in fields.items() if not isinstance(value, str)]:
        raise web.HTTPError(400, f"Not a text: {', '.join(sorted(wrong))}.")
    return fields


def read_token(fields: dict[str, str]) -> str:
    """Return the token of a request; raises HTTPError 400 when it is longer than any token is."""
    if len(fields["token"]) > MAX_TOKEN:
        raise web.HTTPError(400, "The token is too long to be one.")
    return fields["token"]


def read_order(body: Any) -> KernelOrder:
    """Return what a request to start a kernel asks for; raises HTTPError 400."""
    fields = read_fields(body, {"name", "token"}, {"seed", "template"})
    template = fields.get("template")
    if template is not None and not SEED.fullmatch(template):
        raise web.HTTPError(400, "The template's key must be 16 to 128 hexadecimal digits.")
    return KernelOrder(fields["name"], read_token(fields), read_seed(fields), template)


def read_seed(fields: dict[str, str]) -> str | None:
    """Return the seed of a request, if there is one; raises HTTPError 400 when it is none."""
    seed = fields.get("seed")
    if seed is not None and not SEED.fullmatch(seed):
        raise web.HTTPError(400, "The seed must be 16 to 128 hexadecimal digits.")
    return seed


class KernelsHandler(MainKernelHandler):
    """`/api/kernels`: the list (Jupyter's own), and the start of a kernel that brings its token."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Start a kernel and answer 201 with its model."""
        order = read_order(self.get_json_body())
        kernels = cast(GatewayKernels, self.kernel_manager)
        model = kernels.kernel_model(await kernels.start(order))  # type: ignore[no-untyped-call]
        self.set_status(201)
        self.finish(json.dumps(model, default=json_default))


class WatchHandler(KernelsAPIHandler):
    """`/api/watch`: all kernels and templates with what they hold, the limits, and what was counted since the start."""

    _track_activity = False  # who looks at a gateway does not use it

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer it."""
        kernels, templates = cast(GatewayKernels, self.kernel_manager), Templates.instance()
        seen, kept = kernels.watched(), templates.kept()

        def measured() -> dict[str, Any]:
            return {
                "kernels": [{**model, **known.model(pid)} for model, known, pid in seen],
                "warm": templates.warm,
                "templates": [template_model(key, one) for key, one in kept],
                "limits": {
                    "kernels": kernels.max_kernels,
                    "memory_megabytes": kernels.kernel_memory_megabytes,
                },
                "totals": totals(),
            }

        answer = await asyncio.to_thread(measured)
        self.finish(json.dumps(answer, default=json_default))


class OneKernelHandler(KernelHandler):
    """`/api/kernels/{id}`: Jupyter's own; `?now=true` ends the kernel without waiting for what it would still do.

    `?by=administrator` ends it as if it died, and says to whoever used it who ended it.
    """

    @web.authenticated
    @authorized
    async def delete(self, kernel_id: str) -> None:
        """End the kernel and answer 204."""
        kernels = cast(GatewayKernels, self.kernel_manager)
        if self.get_query_argument("by", "") == "administrator":
            kernels.end_as_administrator(kernel_id)
        else:
            await kernels.end(kernel_id, now=self.get_query_argument("now", "false") == "true")
        self.set_status(204)
        self.finish()


class TokenHandler(KernelsAPIHandler):
    """`/api/kernels/{id}/token`: a new execution token for a running kernel."""

    @web.authenticated
    @authorized
    async def put(self, kernel_id: str) -> None:
        """Replace the token and answer 204."""
        fields = read_fields(self.get_json_body(), {"token"}, set())
        cast(GatewayKernels, self.kernel_manager).renew_token(kernel_id, read_token(fields))
        self.set_status(204)
        self.finish()


class TemplateHandler(KernelsAPIHandler):
    """`/api/templates/{key}`: a notebook that is run once, for kernels that go on from there."""

    @web.authenticated
    @authorized
    async def put(self, key: str) -> None:
        """Have it prepared, unless it is or is being; answer 202 with how far it is."""
        order = read_notebook_order(self.get_json_body())
        desk = cast(GatewayKernels, self.kernel_manager).template_desk(key)
        try:
            template = Templates.instance().prepare(key, order, desk)
        except CannotFork as refusal:
            raise web.HTTPError(409, f"There are no templates here: {refusal}.") from refusal
        self.set_status(202)
        self.finish(template.model())

    @web.authenticated
    @authorized
    async def get(self, key: str) -> None:
        """Answer how far it is, after `wait` seconds at most for its end."""
        template = self._found(key)
        if seconds := min(float(self.get_query_argument("wait", "0")), MOST_WAIT):
            await asyncio.to_thread(template.settled.wait, seconds)
        elif template.state != "failed":
            HITS.inc()  # whoever does not wait for its end comes to use it
        self.finish(template.model())

    @web.authenticated
    @authorized
    async def delete(self, key: str) -> None:
        """End it and answer 204; 409 while a kernel of it lives."""
        self._found(key)
        if not Templates.instance().let_go(key):
            raise web.HTTPError(409, "The template is in use.")
        self.set_status(204)
        self.finish()

    def _found(self, key: str) -> NotebookTemplate:
        if (template := Templates.instance().notebook(key)) is None:
            raise web.HTTPError(404, "There is no template of this key; it may have been ended to make room.")
        return template


class ExecutedHandler(TemplateHandler):
    """`/api/templates/{key}/notebook`: the notebook with its outputs."""

    SUPPORTED_METHODS = ("GET",)

    @web.authenticated
    @authorized
    async def get(self, key: str) -> None:
        """Answer the notebook; 409 while it is being prepared."""
        template = self._found(key)
        if template.state == "preparing" or not template.executed.exists():
            raise web.HTTPError(409, "The notebook has not run yet.")
        self.set_header("Content-Type", "application/json")
        self.finish(await asyncio.to_thread(template.executed.read_bytes))


def read_notebook_order(body: Any) -> NotebookOrder:
    """Return what a request to prepare a template asks for; raises HTTPError 400."""
    if not isinstance(body, dict) or not isinstance(body.get("notebook"), dict):
        raise web.HTTPError(400, "The body must be a JSON object with a notebook.")
    rest = {name: value for name, value in body.items() if name not in ("notebook", "cell_timeout")}
    fields = read_fields(rest, {"token"}, {"seed"})
    timeout = body.get("cell_timeout", 600)
    if not isinstance(timeout, int) or not 0 < timeout <= LONGEST_CELL:
        raise web.HTTPError(400, f"cell_timeout must be a number of seconds, {LONGEST_CELL} at most.")
    return NotebookOrder(body["notebook"], read_token(fields), read_seed(fields), timeout)


class ChannelsHandler(KernelWebsocketHandler):
    """`/api/kernels/{id}/channels`: Jupyter's own; a refusal is JSON, since there are no pages."""

    write_error = APIHandler.write_error


# No restart: a kernel that died has lost what it
# held, so whoever used it must know.
default_handlers = [
    (r"/api/watch", WatchHandler),
    (r"/api/kernels", KernelsHandler),
    (rf"/api/kernels/{_kernel_id_regex}", OneKernelHandler),
    (rf"/api/kernels/{_kernel_id_regex}/(?P<action>interrupt)", KernelActionHandler),
    (rf"/api/kernels/{_kernel_id_regex}/token", TokenHandler),
    (rf"/api/kernels/{_kernel_id_regex}/channels", ChannelsHandler),
    (rf"/api/templates/({SEED.pattern})", TemplateHandler),
    (rf"/api/templates/({SEED.pattern})/notebook", ExecutedHandler),
]
