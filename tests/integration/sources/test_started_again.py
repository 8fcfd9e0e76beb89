"""A platform's own ClickHouse that is started again under a statement is asked once more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from notehouse_core.errors import SourceDown
from notehouse_hub.embedded.standalone import RunningClickHouse
from notehouse_hub.sources import clickhouse as module


@asynccontextmanager
async def losing(server: RunningClickHouse, lost: int) -> AsyncIterator[str]:
    """The way to a server that has the first answers lost."""
    port = int(server.url.rpartition(":")[2])
    left = lost

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        asked = await reader.read(65_536)
        there, back = await asyncio.open_connection("127.0.0.1", port)
        back.write(asked.replace(b"Connection: keep-alive", b"Connection: close"))
        answer = await there.read()
        back.close()
        if left:
            left -= 1
        else:
            writer.write(answer)
        writer.close()

    relay = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with relay:
        yield f"http://127.0.0.1:{relay.sockets[0].getsockname()[1]}"


async def test_an_answer_that_was_lost_is_asked_for_again(clickhouse: RunningClickHouse) -> None:
    headers = {"X-Notehouse-Key": clickhouse.key}
    async with losing(clickhouse, 2) as url, module.house(url, headers, ["flights"]) as own:
        assert [one.name for one in await own.tables()] == ["flights"]


async def test_one_that_stays_away_is_given_up(
    clickhouse: RunningClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BETWEEN", 0.01)
    async with losing(clickhouse, 1000) as url, module.house(url, {}, ["flights"]) as own:
        with pytest.raises(SourceDown, match="ClickHouse"):
            await own.execute("DROP DATABASE IF EXISTS nothing")
