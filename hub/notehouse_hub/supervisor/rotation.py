"""New keys in the place of old ones: `notehouse rotate-keys`.

Each rotation runs while the platform does. It ends with the old key opening nothing, and a crash at any point leaves
everything as readable as it was: run it again. Where processes get their keys by another way than our files (a
Secret of Kubernetes, say), the three steps are taken one by one, and each new file is handed out before the next.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Unavailable
from notehouse_core.secret_keys import KeyFile, KeyRing
from notehouse_core.settings import Settings
from notehouse_core.store.database import Database
from notehouse_core.store.sources import check_secrets, seal_anew
from notehouse_core.tokens import LONGEST_LIFE
from notehouse_hub.embedded import postgres, postgres_roles
from notehouse_hub.supervisor import users
from notehouse_hub.supervisor.secrets import Vault, write_private
from notehouse_hub.supervisor.users import Users

ADD, USE, RETIRE = STEPS = ("add", "use", "retire")


@dataclass(frozen=True)
class House:
    """A platform whose keys are rotated: on one machine its data folder, on many what the settings name.

    Steps: `add` a key, `use` it for everything, `retire` the others.
    """

    settings: Settings
    steps: tuple[str, ...] = STEPS

    @property
    def vault(self) -> Vault:
        """The folder of secrets."""
        return Vault(self.settings.data / "secrets")

    @property
    def users(self) -> Users:
        """Who owns what."""
        return users.choose(self.settings.uid_base, self.settings.isolate)

    @property
    def database_url(self) -> str:
        """The metadata as the app: the operator's own, or the embedded one of a running platform."""
        if self.settings.database_url:
            return self.settings.database_url.get_secret_value()
        if not self.vault.folder.is_dir():
            raise Unavailable(
                f"There is no platform in {self.settings.data}. Name its data folder with --data."
            )
        uid = self.users.uid("postgres")
        sockets = postgres.socket_folder(self.settings.data / "run", uid)
        cluster = postgres.Cluster(self.settings.data / "postgres", sockets, uid)
        if postgres.server_pid(cluster) is None:
            raise Unavailable(
                "Notehouse does not run, and its keys are rotated while it does: start it first."
            )
        return cluster.url(postgres_roles.APP, self.vault.postgres_password("app"), postgres_roles.DATABASE)

    @property
    def source_keys(self) -> tuple[Path, ...]:
        """The files that hold the keys of data sources' secrets; the first is read, all are written."""
        if self.settings.secret_keys_file:
            return (self.settings.secret_keys_file,)
        return (self.vault.source_keys, self.settings.data / "keys" / "source-keys.json")


def source_secrets(house: House) -> str:
    """Seal the secrets of all data sources with a new key, and forget the old one."""
    url = house.database_url  # before anything is written
    ring = KeyFile(house.source_keys[0]).ring()
    said = []
    if ADD in house.steps:
        ring = ring.with_new_key()
        _write_ring(house, ring)
        said.append(f"the key {ring.current} is there")
    if USE in house.steps:
        said.append(f"{asyncio.run(_seal_anew(url, ring))} secrets are sealed with the key {ring.current}")
    if RETIRE in house.steps:
        asyncio.run(_check(url, ring.only_current()))
        _write_ring(house, ring.only_current())
        said.append("the old key opens nothing")
    return f"{', '.join(said)}."


def token_signing(house: House) -> str:
    """Sign execution tokens with a new key; what the old one signed counts until it ends. Runs or not."""
    if not house.vault.folder.is_dir():
        return "not kept here: put a new signing key and both certificates where the others are."
    if ADD not in house.steps:
        return "nothing to do in this step."
    house.vault.rotate_signing_key()
    house.vault.write_token_keys(house.settings.data / "keys", house.users.uid("web"))
    return f"signed with a new key; those of the old one count until they end, in {LONGEST_LIFE // 3600} h at most."


ROTATIONS: dict[str, Callable[[House], str]] = {
    "data sources": source_secrets,
    "tokens": token_signing,
}


async def _seal_anew(url: str, ring: KeyRing) -> int:
    async with _metadata(url) as session:
        return await seal_anew(session, ring)


async def _check(url: str, ring: KeyRing) -> None:
    """Raise Unavailable unless this ring opens everything."""
    async with _metadata(url) as session:
        await check_secrets(session, ring)


@asynccontextmanager
async def _metadata(url: str) -> AsyncIterator[AsyncSession]:
    database = Database(url, pool_size=1)
    try:
        async with database.session() as session:
            yield session
    except OperationalError as error:
        raise Unavailable(
            "The metadata database does not answer. No key was taken away; run this again."
        ) from error
    finally:
        await database.close()


def _write_ring(house: House, ring: KeyRing) -> None:
    """The copy that the API reads goes first: it must know a key before anything is sealed with it."""
    for file in reversed(house.source_keys):
        owner = file.stat().st_uid if file.exists() else os.geteuid()
        write_private(file, ring.text(), owner if os.geteuid() == 0 else None)
