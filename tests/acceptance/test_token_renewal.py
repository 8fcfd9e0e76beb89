"""A kernel outlives its tokens: they are renewed in place, and no longer once the right has ended."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from acceptance.lab_kernel import LabKernel
from acceptance.platform import Person, Platform, eventually, free_port, started
from notehouse_hub.embedded.standalone import engines

SECONDS = 20
COUNT = "%%sql\nSELECT count() AS n, any(carrier) AS who FROM flights"


@pytest.fixture(scope="module")
def platform(folder: Path) -> Iterator[Platform]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NOTEHOUSE_INTERACTIVE_TOKEN_SECONDS", str(SECONDS))
        environment.setenv("NOTEHOUSE_AUTH_REFRESH_SECONDS", "2")
        with started(folder / "data", free_port(), engines()) as up:
            yield up


def servers_of(platform: Platform, name: str) -> list[Path]:
    home = f"HOME={platform.data}/homes/{name}\0".encode()
    environments = [Path(f"/proc/{pid}/environ") for pid in platform.pids("notehouse_gateway.lab_server")]
    return [path for path in environments if home in _read(path)]


def _read(environment: Path) -> bytes:
    try:
        return environment.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


def test_a_kernel_outlives_its_tokens_and_not_its_rights(platform: Platform, browser: Any) -> None:
    analyst, admin = (
        Person(platform, browser, "united-analyst").login(),
        Person(platform, browser, "admin").login(),
    )
    with LabKernel(platform, analyst) as kernel, analyst.api() as api, admin.api() as chief:
        _outlives(platform, kernel, api, chief)


def _outlives(platform: Platform, kernel: LabKernel, api: httpx.Client, chief: httpx.Client) -> None:
    file = "import os, pathlib; print(pathlib.Path(os.environ['NOTEHOUSE_TOKEN_FILE']).read_text())"
    first = eventually(lambda: "UA" in kernel.run(COUNT) and kernel.run(file).strip(), 60, "SQL works")
    ends = jwt.decode(first, options={"verify_signature": False})["exp"]
    assert ends - time.time() <= SECONDS

    # Past the end of its first token, every cell works, and none waits for it.
    while time.time() < ends + 5:
        assert "UA" in kernel.run(COUNT)
        time.sleep(1)
    assert kernel.run(file).strip() != first

    # Its token is ended from outside: the next cell gets another, and nobody notices.
    second = jwt.decode(kernel.run(file).strip(), options={"verify_signature": False})["jti"]
    api.delete(f"tokens/{second}").raise_for_status()
    assert "UA" in kernel.run(COUNT)
    api.delete("me/tokens").raise_for_status()
    assert "UA" in kernel.run(COUNT)

    # Its tokens are signed with another key from now on, and still nobody notices.
    rotate = [sys.executable, "-m", "notehouse_hub.cli", "rotate-keys", "--data", str(platform.data)]
    said = subprocess.run(rotate, check=True, capture_output=True, text=True, timeout=60).stdout
    assert "signed with a new key" in said
    assert "UA" in kernel.run(COUNT)
    old = jwt.get_unverified_header(first)
    eventually(
        lambda: jwt.get_unverified_header(kernel.run(file).strip()) != old, SECONDS + 10, "another key"
    )
    assert "UA" in kernel.run(COUNT)

    # Whose account ends has no new token, and no server soon.
    chief.put("users/united-analyst", json={"is_active": False}).raise_for_status()
    refused = httpx.post(f"{platform.api}/tokens", json={}, headers=kernel.headers, trust_env=False)
    assert refused.status_code in {401, 403}
    eventually(lambda: not servers_of(platform, "united-analyst"), 20, "its server has ended")
