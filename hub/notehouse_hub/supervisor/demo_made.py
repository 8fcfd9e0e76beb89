"""Has the demo been made before, as this version makes it? Then a start need not make it again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from notehouse_core.paths import shared
from notehouse_hub import demo
from notehouse_hub.embedded.postgres import Cluster


class DemoMade:
    """A note in the folder of the embedded Postgres: it goes where the demo's rows go, and is no part of a backup.

    What somebody has taken away of the demo stays away until there is another one.
    """

    def __init__(self, cluster: Cluster, passwords: Mapping[str, str]) -> None:
        self._note, self._uid = cluster.folder / "notehouse-demo", cluster.uid
        self._fingerprint = _fingerprint(passwords)

    def is_current(self) -> bool:
        """Say whether this very demo was made here."""
        return self._note.is_file() and self._note.read_text() == self._fingerprint

    def keep(self) -> None:
        """Note that it is made."""
        self._note.touch(mode=0o600)
        self._note.write_text(self._fingerprint)
        if self._uid is not None:
            os.chown(self._note, self._uid, -1)


def _fingerprint(passwords: Mapping[str, str]) -> str:
    """What the demo is made of: our code, the notebooks, and the accounts' passwords."""
    found = hashlib.sha256(json.dumps(dict(passwords), sort_keys=True).encode())
    code = sorted(Path(demo.__file__).parent.glob("*.py"))
    for path in [*code, *sorted(shared("notebooks").rglob("*.ipynb"))]:
        found.update(path.read_bytes())
    return found.hexdigest()
