"""As whom does a process run, and what of root's is left to it?"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_SYS_NICE = 1 << 23  # linux/capability.h


def as_user(
    command: list[str], uid: int | None, groups: Sequence[int], *, nice: bool = False
) -> tuple[list[str], dict[str, Any]]:
    """Return a command and the options of `subprocess` by which it runs as a user; None is the user that we are.

    With `nice` it keeps the one right to say which of its threads go first, where we have that and util-linux'
    `setpriv`; else it runs without.
    """
    if uid is None:
        return command, {}
    setpriv = shutil.which("setpriv") if nice and _may_be_nice() else None
    if setpriv is None:
        return command, {"user": uid, "group": uid, "extra_groups": list(groups)}
    others = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    kept = [f"--{kind}=-all,+sys_nice" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    return [setpriv, f"--reuid={uid}", f"--regid={uid}", others, *kept, "--", *command], {}


def _may_be_nice() -> bool:
    """Containers often take this right from root."""
    found = (
        re.search(r"^CapEff:\s*([0-9a-f]+)$", _STATUS.read_text(), re.MULTILINE) if _STATUS.exists() else None
    )
    return found is not None and bool(int(found[1], 16) & _SYS_NICE)
