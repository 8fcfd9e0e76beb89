"""Which servers are over, and how often is looked?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from notehouse_core.settings import Settings
from notehouse_gateway.activity import at_work
from notehouse_hub.culler import is_over, pause
from notehouse_hub.hub.servers import activity_seconds, command

PERSON, GATEWAY = {"url": "/user/ann/"}, {"url": "/user/nh-0123456789abcdef0123/"}


@pytest.mark.parametrize(
    ("server", "idle", "over"),
    [
        (PERSON, 99, False),
        (PERSON, 100, True),
        (GATEWAY, 39, False),
        (GATEWAY, 40, True),
        (PERSON, None, False),
    ],
)
def test_each_kind_has_its_limit(server: dict[str, str], idle: int | None, over: bool) -> None:
    settings = Settings(cull_idle_seconds=100, cull_gateway_seconds=40)
    assert is_over(None if idle is None else timedelta(seconds=idle), server, settings) is over


def test_no_limit_ends_nothing() -> None:
    settings = Settings(cull_idle_seconds=0, cull_gateway_seconds=0)
    assert not is_over(timedelta(days=9), PERSON, settings)
    assert not is_over(timedelta(days=9), GATEWAY, settings)
    assert pause(settings) == activity_seconds(settings) == 300


def test_signs_of_life_are_more_frequent_than_the_shorter_limit() -> None:
    settings = Settings(cull_idle_seconds=100, cull_gateway_seconds=40)
    assert activity_seconds(settings) == 10
    assert pause(settings) == 10


def test_idle_kernels_end_by_the_setting() -> None:
    said = command("python", "ann", Settings(cull_kernel_seconds=40))
    assert said[-2:] == [
        "--MappingKernelManager.cull_idle_timeout=40",
        "--MappingKernelManager.cull_interval=10",
    ]


class Kernels(dict[str, tuple[str, int]]):
    """Kernels by id: their state, and how many are connected."""

    def list_kernel_ids(self) -> list[str]:
        return list(self)

    def kernel_model(self, kernel_id: str) -> dict[str, Any]:
        state, connections = self[kernel_id]
        return {"execution_state": state, "connections": connections}


def test_a_busy_kernel_is_work_and_at_a_gateway_a_connected_one() -> None:
    assert not at_work(Kernels(), connected=True)
    assert at_work(Kernels(a=("idle", 0), b=("busy", 0)), connected=False)
    assert not at_work(Kernels(a=("idle", 1)), connected=False)
    assert at_work(Kernels(a=("idle", 1)), connected=True)
