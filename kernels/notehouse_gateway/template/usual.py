"""What notebooks usually import, and what a kernel imports while it starts: done once, in the template."""

from __future__ import annotations

import builtins
import importlib
import logging
import os
import sys

# Those with threads of their own (polars) are not here: they cannot be forked. What draws figures into a page is left to
# the kernel: it ties itself to the shell that is there when it is imported.
LIBRARIES = (
    "numpy",
    "pandas",
    "pyarrow",
    "pyarrow.compute",
    "altair",
    "ipywidgets",
    "clickhouse_connect",
    "httpx",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "notehouse_sql.charting.magic",
    "notehouse_sql.charting.showing",
    "notehouse_sql.expecting.magic",
    "notehouse_sql.frames",
    "notehouse_sql.magic",
    "notehouse_gateway.comm_ids",
    "notehouse_gateway.template.rated_kernel",
    "vl_convert",
)
KERNEL = (
    "faulthandler",
    "IPython.core.completer",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "IPython.utils.wildcard",
    "ipykernel.control",
    "ipykernel.debugger",
    "ipykernel.heartbeat",
    "ipykernel.iostream",
    "ipykernel.kernelapp",
    "ipykernel.shellchannel",
    "ipykernel.subshell_manager",
    "jedi",
    "nbclient",
    "psutil",
    "sqlite3",
    "tornado.platform.asyncio",
)

FIGURES = "module://matplotlib_inline.backend_inline"

log = logging.getLogger(__name__)


class _InKernel:
    """What libraries see that look for a kernel around them while they are imported (pandas' width of tables)."""

    kernel = object()


def import_usual() -> None:
    """Import all that is installed of it, as in a kernel."""
    vars(builtins)["get_ipython"] = _InKernel
    os.environ.setdefault("MPLBACKEND", FIGURES)  # as ipykernel does; matplotlib reads it once
    try:
        for name in (*KERNEL, *LIBRARIES):
            _import(name)
    finally:
        del vars(builtins)["get_ipython"]
    if (widgets := sys.modules.get("ipywidgets")) is not None:
        widgets.register_comm_target()  # which it does itself only where a shell is


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError as error:
        log.debug("%s is not there: %s", name, error)
