"""A live kernel of one page view: started on the first touch, ended when the page goes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from notehouse_core import errors
from notehouse_core.control_plane import ControlPlane, ExecutionToken, KernelGateway
from notehouse_dashboards.execution import Source, execute, kernel_for, minted, prepared, revoked
from notehouse_dashboards.live.filter import MessageFilter, Refused
from notehouse_dashboards.live.wire import Message, encode, parse

CONTROL_VERSION = "1.0.0"  # of ipywidgets' control protocol; a kernel refuses a comm that names none
READY_SECONDS = 60

Send = Callable[[bytes], Awaitable[None]]


class LiveSession:
    """Relays between a browser and a kernel what the filter lets through."""

    def __init__(self, client: Any, messages: MessageFilter, send: Send) -> None:
        self._client, self._filter, self._send = client, messages, send

    async def from_browser(self, frame: str | bytes) -> None:
        """Pass a browser's message on to the kernel. Raises Malformed; what is refused is dropped."""
        try:
            message = self._filter.inbound(parse(frame))
        except Refused as refused:
            if refused.restore:
                await self._put_right(*refused.restore, refused.told)
            return
        self._client.shell_channel.send(as_dict(message))

    async def relay(self) -> None:
        """Pass the kernel's messages on to the browser until the kernel is gone."""
        channels = (self._client.iopub_channel, self._client.shell_channel)
        relaying = [asyncio.create_task(self._relay(channel)) for channel in channels]
        closed = asyncio.create_task(self._client.wait_closed())
        try:
            await asyncio.wait({*relaying, closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*relaying, closed):
                task.cancel()
            await asyncio.gather(*relaying, closed, return_exceptions=True)

    async def _relay(self, channel: Any) -> None:
        while True:
            passed = self._filter.outbound(as_message(channel.name, await channel.get_msg()))
            if passed is not None:
                await self._send(encode(passed))

    async def _put_right(self, model: str, state: dict[str, Any], told: str) -> None:
        """Show the page again what a widget really holds, and say why."""
        header = {"msg_id": f"restore-{model[:80]}", "msg_type": "comm_msg", "session": "", "username": ""}
        content = {"comm_id": model, "data": {"method": "update", "state": state, "buffer_paths": []}}
        metadata = {"notehouse": {"failed": True, "told": told}} if told else {}
        await self._send(encode(Message("iopub", header, content, metadata=metadata)))


@asynccontextmanager
async def started(
    control: ControlPlane, source: Source, cell_timeout: int, tell: Callable[[int, int], None]
) -> AsyncIterator[Any]:
    """A kernel that has run the notebook, as a connected client. Raises NotebookFailed or NotehouseError.

    Where the notebook can be forked, it has run once for all who look at this snapshot.
    """
    gateway, token = await _ready(control, source, cell_timeout, tell)
    if gateway:
        async with kernel_for(control, source, source.template, gateway, token) as kernel:
            client = kernel.client()
            await client.start_channels()
            try:
                await client.wait_for_ready(timeout=READY_SECONDS)
                yield client
            finally:
                client.stop_channels()
        return
    async with kernel_for(control, source, token=token) as kernel:
        client = await execute(kernel, source.prepared(), cell_timeout, tell)
        try:
            yield client
        finally:
            client.stop_channels()


async def _ready(
    control: ControlPlane, source: Source, cell_timeout: int, tell: Callable[[int, int], None]
) -> tuple[KernelGateway | None, ExecutionToken]:
    """Where the notebook can be forked, and the token that the kernel will have: asked for at the same time."""
    minting = asyncio.create_task(minted(control, source))
    try:
        return await prepared(control, source, cell_timeout, tell), await minting
    except BaseException:
        with contextlib.suppress(errors.NotehouseError):
            await revoked(control, await minting)
        raise


def as_message(channel: str, found: dict[str, Any]) -> Message:
    """A kernel's message as it goes over a browser's websocket."""
    header = {name: str(value) for name, value in found["header"].items()}
    parent = {name: str(value) for name, value in (found.get("parent_header") or {}).items()}
    buffers = tuple(bytes(one) for one in found.get("buffers") or ())
    return Message(channel, header, found["content"], parent, found.get("metadata") or {}, buffers)


def as_dict(message: Message) -> dict[str, Any]:
    """A browser's message as the kernel's client sends it."""
    return {
        "header": message.header,
        "parent_header": {},
        "metadata": {"version": CONTROL_VERSION} if message.type == "comm_open" else {},
        "content": message.content,
        "buffers": list(message.buffers),
        "msg_id": message.id,
        "msg_type": message.type,
    }
