"""`python -m notehouse_gateway.template CHANNEL`: a template, started by its owner, who holds the other end."""

from __future__ import annotations

import gc
import os
import socket
import sys

from notehouse_gateway.template import kernel, wire
from notehouse_gateway.template.death import die_with
from notehouse_gateway.template.server import TemplateServer
from notehouse_gateway.template.usual import import_usual


def main() -> None:
    """Import, say whether it can be forked, and serve; a fork goes on from there as a kernel."""
    die_with(int(sys.argv[2]))
    os.umask(0o077)
    # The folder it was started in is no place to import from, as for any kernel.
    sys.path[:] = [place for place in sys.path if place not in ("", os.getcwd())]
    server = TemplateServer(socket.socket(fileno=int(sys.argv[1])))
    import_usual()
    wire.send(server.channel, "imported", obstacles=server.look())
    gc.collect()
    gc.freeze()
    order, ready = server.serve()
    try:
        kernel.run(order, ready)
    except BaseException as error:
        kernel.explain(ready, error)
        raise


if __name__ == "__main__":
    main()
