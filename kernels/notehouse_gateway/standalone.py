"""A kernel gateway without a Hub, for development and tests: one fixed token opens it.

`python -m notehouse_gateway.standalone --port 9000 --token SECRET --folder /tmp/gateway`. It isolates nobody:
kernels run as whoever started it, and root is refused unless `--allow-root` says that this is meant.
"""

from __future__ import annotations

import argparse
import os

from notehouse_core.left_out import leave_out
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
    if os.geteuid() == 0 and not options.allow_root:
        raise SystemExit("Kernels would run as root. Start the gateway as another user, or say --allow-root.")
    os.umask(0o077)
    deny_inspection()
    leave_out()
    # Imported after that.
    from notehouse_gateway.gateway import KernelGatewayApp
    from notehouse_gateway.identity import FixedToken

    gateway = KernelGatewayApp.instance(
        port=options.port,
        identity=FixedToken(secret=options.token),
        desks_folder=f"{options.folder}/kernels",
        max_kernels=options.max_kernels,
        idle_seconds=options.idle_seconds,
    )
    gateway.initialize([])
    gateway.run()


if __name__ == "__main__":
    main()
