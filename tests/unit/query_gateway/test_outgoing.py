"""Pieces of an answer on their way to a client: all of them, in order, whatever happens to the buffer they came in."""

import asyncio
import hashlib
import socket
from collections.abc import Callable

import pytest
import uvloop

from notehouse_hub.service.query_gateway.outgoing import LARGE, Outgoing

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]
SIZES = [1, LARGE - 1, 2**20, 10, LARGE, 2**20, 2**20, 3, 2**20] * 4


@pytest.mark.parametrize("loop_of", LOOPS)
@pytest.mark.parametrize("slow", [False, True])
def test_a_buffer_may_be_used_again_at_once(
    loop_of: Callable[[], asyncio.AbstractEventLoop], slow: bool
) -> None:
    with asyncio.Runner(loop_factory=loop_of) as runner:
        wanted, got = runner.run(_sent_and_received(slow=slow))
    assert got == wanted


async def _sent_and_received(*, slow: bool) -> tuple[str, str]:
    ours, theirs = socket.socketpair()
    reader, _ = await asyncio.open_connection(sock=theirs)
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    buffer, outgoing, wanted = bytearray(2**20), Outgoing(transport), hashlib.sha256()
    got = asyncio.create_task(_digest(reader))
    for number, size in enumerate(SIZES):
        buffer[:size] = bytes([number + 1]) * size
        wanted.update(buffer[:size])
        outgoing.write(memoryview(buffer)[:size])
        buffer[:size] = bytes(size)
        if not slow:
            await asyncio.sleep(0)  # the loop sends, and the client reads
    transport.close()
    return wanted.hexdigest(), await got


async def _digest(reader: asyncio.StreamReader) -> str:
    digest = hashlib.sha256()
    while part := await reader.read(2**16):
        digest.update(part)
    return digest.hexdigest()


async def test_a_client_that_has_gone_is_no_error() -> None:
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    theirs.close()
    Outgoing(transport).write(memoryview(bytes(2**20)))
    transport.abort()
    Outgoing(transport).write(memoryview(bytes(2**20)))
