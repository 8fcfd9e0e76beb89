"""Those who ask at once share an asking that began after they came."""

from __future__ import annotations

import asyncio

import pytest

from notehouse_core.together import Together


async def test_two_hundred_need_two_askings_and_none_gets_an_older_answer() -> None:
    together, state, asked = Together[str](), {"right": "yes"}, list[str]()
    go_on = asyncio.Event()

    async def ask() -> str:
        asked.append(state["right"])
        seen = state["right"]
        await go_on.wait()
        return seen

    first = asyncio.create_task(together.of("key", ask))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asked == ["yes"]
    state["right"] = "no"
    later = [asyncio.create_task(together.of("key", ask)) for _ in range(200)]
    await asyncio.sleep(0)
    go_on.set()
    assert await first == "yes"
    assert set(await asyncio.gather(*later)) == {"no"}
    assert asked == ["yes", "no"]
    assert await together.of("other", ask) == "no"


async def test_what_goes_wrong_is_told_to_all_and_forgotten() -> None:
    together = Together[str]()

    async def ask() -> str:
        raise ValueError("no")

    for one in await asyncio.gather(*(together.of("key", ask) for _ in range(3)), return_exceptions=True):
        assert isinstance(one, ValueError)

    async def well() -> str:
        return "well"

    assert await together.of("key", well) == "well"
    with pytest.raises(ValueError, match="no"):
        await together.of("key", ask)
