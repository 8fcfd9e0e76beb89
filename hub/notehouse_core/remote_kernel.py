"""Starts, drives and stops a kernel at a kernel gateway, in the shape that nbclient and papermill expect.

`RemoteKernelManager` stands where an `AsyncKernelManager` stands, `RemoteKernelClient` is an
`AsyncKernelClient` whose channels are queues behind one websocket. Nothing is global: two managers in one
process share nothing.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any, Self, cast

import httpx
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.clientabc import KernelClientABC
from jupyter_client.managerabc import KernelManagerABC
from tornado.httpclient import HTTPError

from notehouse_core import log_context
from notehouse_core.errors import Unavailable
from notehouse_core.kernel_connection import KernelConnection, RemoteChannel

DEFAULT_OUTPUT_LIMIT = 64 * 2**20
CONNECT_TIMEOUT = 60.0
START_TIMEOUT = 90.0
REQUEST_TIMEOUT = 30.0
READY_POLL = 0.5
ENDING_POLL = 0.2


class RemoteKernelError(Unavailable, RuntimeError):
    """The kernel gateway refused, failed or is gone; the message says which and what to do."""


class RemoteKernelClient(AsyncKernelClient):
    """Talks to one kernel over the gateway's websocket."""

    def __init__(self, manager: RemoteKernelManager, output_limit: int = DEFAULT_OUTPUT_LIMIT) -> None:
        super().__init__()
        self.allow_stdin = False
        self._connection = KernelConnection(manager.channels_url, manager.headers, self.session, output_limit)

    async def start_channels(self, *_: bool, **__: bool) -> None:  # type: ignore[override]
        """Open the websocket that carries all channels; raises RemoteKernelError."""
        try:
            await self._connection.open(CONNECT_TIMEOUT)
        except HTTPError as error:
            raise RemoteKernelError(_refusal(error.code, "connect to the kernel")) from error
        except OSError as error:
            raise RemoteKernelError(f"The kernel gateway cannot be reached: {error}") from error

    def stop_channels(self) -> None:
        """Close the websocket."""
        self._connection.close()

    @property
    def channels_running(self) -> bool:
        """Tell whether the websocket is open."""
        return self._connection.is_open

    async def is_alive(self) -> bool:
        """Tell whether the kernel can still be heard: the websocket is open and no `dead` status came."""
        return self._connection.is_open

    async def wait_closed(self) -> None:
        """Return when the kernel or the connection to it is gone."""
        await self._connection.wait_closed()

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 (jupyter_client's word)
        """Return when the kernel answers; raises RuntimeError after `timeout` seconds or when it died."""
        deadline = time.monotonic() + (timeout if timeout is not None else float("inf"))
        request = self.kernel_info()
        while True:
            if await self._answered(request):
                return
            if not self._connection.is_open:
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

    async def _answered(self, request: str) -> bool:
        """Wait a moment for the reply, and for the idle status that ends it: later output is then all new."""
        try:
            reply = await self._recv_reply(request, timeout=READY_POLL)
        except TimeoutError:
            return False
        self._handle_kernel_info_reply(reply)
        await self._drain_until_idle(request)
        return True

    async def _drain_until_idle(self, request: str) -> None:
        while True:
            message = await self.iopub_channel.get_msg(timeout=CONNECT_TIMEOUT)
            state = message["content"].get("execution_state")
            if message["parent_header"].get("msg_id") == request and state == "idle":
                return

    @property
    def shell_channel(self) -> RemoteChannel:
        """Requests and replies."""
        return self._connection.channels["shell"]

    @property
    def iopub_channel(self) -> RemoteChannel:
        """Outputs and states."""
        return self._connection.channels["iopub"]

    @property
    def stdin_channel(self) -> RemoteChannel:
        """Questions of the kernel to the person in front of it; nobody is, here."""
        return self._connection.channels["stdin"]

    @property
    def control_channel(self) -> RemoteChannel:
        """Requests that overtake those on shell."""
        return self._connection.channels["control"]

    @property
    def hb_channel(self) -> RemoteChannel:
        """Stands for the heartbeat: beats while the websocket is open."""
        return self._connection.channels["control"]


class RemoteKernelManager:
    """A kernel at a kernel gateway, from its start to its end.

    `url` is the gateway's base (ends with a slash), `hub_token` opens it, `execution_token` is what the
    kernel itself reaches data with, `seed` makes the ids of its widgets a fixed sequence. With `template`, the
    key of a notebook that was prepared there (`RemoteTemplate`), the kernel goes on where that has ended.
    """

    def __init__(
        self,
        *,
        url: str,
        hub_token: str,
        execution_token: str = "",
        seed: str | None = None,
        template: str | None = None,
        kernel_name: str = "notehouse",
        kernel_id: str | None = None,
        output_limit: int = DEFAULT_OUTPUT_LIMIT,
    ) -> None:
        self.url = url.rstrip("/") + "/"
        self.kernel_name = kernel_name
        self.kernel_id = kernel_id
        self.output_limit = output_limit
        self._hub_token = hub_token
        self._execution_token = execution_token
        self._seed = seed
        self._template = template
        self._clients: list[RemoteKernelClient] = []
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        if not self.has_kernel:
            await self.start_kernel()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.shutdown_kernel(now=True)
        finally:
            await self.cleanup_resources()

    @property
    def headers(self) -> dict[str, str]:
        """What every request to the gateway carries, the websocket's too."""
        return {"Authorization": f"token {self._hub_token}", **log_context.passed_on()}

    @property
    def kernel_url(self) -> str:
        """Address of this kernel; raises RuntimeError before it was started."""
        if self.kernel_id is None:
            raise RuntimeError("No kernel is running!")
        return f"{self.url}api/kernels/{self.kernel_id}"

    @property
    def channels_url(self) -> str:
        """Address of this kernel's websocket."""
        scheme, _, rest = self.kernel_url.partition("://")
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/channels"

    @property
    def has_kernel(self) -> bool:
        """Tell whether a kernel was started (or given) and not shut down."""
        return self.kernel_id is not None

    async def start_kernel(self, **_: Any) -> None:
        """Start the kernel; raises RemoteKernelError. The gateway decides its folder and environment."""
        body = {"name": self.kernel_name, "token": self._execution_token}
        if self._seed is not None:
            body["seed"] = self._seed
        if self._template is not None:
            body["template"] = self._template
        answer = await self._request("POST", f"{self.url}api/kernels", "start a kernel", body, START_TIMEOUT)
        self.kernel_id = cast(str, answer.json()["id"])

    def client(self, **_: Any) -> RemoteKernelClient:
        """Return a new client of this kernel; `start_channels` connects it."""
        self._clients.append(RemoteKernelClient(self, self.output_limit))
        return self._clients[-1]

    async def renew_token(self, execution_token: str) -> None:
        """Give the kernel a new execution token in place of the one that is about to expire."""
        await self._request("PUT", f"{self.kernel_url}/token", "renew the token", {"token": execution_token})
        self._execution_token = execution_token

    async def is_alive(self) -> bool:
        """Tell whether the kernel still runs: by its connection if it has one, else by asking the gateway."""
        if self.kernel_id is None:
            return False
        if self._clients and self._clients[-1].channels_running:
            return True
        return await self._is_listed()

    async def _is_listed(self) -> bool:
        try:
            answer = await self._send("GET", self.kernel_url, None, REQUEST_TIMEOUT)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK

    async def why_ended(self, seconds: float = 3.0) -> str:
        """Return a sentence that says why the kernel died, as far as the gateway knows; empty while it lives.

        Raises RemoteKernelError when the gateway has ended too: another attempt finds another.
        """
        deadline = time.monotonic() + seconds
        while self.kernel_id is not None and time.monotonic() < deadline:
            try:
                answer = await self._send("GET", self.kernel_url, None, REQUEST_TIMEOUT)
            except httpx.TransportError as error:
                raise RemoteKernelError(
                    "The kernel gateway has ended, and the kernel with it; the next attempt starts another."
                ) from error
            if answer.status_code == httpx.codes.NOT_FOUND:
                return _reason(answer)
            await asyncio.sleep(ENDING_POLL)
        return ""

    async def interrupt_kernel(self) -> None:
        """Interrupt what the kernel is doing, as Ctrl-C would."""
        await self._request("POST", f"{self.kernel_url}/interrupt", "interrupt the kernel", {})

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """End the kernel; one that is gone already is no error."""
        if self.kernel_id is None:
            return
        address = f"{self.kernel_url}?now=true" if now else self.kernel_url
        answer = await self._reach("DELETE", address, None, "stop the kernel", REQUEST_TIMEOUT)
        if answer.status_code != httpx.codes.NOT_FOUND:
            checked(answer, "stop the kernel")
        self.kernel_id = None

    async def cleanup_resources(self, restart: bool = False) -> None:
        """Close this manager's connections, and those of its clients: nbclient leaves its own to us."""
        while self._clients:
            self._clients.pop().stop_channels()
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _request(
        self, method: str, url: str, purpose: str, body: dict[str, str], seconds: float = REQUEST_TIMEOUT
    ) -> httpx.Response:
        return checked(await self._reach(method, url, body, purpose, seconds), purpose)

    async def _reach(
        self, method: str, url: str, body: dict[str, str] | None, purpose: str, seconds: float
    ) -> httpx.Response:
        try:
            return await self._send(method, url, body, seconds)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise RemoteKernelError(
                f"The kernel gateway did not answer a request to {purpose} ({reason}). Try again soon."
            ) from error

    async def _send(
        self, method: str, url: str, body: dict[str, str] | None, seconds: float
    ) -> httpx.Response:
        if self._http is None:
            # No proxy of the environment: the token must reach the gateway and nobody else.
            encrypted = self.url.startswith(
                "https:"
            )  # else nothing is verified, and reading certificates takes long
            self._http = httpx.AsyncClient(headers=self.headers, trust_env=False, verify=encrypted)
        return await self._http.request(method, url, json=body, timeout=seconds)


def checked(answer: httpx.Response, purpose: str) -> httpx.Response:
    """Return a gateway's answer; raises RemoteKernelError when it refuses."""
    if answer.is_success:
        return answer
    raise RemoteKernelError(_refusal(answer.status_code, purpose, _reason(answer)))


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return ""
    return str(body.get("message", "")) if isinstance(body, dict) else ""


def _refusal(status: int, purpose: str, reason: str = "") -> str:
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        reason = "the Hub token is expired or is not one for this gateway"
    detail = f": {reason}" if reason else ""
    return f"The kernel gateway refused to {purpose} (HTTP {status}){detail}"


KernelManagerABC.register(RemoteKernelManager)
KernelClientABC.register(RemoteKernelClient)

__all__ = ["RemoteKernelClient", "RemoteKernelError", "RemoteKernelManager"]
