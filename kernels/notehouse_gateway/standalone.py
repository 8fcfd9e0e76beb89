"""A kernel gateway without a Hub, for development and tests: one fixed token opens it.

`python -m notehouse_gateway.standalone --port 9000 --token SECRET --folder /tmp/gateway`. It isolates nobody:
kernels run as whoever started it, and root is refused unless `--allow-root` says that this is meant.
"""

from __future__ import annotations

import argparse
import os

from notehouse_gateway.app import KernelGatewayApp
from notehouse_gateway.hardening import deny_inspection


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="A kernel gateway for development: no Hub, one token.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True, help="what callers send as `Authorization: token ...`")
    parser.add_argument("--folder", required=True, help="where the kernels' folders are made")
    parser.add_argument("--max-kernels", type=int, default=20)
    parser.add_argument("--idle-seconds", type=int, default=900)
    parser.add_argument(
        "--allow-root", action="store_true", help="run kernels as root, on a machine of yours"
    )
    return parser.parse_args()


def main() -> None:
    """Serve on loopback until stopped."""
    options = parse()
    os.umask(0o077)
    deny_inspection()
    KernelGatewayApp.launch_instance(
        argv=[
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={options.port}",
            "--ServerApp.port_retries=0",
            "--ServerApp.open_browser=False",
            f"--ServerApp.root_dir={options.folder}",
            f"--ServerApp.allow_root={options.allow_root}",
            f"--IdentityProvider.token={options.token}",
            f"--KernelGatewayApp.desks_folder={options.folder}/kernels",
            f"--KernelGatewayApp.max_kernels={options.max_kernels}",
            f"--KernelGatewayApp.idle_seconds={options.idle_seconds}",
        ]
    )


if __name__ == "__main__":
    main()
