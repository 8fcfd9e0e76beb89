"""Under which Unix user does each part of the platform run?"""

import os
from dataclasses import dataclass

# Offsets from the first uid of our range; people and kernel gateways follow from 1000 on.
_OFFSETS = {"postgres": 1, "clickhouse": 2, "web": 3, "query": 4, "renderer": 5}


@dataclass(frozen=True)
class Users:
    """The Unix users of the trusted processes: one a part, or all the user we are."""

    base: int
    isolated: bool

    def uid(self, part: str) -> int | None:
        """Return the uid of a part; None stands for the user we are."""
        return self.base + _OFFSETS[part] if self.isolated else None

    def least(self) -> int:
        """Return a uid with no rights of its own, to ask what a stranger may reach."""
        return self.base + 999

    def postgres_readers(self) -> tuple[int, ...]:
        """Return the group whose members may enter the folder of Postgres' socket."""
        uid = self.uid("postgres")
        return () if uid is None else (uid,)


def choose(base: int, isolate: bool) -> Users:
    """Choose users for whoever starts the platform; only root can be others."""
    return Users(base, isolate and os.geteuid() == 0)
