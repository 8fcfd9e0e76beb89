"""Which secrets does one platform have, and where are they kept?

Each is made once and stays in a file of its own that only the owner of the data folder can read; a
process gets those it needs, by environment or standard input, and no others.
"""

import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from notehouse_core.secret_keys import KeyRing
from notehouse_core.tokens import LONGEST_LIFE
from notehouse_hub.supervisor import signing

SERVICES = ("notehouse", "dashboards", "scheduler", "supervisor", "monitor", "culler")
_RETIRED = "retired-keys.json"
_POSTGRES_ROLES = ("superuser", "owner", "app", "hub")


@dataclass(frozen=True)
class Vault:
    """The folder of secrets."""

    folder: Path

    def open(self) -> "Vault":
        """Make the folder, closed to everyone else."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        return self

    def text(self, name: str, size: int = 32) -> str:
        """Return the secret of this name, as hex; `size` bytes of new randomness when there is none yet."""
        return self._kept(name, lambda: secrets.token_hex(size))

    def service_token(self, service: str) -> str:
        """Return the Hub token of one of our services."""
        return self.text(f"service-{service}")

    def service_tokens(self) -> dict[str, str]:
        """Return the Hub tokens of all our services."""
        return {service: self.service_token(service) for service in SERVICES}

    def postgres_password(self, role: str) -> str:
        """Return the password of a Postgres role."""
        return self.text(f"postgres-{role}")

    def postgres_passwords(self) -> tuple[str, ...]:
        """Return the passwords of superuser, owner, app and hub."""
        return tuple(self.postgres_password(role) for role in _POSTGRES_ROLES)

    def write_signing_key(self, file: Path, uid: int | None) -> None:
        """Put the Ed25519 key that signs execution tokens (PEM) where only `uid` can read it."""
        write_private(file, self._kept("signing-key.pem", signing.new_private_pem), uid)

    def write_verify_keys(self, file: Path) -> None:
        """Write the public half of the signing key where every service may read it, and those not ended yet.

        See `notehouse_core.tokens.Verifier` for the form.
        """
        keys = signing.verify_keys(self._kept("signing-key.pem", signing.new_private_pem))
        write_private(file, json.dumps({**self._retired_keys(), **keys}, indent=2), mode=0o644)

    def write_token_keys(self, folder: Path, uid: int | None) -> None:
        """Write both into a folder, public keys first: nothing is signed with one that nobody knows."""
        self.write_verify_keys(folder / "verify-keys.json")
        self.write_signing_key(folder / "signing-key.pem", uid)

    def rotate_signing_key(self) -> None:
        """Make a new signing key; the old one's public half counts until its last token has ended.

        Each step leaves something that works: what was signed before is always known.
        """
        old = signing.verify_keys(self._kept("signing-key.pem", signing.new_private_pem))
        until = int(time.time()) + LONGEST_LIFE
        retired = {**self._retired_keys(), **{kid: {"pem": pem, "until": until} for kid, pem in old.items()}}
        write_private(self.folder / _RETIRED, json.dumps(retired, indent=2))
        write_private(self.folder / "signing-key.pem", signing.new_private_pem())

    def _retired_keys(self) -> dict[str, dict[str, Any]]:
        """Public keys that sign nothing any more, and until when each counts."""
        kept: dict[str, dict[str, Any]] = json.loads(self._kept(_RETIRED, lambda: "{}"))
        return {kid: one for kid, one in kept.items() if one["until"] > time.time()}

    @property
    def source_keys(self) -> Path:
        """The file of the keys that seal the secrets of data sources."""
        return self.folder / "source-keys.json"

    def write_source_keys(self, file: Path, uid: int | None) -> None:
        """Put those keys where only `uid` can read them.

        A key that stands in one of the two places alone (a rotation was cut short, a file was lost) is kept in both.
        """
        places = (one for one in (file, self.source_keys) if one.exists())
        rings = [KeyRing.read(one.read_text()) for one in places]
        ring = reduce(KeyRing.joined, rings) if rings else KeyRing.new()
        write_private(self.source_keys, ring.text())
        write_private(file, ring.text(), uid)

    def demo_passwords(self, names: tuple[str, ...], shared: str | None) -> dict[str, str]:
        """Return the demo accounts' passwords; `shared` replaces them all."""
        kept = json.loads(self._kept("demo.json", lambda: "{}"))
        wanted = {name: shared or kept.get(name) or secrets.token_urlsafe(9) for name in names}
        if wanted != kept:
            write_private(self.folder / "demo.json", json.dumps(wanted, indent=2))
        return wanted

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        file = self.folder / name
        if not file.exists():
            write_private(file, make())
        return file.read_text().strip()


def write_private(file: Path, text: str, uid: int | None = None, *, mode: int = 0o600) -> None:
    """Write a file that only its owner (`uid`, or who we are) can read, unless `mode` says more, whole or not at all."""
    draft = file.with_name(f".{file.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    os.fchmod(handle, mode)
    with os.fdopen(handle, "w") as output:
        if uid is not None:
            os.fchown(handle, uid, uid)
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(file)
