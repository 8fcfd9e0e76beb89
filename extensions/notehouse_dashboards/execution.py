"""Runs a dashboard's notebook in the kernel gateway of a class, the same way for a snapshot and for a live page."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from notehouse_core import errors
from notehouse_core.control_plane import ControlPlane, ExecutionToken, KernelGateway
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_core.remote_template import RemoteTemplate, TemplateState
from notehouse_dashboards.outputs import WIDGET_STATES, for_viewers, model_for_viewers

FRESH_SECONDS = 60.0
RENEW_EVERY = 2400  # seconds; a view token lives an hour
_HIDDEN = {"hide", "hidden", "parameters", "injected-parameters"}

log = logging.getLogger(__name__)


class NotebookFailed(Exception):
    """A cell failed; `cell` counts the author's cells from one."""

    def __init__(self, cell: int | None, name: str, message: str) -> None:
        super().__init__(message)
        self.cell, self.name, self.message = cell, name, message

    def as_error(self) -> dict[str, Any]:
        """What a version's row says of it."""
        return {"cell": self.cell, "name": self.name, "message": self.message}


class _Client(NotebookClient):
    """Runs a notebook in a kernel that somebody else starts and ends.

    Upstream takes SIGTERM and SIGINT of the whole process for itself meanwhile, and nobody has them afterwards.
    """

    @asynccontextmanager
    async def async_setup_kernel(self, **kwargs: Any) -> AsyncIterator[None]:
        """Connect to the kernel."""
        await self.async_start_new_kernel_client()
        yield


@dataclass(frozen=True)
class Source:
    """A version's notebook with parameters, and the class it runs for."""

    version_id: str
    notebook: bytes
    parameters: dict[str, Any]
    parameters_hash: str
    access_class: str
    made: str = ""  # when the snapshot was rendered that a live page goes on from

    @property
    def template(self) -> str:
        """The key of what a gateway keeps of this: the same for all who look at the same snapshot."""
        about = f"{self.version_id}:{self.parameters_hash}:{self.made}"
        return hashlib.sha256(about.encode()).hexdigest()[:32]

    @property
    def seed(self) -> str:
        """Makes widget ids the same in every kernel that runs this, so that a page fits any of them."""
        return hashlib.sha256(f"{self.version_id}:{self.parameters_hash}".encode()).hexdigest()[:32]

    def prepared(self) -> NotebookNode:
        """The notebook with this source's values behind its parameters cell."""
        node = nbformat.reads(self.notebook.decode(), as_version=4)  # type: ignore[no-untyped-call]
        if self.parameters:
            values = "\n".join(f"{name} = {value!r}" for name, value in self.parameters.items())
            cell = nbformat.v4.new_code_cell(values, metadata={"tags": ["injected-parameters"]})  # type: ignore[no-untyped-call]
            node.cells.insert(_after_parameters(node), cell)
        return cast(NotebookNode, node)


def _after_parameters(node: NotebookNode) -> int:
    for place, cell in enumerate(node.cells, start=1):
        if "parameters" in cell.metadata.get("tags", []):
            return place
    return 0


async def prepared(
    control: ControlPlane, source: Source, cell_timeout: int, tell: Callable[[int, int], None]
) -> KernelGateway | None:
    """Have the notebook run once in the gateway of its class; that gateway, where kernels can go on from there.

    However many wait, it runs once; its token ends with it. Raises NotebookFailed.
    """
    gateway = await control.kernel_gateway(source.access_class)
    node = source.prepared()
    found = await _at(gateway, source).known()
    if found is not None and found.state in {"ready", "preparing"}:
        found = await _settled(control, source, found, tell)
    else:
        order = {"notebook": node, "seed": source.seed, "cell_timeout": cell_timeout}
        found = await _ordered(control, source, gateway, order, tell)
    if found.failure is not None:
        raise _failed(node, found)
    if found.obstacles:
        log.info("a notebook runs anew for each who looks: %s", ", ".join(found.obstacles))
    return gateway if found.state == "ready" else None


async def _ordered(
    control: ControlPlane,
    source: Source,
    gateway: KernelGateway,
    order: dict[str, Any],
    tell: Callable[[int, int], None],
) -> TemplateState:
    token = await minted(control, source)
    begun = await _at(gateway, source).order({**order, "token": token.token})
    found = await _settled(control, source, begun, tell)
    await revoked(control, token)  # whoever goes before leaves it to end by itself
    return found


async def _settled(
    control: ControlPlane, source: Source, found: TemplateState, tell: Callable[[int, int], None]
) -> TemplateState:
    remote, since = None, float("-inf")
    while found.state == "preparing":
        if found.total:
            tell(found.done, found.total)
        if remote is None or time.monotonic() - since > FRESH_SECONDS:
            remote, since = await _template(control, source), time.monotonic()
        found = await remote.state()
    return found


async def _template(control: ControlPlane, source: Source) -> RemoteTemplate:
    """The template at its gateway, with a Hub token of this moment: those live minutes."""
    return _at(await control.kernel_gateway(source.access_class), source)


def _at(gateway: KernelGateway, source: Source) -> RemoteTemplate:
    return RemoteTemplate(gateway.url, gateway.token, source.template)


