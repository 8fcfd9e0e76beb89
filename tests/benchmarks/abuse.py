"""A tenant that asks for all it can get: `python -m benchmarks.abuse GATEWAY SECONDS`, its token on standard input.

A process of its own, so that whoever measures others is not slowed by what it reads. Prints what was said to it, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from urllib.parse import urlsplit

AT_ONCE = 180
STATEMENTS = (
    b"SELECT sum(sipHash64(number)) FROM numbers(4000000000)",
    b"SELECT number, sipHash64(number) FROM numbers(4000000000) FORMAT RowBinary",
    b"SELECT uniqExact(sipHash64(number)) FROM numbers(4000000000)",
    b"SELECT count() FROM numbers(1000000) AS a, numbers(1000000) AS b WHERE sipHash64(a.number, b.number) = 1",
)


async def abuse(gateway: str, token: str, seconds: float) -> Counter[str]:
    """Ask again and again until the time is over; returns how often what was said when a statement was stopped."""
    said: Counter[str] = Counter()
    asking = [
        asyncio.create_task(_ask(gateway, token, STATEMENTS[number % len(STATEMENTS)], said))
        for number in range(AT_ONCE)
    ]
    await asyncio.sleep(seconds)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    return said


async def _ask(gateway: str, token: str, statement: bytes, said: Counter[str]) -> None:
    address = urlsplit(gateway)
    head = f"POST /warehouse/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    request = f"{head}Content-Length: {len(statement)}\r\nConnection: close\r\n\r\n".encode() + statement
    while True:
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


if __name__ == "__main__":
    print(json.dumps(asyncio.run(abuse(sys.argv[1], sys.stdin.read().strip(), float(sys.argv[2])))))
