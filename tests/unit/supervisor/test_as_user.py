"""A process as a user of its own: none of root's rights stays with it, but at most the one to order its threads."""

import os
import re
import subprocess

import pytest

from notehouse_hub.supervisor import as_user as module
from notehouse_hub.supervisor.as_user import as_user

UID = 65534 if os.geteuid() == 0 else None  # who is not root starts everything as themselves
ROOTS = re.compile(r"^(Uid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb):\t(.*)$", re.MULTILINE)


def status_of(*groups: int, nice: bool) -> dict[str, str]:
    """What the kernel says of a process that was started as a user."""
    command, options = as_user(["cat", "/proc/self/status"], UID, groups, nice=nice)
    shown = subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout
    return {name: value.strip() for name, value in ROOTS.findall(shown)}


@pytest.mark.parametrize("nice", [False, True])
def test_it_runs_as_its_user_with_its_groups_alone(nice: bool) -> None:
    found = status_of(*([65533] if UID else []), nice=nice)
    assert set(found["Uid"].split()) == {str(os.geteuid() if UID is None else UID)}
    if UID is not None:
        assert found["Groups"].split() == ["65533"]
        assert status_of(nice=nice)["Groups"] == ""


def test_it_keeps_no_right_of_roots_but_to_order_its_threads() -> None:
    found = status_of(nice=True)
    rights = {int(found[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
    assert rights <= {0, 1 << 23}
    assert int(status_of(nice=False)["CapEff"], 16) == 0


def test_where_it_cannot_be_given_it_starts_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_may_be_nice", lambda: False)
    assert int(status_of(nice=True)["CapEff"], 16) == 0
