"""A start makes the demo once, and again only where it is another one."""

from __future__ import annotations

from pathlib import Path

from notehouse_hub.embedded.postgres import Cluster
from notehouse_hub.supervisor.demo_made import DemoMade


def test_a_demo_is_made_once_for_the_same_accounts(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, tmp_path, programs=tmp_path)
    first = DemoMade(cluster, {"admin": "one"})
    assert not first.is_current()
    first.keep()
    assert DemoMade(cluster, {"admin": "one"}).is_current()
    assert not DemoMade(cluster, {"admin": "another"}).is_current()
    assert "one" not in (tmp_path / "notehouse-demo").read_text().split()
    assert (tmp_path / "notehouse-demo").stat().st_mode & 0o077 == 0
