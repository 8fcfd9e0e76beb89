"""What a fork of a template does to be a kernel like any other."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from notehouse_gateway.template import chance, namespaces
from notehouse_gateway.template.death import die_with
from notehouse_gateway.template.limit_error import name_limit
from notehouse_gateway.template.title import set_title
from notehouse_gateway.template.wire import READY, ForkOrder, Order

if TYPE_CHECKING:
    from notehouse_gateway.template.notebook import RecordedNotebook

TOKEN_FILE = "NOTEHOUSE_TOKEN_FILE"  # noqa: S105 - the name of a variable


def settle(order: Order, parent: int, token: int | None) -> None:
    """Leave the template behind: a session of its own, its environment, its folder, nothing to read from.

    `token` is a descriptor of memory that holds the execution token; its server writes the next one there.
    """
    os.setsid()
    die_with(parent)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(order.environment)
    if token is not None:
        os.environ[TOKEN_FILE] = path_of(token)
    os.chdir(order.cwd)
    if order.processes:
        namespaces.confine(order.processes)


def path_of(descriptor: int) -> str:
    """Return where this process, and what it starts, finds what it has open; other kernels may not look there."""
    return f"/proc/{os.getpid()}/fd/{descriptor}"


def run(order: ForkOrder, ready: int, recorded: RecordedNotebook | None) -> None:
    """Be a kernel until it is shut down, going on where a notebook ended; `ready` is told when it listens."""
    from ipykernel.kernelapp import IPKernelApp

    set_title("ipykernel_launcher, a fork")
    if recorded is not None:
        recorded.rest()
    app = IPKernelApp.instance()
    app.parent_handle = 1  # somebody looks after it, and it need not look whether its parent lives
    chance.reseed(recorded.shell.user_ns if recorded else {})
    app.initialize(order.arguments)  # type: ignore[no-untyped-call]
    name_limit(app.kernel.shell)
    if recorded is not None:
        recorded.go_on_in(app.kernel)
    tell_ready(ready)
    app.start()  # type: ignore[no-untyped-call]


def tell_ready(ready: int) -> None:
    """Say that the sockets are bound: whoever connects now need not try twice."""
    os.write(ready, READY)
    os.close(ready)


def explain(ready: int, error: BaseException) -> None:
    """Say why there will be no kernel."""
    os.write(ready, f"{type(error).__name__}: {error}"[:2000].encode())
    print(f"A fork did not become a kernel: {error!r}", file=sys.__stderr__)


def unused(*_: Any) -> None:
    """Take a signal that only has to wake the process."""
