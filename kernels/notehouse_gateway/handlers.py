"""The gateway's own requests: start a kernel with a token, renew that token."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from jupyter_client.jsonutil import json_default
from jupyter_server.auth.decorator import authorized
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

MAX_TOKEN = 16_384
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
    fields = read_fields(body, {"name", "token"}, {"seed"})
    seed = fields.get("seed")
    if seed is not None and not SEED.fullmatch(seed):
        raise web.HTTPError(400, "The seed must be 16 to 128 hexadecimal digits.")
    return KernelOrder(fields["name"], read_token(fields), seed)


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


# Found by ServerApp when this module is named as a service. No restart: a kernel that died has lost what it
# held, so whoever used it must know.
default_handlers = [
    (r"/api/kernels", KernelsHandler),
    (rf"/api/kernels/{_kernel_id_regex}", KernelHandler),
    (rf"/api/kernels/{_kernel_id_regex}/(?P<action>interrupt)", KernelActionHandler),
    (rf"/api/kernels/{_kernel_id_regex}/token", TokenHandler),
    (rf"/api/kernels/{_kernel_id_regex}/channels", KernelWebsocketHandler),
]
