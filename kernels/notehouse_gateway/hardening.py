"""Keeps a server's own secrets from the kernels that run beside it under the same Unix user."""

import ctypes
import sys

PR_SET_DUMPABLE = 4


def deny_inspection() -> None:
    """Close this process's memory and environment to other processes of its user (Linux; elsewhere nothing).

    Kernels are new programs and stay as they are. Raises OSError when the kernel refuses.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "This process could not close its environment to others")
