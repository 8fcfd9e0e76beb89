"""Under which Unix user does each part of the platform run?"""

import os
from dataclasses import dataclass

# Offsets from the first uid of our range; people and kernel gateways follow from 1000 on.
_OFFSETS = {"postgres": 1, "clickhouse": 2, "web": 3, "query": 4, "renderer": 5}
_STRANGER = 999


@dataclass(frozen=True)
class Users:
    """The Unix users of the trusted processes.

    Root gives each part a user of its own (`isolated`), or all of them one without rights; others can only be
    who they are.
    """

    base: int
    isolated: bool
    root: bool

    def uid(self, part: str) -> int | None:
        """Return the uid of a part; None stands for the user we are.

        The Hub is the part that stays root, because it starts people's servers as other users.
        """
        if self.isolated:
            return self.base + _OFFSETS[part] if part in _OFFSETS else None
        return self.base if self.root else None

    def stranger(self) -> int:
        """Return a uid with no rights of its own, to ask what people's servers may reach."""
        return self.base + _STRANGER if self.isolated else self.base

    def postgres_readers(self) -> tuple[int, ...]:
        """Return the group whose members may enter the folder of Postgres' socket."""
        uid = self.uid("postgres")
        return () if uid is None else (uid,)


def choose(base: int, isolate: bool) -> Users:
    """Choose users for whoever starts the platform; only root can be others."""
    root = os.geteuid() == 0
    return Users(base, isolate and root, root)
