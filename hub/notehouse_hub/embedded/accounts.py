"""Under which Unix user does an engine run, and can that user reach its folder?"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from notehouse_hub.embedded.errors import EngineError

DEFAULT_UID_BASE = 200_000


@dataclass(frozen=True)
class EngineUsers:
    """Unix users of the engines; None means the user we are (only root can be others)."""

    postgres: int | None
    clickhouse: int | None


def engine_users(uid_base: int = DEFAULT_UID_BASE) -> EngineUsers:
    """Choose the engines' Unix users for the user we are."""
    if os.geteuid() != 0:
        return EngineUsers(None, None)
    return EngineUsers(uid_base + 1, uid_base + 2)


def cluster_maker(uid: int | None) -> int | None:
    """Return the account that makes a Postgres data folder for `uid`; None means the user we are.

    Raises EngineError when that user has no name, as in a container started with a number alone.
    """
    if uid is not None:
        return named_account()
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise EngineError(
            f"Preparing the embedded Postgres needs a Unix user with a name; uid {os.geteuid()} has none. "
            "Add a line for it to /etc/passwd, or give a Postgres of your own with NOTEHOUSE_DATABASE_URL."
        ) from error
    return None


def named_account() -> int:
    """Return the uid of a system account with a name: initdb refuses root and users without one."""
    for name in ("daemon", "nobody", "bin"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise EngineError(
        "Preparing the embedded Postgres as root needs one of the system accounts daemon, nobody or bin, "
        "and this machine has none. Add one to /etc/passwd, or give a Postgres of your own with "
        "NOTEHOUSE_DATABASE_URL."
    )


def give(folder: Path, uid: int | None) -> None:
    """Make `uid` the owner of a folder and all that is in it."""
    if uid is None:
        return
    for path in [folder, *folder.rglob("*")]:
        os.lchown(path, uid, uid)


def prepare(folder: Path, uid: int | None, mode: int = 0o700) -> Path:
    """Make a folder of `uid`'s own with exactly `mode`, and check that it can be reached."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)
    if uid is not None:
        os.chown(folder, uid, uid)
        check_reachable(folder, uid)
    return folder


def check_reachable(folder: Path, uid: int) -> None:
    """Raise EngineError naming the first parent folder that `uid` cannot pass through."""
    for parent in reversed(folder.resolve().parents):
        status = parent.stat()
        bit = 0o100 if status.st_uid == uid else 0o010 if status.st_gid == uid else 0o001
        if not status.st_mode & bit:
            raise EngineError(
                f"The Unix user {uid} must reach {folder} but may not pass through {parent} "
                f"(mode {status.st_mode & 0o777:04o}). Choose a data folder elsewhere, "
                f"or run: chmod o+x {parent}"
            )
