"""The artifact store keeps whole files under the hash of what they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from notehouse_core.artifacts import ArtifactStore
from notehouse_core.errors import NotFound


def test_what_goes_in_comes_out_and_twice_is_once(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "artifacts")
    key = store.put(b"a notebook")
    assert store.put(b"a notebook") == key != store.put(b"another")
    assert store.get(key) == b"a notebook"
    assert len([file for file in tmp_path.rglob("*") if file.is_file()]) == 2


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64])
def test_what_is_not_there_is_said_so(tmp_path: Path, key: str) -> None:
    with pytest.raises(NotFound):
        ArtifactStore(tmp_path).get(key)
