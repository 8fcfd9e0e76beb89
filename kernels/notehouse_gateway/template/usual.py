"""What notebooks usually import, and what a kernel imports while it starts: done once, in the template."""

from __future__ import annotations

import importlib
import importlib.util
import logging

# Those with threads of their own (polars) are not here: they cannot be forked.
LIBRARIES = (
    "numpy",
    "pandas",
    "pyarrow",
    "pyarrow.compute",
    "altair",
    "ipywidgets",
    "clickhouse_connect",
    "httpx",
    "notehouse_sql.charting.magic",
    "notehouse_sql.charting.pictures",
    "notehouse_sql.charting.showing",
    "notehouse_sql.expecting.magic",
    "notehouse_sql.frames",
    "notehouse_sql.magic",
    "notehouse_gateway.comm_ids",
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

# Where people have installed them.
OTHERS = ("matplotlib.pyplot", "matplotlib_inline.backend_inline")

log = logging.getLogger(__name__)


def import_usual() -> None:
    """Import all that is installed of it."""
    for name in (*KERNEL, *LIBRARIES, *OTHERS):
        try:
            importlib.import_module(name)
        except ImportError as error:
            log.debug("%s is not there: %s", name, error)
