"""Names the limit in the error of a cell that passes one: Python's own errors are silent about it."""

from __future__ import annotations

import resource
import threading
from typing import Any

MEBIBYTE = 2**20


def name_limit(shell: Any) -> None:
    """Have a shell say which limit an error means."""
    shell.set_custom_exc((MemoryError, BlockingIOError, RuntimeError), _show)


def _show(
    shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None
) -> None:
    sentence = _of_memory() if isinstance(error, MemoryError) else _of_processes()
    if sentence and error.args:
        error.add_note(sentence)
    elif sentence:
        error.args = (sentence,)
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _of_memory() -> str | None:
    most, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if most == resource.RLIM_INFINITY:
        return None
    return (
        f"The kernel has reached its limit of memory ({most // MEBIBYTE:,} MB): "
        "read less at once, or let the database aggregate."
    )


def _of_processes() -> str | None:
    most, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if most == resource.RLIM_INFINITY or _may_start_one():
        return None
    return f"The kernel has reached its limit of {most:,} processes and threads."


def _may_start_one() -> bool:
    try:
        threading.Thread(target=int).start()
    except RuntimeError:
        return False
    return True
