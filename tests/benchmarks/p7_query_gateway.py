"""P7: what does the query gateway cost, with token, rights, gate and audit?"""

from __future__ import annotations

import asyncio
import base64
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from benchmarks import load
from benchmarks.direct import arrow_client
from benchmarks.figures import Figure, Result, at_most, more, ratio, times_better
from benchmarks.processes import megabytes
from benchmarks.rows import rows
from benchmarks.stage import Stage

SMALL = b"SELECT carrier, name FROM flights.airlines ORDER BY carrier LIMIT 3 FORMAT TSV"
GIGABYTE = b"SELECT repeat('x', 1000) FROM numbers(1000000) FORMAT RowBinary"
RATE, SECONDS = 200, 8
LARGE_AT_ONCE = 20
TIMES = {1_000_000: 15, 10_000_000: 7}


def measure(stage: Stage) -> list[Result]:
    """Measure small queries at a rate, large answers, and the memory meanwhile."""
    through = {"Authorization": f"Bearer {stage.token('admin')}"}
    straight = {"X-Notehouse-Key": stage.key}
    places = ((f"{stage.gateway}/warehouse/", through), (f"{stage.clickhouse}/", straight))
    before = megabytes(stage.pid("service.query_gateway"))
    results = [_small(places), *(_arrow(stage, count) for count in TIMES), _large(places)]
    after = Figure.of([megabytes(stage.pid("service.query_gateway")) - before], "MB")
    results.append(at_most("P7", "memory of the gateway, more than before", after, 32))
    return [*results, asyncio.run(_many_large(stage, through))]


def _small(places: tuple[tuple[str, dict[str, str]], ...]) -> Result:
    rounds: list[list[float]] = [[], []]
    for _ in range(3):
        for number, (url, headers) in enumerate(places):
            spent = asyncio.run(load.at_a_rate(url, RATE, SECONDS / 2, _asking(url, headers)))
            rounds[number].append(Figure.of(spent, "ms").median * 1000)
    ours, direct = (Figure.of(each, "ms") for each in rounds)
    return more("P7", f"small query, p50 at {RATE}/s offered, through it and direct", ours, direct, 3)


def _asking(url: str, headers: dict[str, str]) -> Callable[[load.Connection], asyncio.Future[None]]:
    path = urlsplit(url).path

    async def visit(connection: load.Connection) -> None:
        answer = await connection.ask(path, headers, SMALL)
        if answer.status != 200 or answer.body.count(b"\n") != 3:
            raise ValueError(answer.body[:300])

    return visit  # type: ignore[return-value]


def _arrow(stage: Stage, count: int) -> Result:
    clients = (
        arrow_client(f"{stage.gateway}/warehouse", {"Authorization": _basic(stage.token("admin"))}),
        arrow_client(stage.clickhouse, {"X-Notehouse-Key": stage.key}),
    )
    rounds: list[list[float]] = [[], []]
    for turn in range(TIMES[count] + 1):
        for number, client in enumerate(clients):
            began = time.perf_counter()
            if client(rows(count)).num_rows != count:
                raise ValueError("rows are missing")
            if turn:  # the first is to warm up
                rounds[number].append((time.perf_counter() - began) * 1000)
    ours, direct = (Figure.of(each, "ms") for each in rounds)
    return ratio("P7", f"query_arrow of {count:,} rows, through it and direct", ours, direct, 1.1)


def _basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"token:{token}".encode()).decode()


def _large(places: tuple[tuple[str, dict[str, str]], ...]) -> Result:
    rounds: list[list[float]] = [[], []]
    for _ in range(3):
        for number, (url, headers) in enumerate(places):
            began = time.perf_counter()
            got = _thrown_away(url, headers)
            rounds[number].append(got / 1e6 / (time.perf_counter() - began))
    ours, direct = (Figure.of(each, "MB/s") for each in rounds)
    return times_better("P7", "1 GB thrown away, through it and direct", ours, direct, 0.4)


def _thrown_away(url: str, headers: dict[str, str]) -> int:
    """Read an answer to its end and keep nothing; returns its bytes."""
    address = urlsplit(url)
    head = [f"POST {address.path} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {len(GIGABYTE)}"]
    head += ["Connection: close", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    buffer, got = bytearray(1 << 20), 0
    with socket.create_connection((address.hostname, address.port)) as opened:
        opened.sendall("\r\n".join(head).encode() + GIGABYTE)
        while size := opened.recv_into(buffer):
            if not got and b" 200 " not in buffer[:20]:
                raise ValueError(bytes(buffer[:size]))
            got += size
    if got < 1_000_000_000:
        raise ValueError(f"only {got} bytes came")
    return got


async def _many_large(stage: Stage, headers: dict[str, str]) -> Result:
    """The most memory of the gateway while twenty clients take a large answer each, half of them slowly."""
    most, done = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, megabytes(stage.pid("service.query_gateway")))
            await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    url = f"{stage.gateway}/warehouse/"
    await asyncio.gather(*(_taken(url, headers, slow=number % 2 == 1) for number in range(LARGE_AT_ONCE)))
    done.set()
    await watching
    what = f"memory of the gateway, {LARGE_AT_ONCE} answers of a gigabyte at once"
    return at_most("P7", what, Figure.of([most], "MB"), 200)


async def _taken(url: str, headers: dict[str, str], *, slow: bool) -> None:
    """Take an answer for some seconds, as fast as it comes or with pauses, and leave."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    lines = [f"POST {address.path} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {len(GIGABYTE)}"]
    lines += [*(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode() + GIGABYTE)
    until = time.perf_counter() + SECONDS
    while await reader.read(2**20):
        if time.perf_counter() > until:
            break
        if slow:
            await asyncio.sleep(0.2)
    writer.close()
