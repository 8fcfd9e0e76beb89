"""Whoever speaks to a live page's websocket themselves gets in by their own token alone; a crowd makes one page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
import nbformat
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from integration.dashboards.conftest import PREFIX, Shop
from integration.dashboards.test_tiles import token_of
from notehouse_core.kernel_connection import PROTOCOL

Answered = TypeVar("Answered")
SLUG = "besieged"
ADDRESS = f"{PREFIX}/united/{SLUG}"
SOCKET = f"{ADDRESS}/live/api/kernels/page/channels"
CODE = "import ipywidgets as w\nw.IntSlider(3, max=5)"
DEEP = """from typing import Literal

depth: Literal[1, 2, 3] = 1"""
PATIENCE = 60  # seconds; a busy machine starts late


@pytest.fixture(scope="module")
def token(shop: Shop) -> str:
    """The frame's token of a viewer who has opened the page."""
    code = nbformat.v4.new_code_cell
    shop.publish(
        SLUG, code(DEEP, metadata={"tags": ["parameters"]}), code(CODE), code("print('deep', depth)")
    )
    page = shop.context("viewer").new_page()
    page.goto(shop.url + ADDRESS)
    return token_of(page)


def _alone(asked: Coroutine[Any, Any, Answered]) -> Answered:
    """Ask in a thread: the browser of these tests has an event loop in this one."""
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(asyncio.run, asked).result()


async def _opened(shop: Shop, token: str, path: str = SOCKET) -> WebSocketClientConnection:
    address = shop.url.replace("http", "ws", 1) + path
    return await websocket_connect(
        HTTPRequest(address, headers={"Origin": "null"}), subprotocols=[PROTOCOL, f"notehouse.token.{token}"]
    )


@pytest.mark.parametrize("wrong", ["none", "forged", "another's"])
def test_no_token_no_kernel(shop: Shop, token: str, wrong: str) -> None:
    shown = {"none": "", "forged": token[:-4] + "AAAA"}.get(wrong, token)
    path = SOCKET.replace(SLUG, "another") if wrong == "another's" else SOCKET

    async def closed() -> int | None:
        socket = await _opened(shop, shown, path)
        while await asyncio.wait_for(socket.read_message(), PATIENCE) is not None:
            pass  # what it is told meanwhile
        return socket.close_code

    assert _alone(closed()) in {4401, 4403}


def test_another_kernels_id_is_no_address(shop: Shop, token: str) -> None:
    with pytest.raises(HTTPClientError, match="404"):
        _alone(_opened(shop, token, SOCKET.replace("kernels/page", "kernels/0b7c3f5e")))


def _made(shop: Shop) -> float:
    text = httpx.get(f"http://127.0.0.1:{shop.place.house.hub.port + 5}{PREFIX}/metrics", timeout=30).text
    return sum(
        map(float, re.findall(r"^notehouse_dashboards_snapshots_total\{[^}]*\} (\S+)$", text, re.MULTILINE))
    )


def test_a_hundred_who_ask_for_a_new_choice_at_once_have_it_made_once(shop: Shop, token: str) -> None:
    context = shop.context("viewer")
    context.new_page().goto(shop.url + ADDRESS)
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in context.cookies(shop.url + ADDRESS))
    context.close()
    before = _made(shop)

    async def ask(client: httpx.AsyncClient) -> dict[str, Any]:
        while True:
            answer = (await client.get(f"{ADDRESS}/token?chosen&depth=2")).raise_for_status().json()
            if answer["ready"] or answer["failed"]:
                return dict(answer)
            await asyncio.sleep(0.3)

    async def crowd() -> list[dict[str, Any]]:
        headers = {"Cookie": cookies, "Sec-Fetch-Mode": "navigate"}
        async with httpx.AsyncClient(
            base_url=shop.url, headers=headers, timeout=60, trust_env=False
        ) as client:
            return await asyncio.gather(*(ask(client) for _ in range(100)))

    answers = _alone(crowd())
    assert {one["ready"] for one in answers} == {True}
    assert len({one["fresh_at"] for one in answers}) == 1
    assert _made(shop) - before == 1
