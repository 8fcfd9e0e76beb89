"""Turns: so many of one holder, tenants in turn, and nothing lost when somebody goes."""

import asyncio

import pytest

from notehouse_hub.service.query_gateway.refusal import Refusal
from notehouse_hub.service.query_gateway.turnstile import Turnstile


async def test_tenants_take_turns() -> None:
    stile, order = Turnstile(in_all=1), list[str]()

    async def one(tenant: str) -> None:
        async with stile.turn(tenant, tenant, 5):
            order.append(tenant)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for tenant in ("a", "a", "a", "a", "b"):
            group.create_task(one(tenant))
    assert order.index("b") < 3
    assert stile.waiting == 0


async def test_a_holder_has_so_many_places_and_waits_for_the_next() -> None:
    stile = Turnstile(in_all=10, patience=0.05)
    async with stile.turn("a", "h", 1):
        with pytest.raises(Refusal) as caught:
            async with stile.turn("a", "h", 1):
                pass
        assert caught.value.status == 429
        async with stile.turn("a", "other", 1):
            pass
    async with stile.turn("a", "h", 1):
        pass


async def test_who_goes_while_waiting_takes_no_place() -> None:
    stile = Turnstile(in_all=1)

    async def hold(done: asyncio.Event) -> None:
        async with stile.turn("a", "h", 5):
            await done.wait()

    done = asyncio.Event()
    first = asyncio.create_task(hold(done))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(hold(done)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    done.set()
    await asyncio.gather(first, *waiting, return_exceptions=True)
    async with asyncio.timeout(1), stile.turn("a", "h", 5):
        assert stile.waiting == 0
