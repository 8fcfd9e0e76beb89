"""What a gateway says of its kernels: whose they are, how they began, and all that they hold."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from nbclient.exceptions import DeadKernelError

from integration.gateway.conftest import HUB_TOKEN
from integration.gateway.test_notebook_templates import prepared
from integration.gateway.test_remote_kernel import run
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_core.remote_template import RemoteTemplate

Kernels = Callable[..., RemoteKernelManager]
CLAIMS = {"sub": "ann", "purpose": "run", "object": "schedule:1"}
TOKEN = f"x.{base64.urlsafe_b64encode(json.dumps(CLAIMS).encode()).decode().rstrip('=')}.x"
CHILDREN = """
import subprocess, sys
program = "held = bytearray(60_000_000); print('held', flush=True); import time; time.sleep(60)"
started = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(2)]
print(all(one.stdout.readline() for one in started))
"""


def watched(gateway: Any) -> dict[str, Any]:
    with gateway.http() as client:
        answer = client.get("api/watch")
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


async def test_whose_a_kernel_is_how_it_began_and_what_it_holds(kernel: Kernels, gateway: Any) -> None:
    await prepared(RemoteTemplate(gateway.url, HUB_TOKEN, "77" * 16), "x = 1")
    before = watched(gateway)["totals"]
    async with kernel(execution_token=TOKEN) as first, kernel(template="77" * 16) as second:
        await run(first, "1")
        await run(second, "x")
        seen = watched(gateway)
    one, other = (
        next(each for each in seen["kernels"] if each["id"] == km_id)
        for km_id in (seen["kernels"][0]["id"], seen["kernels"][1]["id"])
    )
    assert {one["origin"], other["origin"]} == {"imports", "notebook"}
    known = one if one["origin"] == "imports" else other
    assert (known["user"], known["purpose"], known["object"]) == ("ann", "run", "schedule:1")
    assert 1e6 < known["private_bytes"] < known["proportional_bytes"] < 3e8
    assert known["processes"] == 1
    assert known["cpu_seconds"] > 0
    assert "77" * 16 in [each["key"] for each in seen["templates"]]
    assert seen["totals"]["forks"] == before["forks"] + 2
    assert seen["limits"]["kernels"] == 3
    assert not watched(gateway)["kernels"]


async def test_memory_of_a_kernel_is_that_of_all_its_processes(kernel: Kernels, gateway: Any) -> None:
    async with kernel() as km:
        await run(km, "1")
        alone = watched(gateway)["kernels"][0]
        assert await run(km, CHILDREN) == ["True\n"]
        together = watched(gateway)["kernels"][0]
        with gateway.http() as client:
            series = client.get("metrics").text.splitlines()
    assert together["processes"] == 3
    assert together["private_bytes"] - alone["private_bytes"] > 120e6
    counted = next(line for line in series if line.startswith("notehouse_kernels_private_bytes "))
    assert float(counted.split()[1]) > 120e6


async def test_an_administrator_ends_a_kernel_and_its_user_is_told(kernel: Kernels, gateway: Any) -> None:
    async with kernel() as neighbour, kernel() as km:
        await run(km, "1")
        with gateway.http() as client:
            ended = client.delete(f"api/kernels/{km.kernel_id}", params={"by": "administrator"})
            assert ended.status_code == 204
        with pytest.raises((DeadKernelError, RuntimeError)):
            await run(km, "import time; time.sleep(60)")
        assert await km.why_ended() == "The kernel was ended by an administrator."
        assert await run(neighbour, "print('undisturbed')") == ["undisturbed\n"]


def test_it_needs_the_token(gateway: Any) -> None:
    with gateway.http("wrong") as client:
        assert client.get("api/watch").status_code == 403
