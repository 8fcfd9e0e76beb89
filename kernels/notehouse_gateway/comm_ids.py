"""Gives the widgets of a kernel ids that follow from a seed.

A page made once from a notebook names its widgets by their ids. A kernel that executed the same notebook
with the same seed has widgets of the same ids, so that page can attach to it. IPython loads this as an
extension; without a seed in the environment it changes nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from typing import Any

ID_LENGTH = 32


def id_sequence(seed: str) -> Iterator[str]:
    """Yield the ids that follow from a seed: as long as a UUID in hex, and as hard to guess as the seed."""
    for number in itertools.count():
        yield hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()[:ID_LENGTH]


def seed_comm_ids(seed: str) -> None:
    """Make every comm that this process opens from now on take the next id of the seed's sequence."""
    from comm.base_comm import BaseComm

    ids = id_sequence(seed)
    original = BaseComm.__init__

    def init(self: BaseComm, *args: Any, **kwargs: Any) -> None:
        if not kwargs.get("comm_id") and kwargs.get("primary", True):
            kwargs["comm_id"] = next(ids)
        original(self, *args, **kwargs)

    BaseComm.__init__ = init  # type: ignore[method-assign]


def load_ipython_extension(_shell: object) -> None:
    """Seed the ids when the kernel was started with a seed."""
    seed = os.environ.pop("NOTEHOUSE_COMM_SEED", "")
    if seed:
        seed_comm_ids(seed)
