"""Names the limit in the error of a cell that passes the limit of memory: Python's own error is silent."""

from __future__ import annotations

import resource
from typing import Any

MEBIBYTE = 2**20


def name_limit(shell: Any) -> None:
    """Have a shell say which limit a MemoryError means."""
    shell.set_custom_exc((MemoryError,), _show)


def _show(
    shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None
) -> None:
    most, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if most != resource.RLIM_INFINITY:
        sentence = (
            f"The kernel has reached its limit of memory ({most // MEBIBYTE:,} MB): "
            "read less at once, or let the database aggregate."
        )
        if error.args:
            error.add_note(sentence)
        else:
            error.args = (sentence,)
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
