"""Ends what a server's Unix user still runs when the server itself has ended, however it did and wherever it hides."""

from __future__ import annotations

import subprocess


def end_all_of(uid: int) -> None:
    """End all processes of a Unix user that owns one server alone, in one call of the system. Raises OSError.

    It is the user who signals, so that nobody else's processes can be meant.
    """
    if uid == 0:
        raise ValueError("root's processes are no server's")
    subprocess.run(
        ["/bin/sh", "-c", "kill -KILL -1"],
        user=uid, group=uid, extra_groups=[], cwd="/", env={}, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
