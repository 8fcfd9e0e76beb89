"""What a fork of a template does to be a kernel like any other."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from notehouse_gateway.template import chance
from notehouse_gateway.template.death import die_with
from notehouse_gateway.template.wire import READY, ForkOrder


def settle(order: ForkOrder, parent: int) -> None:
    """Leave the template behind: a session of its own, its environment, its folder, nothing to read from."""
    os.setsid()
    die_with(parent)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(order.environment)
    os.chdir(order.cwd)


def run(order: ForkOrder, ready: int) -> None:
    """Be a kernel until it is shut down; `ready` is told when it can be connected to."""
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.parent_handle = 1  # somebody looks after it, and it need not look whether its parent lives
    chance.reseed({})
    app.initialize(order.arguments)  # type: ignore[no-untyped-call]
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
