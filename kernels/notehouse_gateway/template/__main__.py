"""`python -m notehouse_gateway.template CHANNEL PARENT`: a template, started by its owner, who holds the other end.

PARENT 0 has seen to it already that the template ends with its owner.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from notehouse_gateway.template import kernel, wire
from notehouse_gateway.template.death import die_with
from notehouse_gateway.template.server import TemplateServer
from notehouse_gateway.template.usual import import_usual
from notehouse_gateway.template.wire import BranchOrder, ForkOrder

if TYPE_CHECKING:
    from notehouse_gateway.template.notebook import RecordedNotebook


def main() -> None:
    """Import, say whether it can be forked, and serve; a fork goes on from there as a kernel, or as a template."""
    if parent := int(sys.argv[2]):
        die_with(parent)
    os.umask(0o077)
    # The folder it was started in is no place to import from, as for any kernel.
    sys.path[:] = [place for place in sys.path if place not in ("", os.getcwd())]
    server = TemplateServer(socket.socket(fileno=int(sys.argv[1])))
    import_usual()
    wire.send(server.channel, "imported", obstacles=server.look())
    recorded = None
    while True:
        gc.collect()
        gc.freeze()
        order, descriptors = server.serve()
        for one in descriptors:
            os.set_inheritable(one, False)
        if isinstance(order, ForkOrder):
            break
        server = TemplateServer(socket.socket(fileno=descriptors[0]), descriptors[1])
        recorded = branch(server, order)
    _be_kernel(order, descriptors[0], recorded)


def branch(server: TemplateServer, order: BranchOrder) -> RecordedNotebook:
    """Run a notebook; its variables and widgets are in every kernel that is forked from here."""
    from notehouse_gateway.template.notebook import RecordedNotebook

    sys.path.insert(0, "")
    recorded = RecordedNotebook()

    def tell(done: int, total: int) -> None:
        wire.send(server.channel, "cell", done=done, total=total)

    failure = recorded.run(order.notebook, order.executed, tell)
    obstacles = [] if failure else server.look(recorded.safe_threads)
    wire.send(server.channel, "prepared", failure=failure and asdict(failure), obstacles=obstacles)
    return recorded


def _be_kernel(order: ForkOrder, ready: int, recorded: RecordedNotebook | None) -> None:
    try:
        kernel.run(order, ready, recorded)
    except BaseException as error:
        kernel.explain(ready, error)
        raise


if __name__ == "__main__":
    main()
