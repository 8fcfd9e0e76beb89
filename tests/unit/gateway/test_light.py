"""A gateway is light: there is one for each class of rights, and each waits for most of its life."""

from __future__ import annotations

import subprocess
import sys

STARTS = """
import sys
from notehouse_core.left_out import leave_out
leave_out()
import notehouse_gateway.gateway, notehouse_gateway.provisioner
print(*(name for name, module in sys.modules.items() if module is not None))
"""
# Each of these alone is several megabytes: servers of pages, what they draw and store with, and what kernels compute with.
HEAVY = {
    "IPython", "aiohttp", "alembic", "anyio", "arrow", "cryptography", "fastapi", "httpx", "ipykernel", "jupyterhub",
    "jupyterlab", "lark", "nbclient", "nbconvert", "nbformat", "numpy", "oauthlib", "pandas", "pyarrow", "pydantic",
    "sqlalchemy", "sqlite3", "websocket",
}  # fmt: skip


def test_a_gateway_imports_no_hub_no_server_of_pages_and_no_library_of_its_kernels() -> None:
    found = subprocess.run([sys.executable, "-c", STARTS], check=True, capture_output=True, text=True).stdout
    assert not HEAVY & {name.partition(".")[0] for name in found.split()}
    assert "jupyter_server.serverapp" not in found.split()