def _failed(node: NotebookNode, found: TemplateState) -> NotebookFailed:
    failure = found.failure or {}
    index = failure["cell"]
    if index is None:  # it did not end, so the count of those that did says which it was
        codes = [place for place, cell in enumerate(node.cells) if cell.cell_type == "code"]
        index = codes[min(found.done, len(codes) - 1)] if codes else 0
    return NotebookFailed(_number(node, index), failure["name"], failure["message"][:2000])


@asynccontextmanager
async def kernel_for(
    control: ControlPlane,
    source: Source,
    template: str | None = None,
    gateway: KernelGateway | None = None,
    token: ExecutionToken | None = None,
) -> AsyncIterator[RemoteKernelManager]:
    """A kernel with a view token of its own, renewed as long as it is used; both end with the block.

    `gateway` is the one of the class and `token` such a token, when those were just asked for.
    """
    token = token or await minted(control, source)
    try:
        gateway = gateway or await control.kernel_gateway(source.access_class)
        async with _kernel_with(control, source, template, gateway, token) as kernel:
            yield kernel
    finally:
        await revoked(control, token)


async def minted(control: ControlPlane, source: Source) -> ExecutionToken:
    """A token for one kernel that runs this."""
    return await control.mint_token("view", source.access_class, _about(source))


async def revoked(control: ControlPlane, token: ExecutionToken) -> None:
    """End a token; it would end by itself."""
    with contextlib.suppress(errors.NotehouseError):
        await control.revoke_token(token.id)


def _about(source: Source) -> str:
    return f"dashboard-version:{source.version_id}"


@asynccontextmanager
async def _kernel_with(
    control: ControlPlane, source: Source, template: str | None, gateway: KernelGateway, token: ExecutionToken
) -> AsyncIterator[RemoteKernelManager]:
    kernel = RemoteKernelManager(
        url=gateway.url,
        hub_token=gateway.token,
        execution_token=token.token,
        seed=source.seed,
        template=template,
    )
    await kernel.start_kernel()
    renewing = asyncio.create_task(_renew(control, source, kernel))
    try:
        yield kernel
    finally:
        renewing.cancel()
        with contextlib.suppress(errors.NotehouseError):  # a gateway that is gone has no kernel left
            await (await _fresh(control, source, kernel)).shutdown_kernel(now=True)


async def _fresh(control: ControlPlane, source: Source, kernel: RemoteKernelManager) -> RemoteKernelManager:
    """The same kernel with a Hub token of this moment: those live minutes."""
    gateway = await control.kernel_gateway(source.access_class)
    return RemoteKernelManager(url=gateway.url, hub_token=gateway.token, kernel_id=kernel.kernel_id)


async def _renew(control: ControlPlane, source: Source, kernel: RemoteKernelManager) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY)
        token = await minted(control, source)
        await (await _fresh(control, source, kernel)).renew_token(token.token)


async def execute(
    kernel: RemoteKernelManager, node: NotebookNode, cell_timeout: int, tell: Callable[[int, int], None]
) -> Any:
    """Run all cells; the connected client stays open and is the caller's to stop. Raises NotebookFailed."""
    total = sum(cell.cell_type == "code" for cell in node.cells)
    done = 0

    def told(**_: Any) -> None:
        nonlocal done
        done += 1
        tell(done, total)

    client = _Client(
        node, km=cast(Any, kernel), timeout=cell_timeout, startup_timeout=60, on_cell_executed=told
    )
    running = {"index": 0}
    client.on_cell_start = lambda cell, cell_index, **_: running.update(index=cell_index)
    try:
        await client.async_execute()
    except CellExecutionError as error:
        raise NotebookFailed(_number(node, running["index"]), error.ename, error.evalue[:2000]) from error
    except CellTimeoutError as error:
        message = f"The cell ran longer than {cell_timeout} seconds."
        raise NotebookFailed(_number(node, running["index"]), "CellTimeout", message) from error
    except DeadKernelError as error:
        message = await kernel.why_ended() or "The kernel died while it ran this cell."
        raise NotebookFailed(_number(node, running["index"]), "KernelDied", message) from error
    return client.kc


def _number(node: NotebookNode, index: int) -> int:
    """A cell's place among the author's, from one."""
    before = node.cells[: index + 1]
    return sum("injected-parameters" not in cell.metadata.get("tags", []) for cell in before)


def shown(node: NotebookNode) -> NotebookNode:
    """The executed notebook as viewers may see it, in place."""
    for cell in node.cells:
        if cell.cell_type == "code":
            hidden = _HIDDEN & set(cell.metadata.get("tags", []))
            cell.outputs = [] if hidden else [nbformat.from_dict(one) for one in for_viewers(cell.outputs)]  # type: ignore[no-untyped-call]
    for model in widget_states(node).values():
        model.update(model_for_viewers(model))
    return node


def widget_states(node: NotebookNode) -> dict[str, Any]:
    """The widgets' states that execution has left, by model id."""
    found = node.metadata.get("widgets", {}).get(WIDGET_STATES, {})
    return cast(dict[str, Any], found.get("state", {}))
