"""A limit that an operator sets reaches the processes that keep it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from notehouse_core.settings import Settings
from notehouse_hub.supervisor import folders, process_environment
from notehouse_hub.supervisor.platform import Platform
from notehouse_hub.supervisor.ports import Ports
from notehouse_hub.supervisor.secrets import Vault
from notehouse_hub.supervisor.users import Users

KEPT_BY = {
    "kernels_per_gateway": process_environment.hub,
    "notebook_bytes": process_environment.api,
    "requests_a_minute": process_environment.api,
    "tenant_requests_a_minute": process_environment.api,
    "interactive_token_seconds": process_environment.api,
    "live_kernels_per_user": process_environment.dashboards,
    "cell_timeout_seconds": process_environment.worker,
    "concurrent_runs": process_environment.worker,
}


@pytest.mark.parametrize("name", KEPT_BY)
def test_a_limit_reaches_its_process(tmp_path: Path, name: str) -> None:
    settings = Settings.model_validate({"data": tmp_path, name: 77})
    who = Users(0, isolated=False, root=False)
    vault = Vault(tmp_path / "secrets").open()
    platform = Platform(
        settings, folders.make(tmp_path, who), who, Ports.from_base(9000), vault, Path(sys.executable)
    )
    environment: Callable[[Platform], dict[str, str]] = KEPT_BY[name]
    assert environment(platform)[f"NOTEHOUSE_{name.upper()}"] == "77"
