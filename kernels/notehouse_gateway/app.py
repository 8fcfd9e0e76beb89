"""`python -m notehouse_gateway.app`: the kernel gateway of a class, as the Hub's spawner starts it for a service user.

Only Hub tokens with access to this server are let in.
"""

from __future__ import annotations

import os
import sys

from notehouse_core.left_out import leave_out
from notehouse_gateway.hardening import deny_inspection


def main() -> None:
    """Run the gateway until it is told to end."""
    os.umask(0o077)
    deny_inspection()
    leave_out()
    # Imported after that.
    from notehouse_gateway.gateway import KernelGatewayApp
    from notehouse_gateway.hub import Hub
    from notehouse_gateway.identity import HubTokens

    hub = Hub.of(os.environ)
    ip, port = hub.address
    gateway = KernelGatewayApp.instance(ip=ip, port=port, base_url=hub.base_url, identity=HubTokens(hub=hub))
    gateway.initialize(sys.argv[1:])
    gateway.run(hub)


if __name__ == "__main__":
    main()
