"""Many requests at once: as fast as answers come, or at a fixed rate whatever the answers do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """Status and body of an answer."""

    status: int
    body: bytes


class Connection:
    """One HTTP/1.1 connection that stays open; no library between the clock and the socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host

    @classmethod
    async def to(cls, url: str) -> Connection:
        """Connect to the host of an address."""
        address = urlsplit(url)
        return cls(*await asyncio.open_connection(address.hostname, address.port), address.netloc)

    async def ask(self, path: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """Send a request and read its answer whole."""
        lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body or b'')}", "", ""]
        self._writer.write("\r\n".join(lines).encode() + (body or b""))
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split(b" ", 2)[1])
        if b"transfer-encoding: chunked" in head:
            return Answer(status, await self._chunks())
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        return Answer(status, await self._reader.readexactly(length))

    async def _chunks(self) -> bytes:
        parts = []
        while size := int((await self._reader.readline()).split(b";")[0], 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readline()
        await self._reader.readline()
        return b"".join(parts)

    def close(self) -> None:
        """End the connection."""
        self._writer.close()


async def as_fast_as_it_goes(
    url: str, connections: int, seconds: float, visit: Callable[[Connection], Awaitable[None]]
) -> list[float]:
    """Let so many visitors visit again and again; returns the seconds of each visit."""
    until = time.perf_counter() + seconds
    spent: list[float] = []

    async def visitor() -> None:
        connection = await Connection.to(url)
        while (began := time.perf_counter()) < until:
            await visit(connection)
            spent.append(time.perf_counter() - began)
        connection.close()

    await asyncio.gather(*(visitor() for _ in range(connections)))
    return spent


async def at_a_rate(
    url: str,
    a_second: float,
    seconds: float,
    visit: Callable[[Connection], Awaitable[None]],
    connections: int = 32,
) -> list[float]:
    """Offer so many visits a second; the seconds of each count from when it was due, waiting included."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(await Connection.to(url))
    first = time.perf_counter() + 0.1

    async def one(due: float) -> float:
        await asyncio.sleep(due - time.perf_counter())
        connection = await free.get()
        await visit(connection)
        free.put_nowait(connection)
        return time.perf_counter() - due

    spent = await asyncio.gather(
        *(one(first + number / a_second) for number in range(int(a_second * seconds)))
    )
    while not free.empty():
        free.get_nowait().close()
    return list(spent)
