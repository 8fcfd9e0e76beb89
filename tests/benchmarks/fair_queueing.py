"""FAIR: two hundred statements at once from two tenants, one of them abusive: what does the other notice?"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

from benchmarks import load
from benchmarks.figures import Figure, Result, at_most, holds
from benchmarks.stage import Stage

ABUSERS, OTHERS, SECONDS = 150, 50, 20
SMALL = b"SELECT carrier, count() FROM flights.flights WHERE month = 1 GROUP BY carrier FORMAT TSV"
ABUSE = (
    b"SELECT sum(sipHash64(number)) FROM numbers(4000000000)",
    b"SELECT number, sipHash64(number) FROM numbers(4000000000) FORMAT RowBinary",
    b"SELECT uniqExact(sipHash64(number)) FROM numbers(4000000000)",
    b"SELECT count() FROM numbers(1000000) AS a, numbers(1000000) AS b WHERE sipHash64(a.number, b.number) = 1",
)
_CODE = re.compile(rb"\(([A-Z_]+)\)")


def measure(stage: Stage, small: bytes = SMALL, seconds: float = SECONDS) -> list[Result]:
    """Measure small queries of one tenant while the other asks for what it can."""
    return asyncio.run(_crowd(stage, small, seconds))


async def _crowd(stage: Stage, small: bytes, seconds: float) -> list[Result]:
    until = time.perf_counter() + seconds
    said: Counter[str] = Counter()
    abuse = [
        asyncio.create_task(_abuse(stage, ABUSE[number % len(ABUSE)], until, said))
        for number in range(ABUSERS)
    ]
    await asyncio.sleep(2)
    spent = await load.as_fast_as_it_goes(
        f"{stage.gateway}/warehouse/", OTHERS, until - time.perf_counter(), _small(stage, small)
    )
    for task in abuse:
        task.cancel()
    await asyncio.gather(*abuse, return_exceptions=True)
    each = sorted(1000 * one for one in spent)
    p95 = Figure(each[int(len(each) * 0.95)], each[0], each[-1], "ms", len(each))
    named = all("yours may" in one or "limit" in one.lower() or "exceeded" in one.lower() for one in said)
    return [
        at_most(
            "FAIR", f"small query of a tenant, p95, {OTHERS} at once beside {ABUSERS} abusive ones", p95, 300
        ),
        holds(
            "FAIR",
            "the abuse is stopped by limits, and told which",
            _shown(said),
            "a limit by name",
            bool(said) and named,
        ),
    ]


def _small(stage: Stage, small: bytes) -> Callable[[load.Connection], asyncio.Future[None]]:
    headers = {"Authorization": f"Bearer {stage.token('united-analyst')}"}

    async def visit(connection: load.Connection) -> None:
        answer = await connection.ask("/warehouse/", headers, small)
        if answer.status != 200:
            raise ValueError(answer.body[:300])

    return visit  # type: ignore[return-value]


async def _abuse(stage: Stage, statement: bytes, until: float, said: Counter[str]) -> None:
    """Ask again and again, throw answers away, keep what was said when one was stopped."""
    head = f"POST /warehouse/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stage.token('delta-analyst')}\r\n"
    request = f"{head}Content-Length: {len(statement)}\r\nConnection: close\r\n\r\n".encode() + statement
    address = urlsplit(stage.gateway)
    while time.perf_counter() < until:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            writer.write(request)
            first = await reader.read(2**16)
            await _throw_away(reader)
        except OSError:
            continue
        finally:
            writer.close()
        if b" 200 " not in first[:20]:
            said[first.partition(b"\r\n\r\n")[2].decode(errors="replace").strip()[:300]] += 1


async def _throw_away(reader: asyncio.StreamReader) -> None:
    """Read as a client elsewhere does, over a network of 20 MB/s."""
    while True:
        if not await reader.read(2**20):
            return
        await asyncio.sleep(0.05)


def _shown(said: Counter[str]) -> str:
    names = Counter(found[1].decode() for text in said if (found := _CODE.search(text.encode())))
    return ", ".join(sorted(names)) or "nothing was said"
