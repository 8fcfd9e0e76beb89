"""Secrets of sources in Postgres: bound to their source, sealed anew by a rotation, and checked before a start."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, text

from contracts.foreign_postgres import READER_PASSWORD, ForeignPostgres
from integration.sources.conftest import Shelf
from notehouse_core.errors import Unavailable
from notehouse_core.secret_keys import KeyFile, KeyRing, Unopenable
from notehouse_core.settings import Settings
from notehouse_core.store.database import Database
from notehouse_core.store.models import DataSource
from notehouse_core.store.sources import check_secrets, unseal
from notehouse_hub.embedded.standalone import RunningPostgres
from notehouse_hub.sources.connecting import Sources


async def stored(database: Database) -> list[DataSource]:
    async with database.session() as session:
        return list(await session.scalars(select(DataSource).order_by(DataSource.name)))


async def test_swapped_ciphertexts_do_not_decrypt(
    shelf: Shelf, foreign: ForeignPostgres, database: Database, keys_file: Path
) -> None:
    one = await shelf.put("one", "postgresql", foreign.config(), password=READER_PASSWORD)
    two = await shelf.put("two", "postgresql", foreign.config(), password=READER_PASSWORD)
    assert (await shelf.sources.check(one)).success
    async with database.session() as session:
        swap = "UPDATE data_sources SET secret = :secret WHERE id = :id"
        await session.execute(text(swap), {"secret": two.secret, "id": one.id})
        await session.execute(text(swap), {"secret": one.secret, "id": two.id})
    for source in await stored(database):
        with pytest.raises(Unopenable, match=f"{source.name} cannot be opened"):
            unseal(source, KeyFile(keys_file).ring())
        source.tenant = shelf.tenant
        checked = await shelf.sources.check(source)
        assert not checked.success
        assert "does not belong where it stands" in checked.message
    async with database.session() as session:
        with pytest.raises(Unavailable, match="Nothing was changed"):
            await check_secrets(session, ring_of(keys_file))


def ring_of(file: Path) -> KeyRing:
    return KeyRing.read(file.read_text())


def keep(file: Path, ring: KeyRing) -> None:
    file.write_text(ring.text())


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "notehouse_hub.service"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def rotate(postgres: RunningPostgres, keys_file: Path, *steps: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "NOTEHOUSE_DATABASE_URL": postgres.urls.app,
        "NOTEHOUSE_SECRET_KEYS_FILE": str(keys_file),
        "NOTEHOUSE_DATA": str(keys_file.parent),
    }
    command = [sys.executable, "-m", "notehouse_hub.cli", "rotate-keys"]
    command += [word for step in steps for word in ("--step", step)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


async def test_after_a_rotation_all_connect_and_the_old_key_alone_opens_nothing(
    shelf: Shelf, foreign: ForeignPostgres, database: Database, keys_file: Path, postgres: RunningPostgres
) -> None:
    for name in ("one", "two", "three"):
        await shelf.put(name, "postgresql", foreign.config(), password=READER_PASSWORD)
    old = ring_of(keys_file)
    before = {one.name: one.secret for one in await stored(database)}
    done = await asyncio.to_thread(rotate, postgres, keys_file)
    assert done.returncode == 0, done.stderr
    assert "3 secrets are sealed with the key" in done.stdout
    new = ring_of(keys_file)
    assert new.current not in old.keys
    assert new.keys.keys() == {new.current}
    assert mode_of(keys_file) == 0o600
    for source in await stored(database):
        assert (source.secret != before[source.name], source.secret_key_id) == (True, new.current)
        source.tenant = shelf.tenant
        assert (await shelf.sources.check(source)).success  # a process that runs sees the new key by itself
        with pytest.raises(Unopenable, match="is not among the secret keys"):
            unseal(source, old)


async def test_where_keys_are_handed_out_by_hand_the_steps_are_taken_one_by_one(
    shelf: Shelf, foreign: ForeignPostgres, database: Database, keys_file: Path, postgres: RunningPostgres
) -> None:
    await shelf.put("one", "postgresql", foreign.config(), password=READER_PASSWORD)
    old = ring_of(keys_file)
    for step, keys in (("add", 2), ("use", 2), ("retire", 1)):
        if step == "use":
            early = await asyncio.to_thread(rotate, postgres, keys_file, "retire")
            assert (early.returncode, "Bring back the file" in early.stderr) == (1, True)
        done = await asyncio.to_thread(rotate, postgres, keys_file, step)
        assert done.returncode == 0, done.stderr
        assert len(ring_of(keys_file).keys) == keys
        async with database.session() as session:
            await check_secrets(session, ring_of(keys_file))
    (source,) = await stored(database)
    assert source.secret_key_id == ring_of(keys_file).current not in old.keys


async def test_what_one_key_cannot_open_stops_a_rotation_with_nothing_changed(
    shelf: Shelf, foreign: ForeignPostgres, database: Database, keys_file: Path, postgres: RunningPostgres
) -> None:
    await shelf.put("one", "postgresql", foreign.config(), password=READER_PASSWORD)
    await shelf.put("two", "postgresql", foreign.config(), password=READER_PASSWORD)
    async with database.session() as session:
        await session.execute(text("UPDATE data_sources SET secret = '\\x00' WHERE name = 'two'"))
    before = {one.name: one.secret for one in await stored(database)}
    kept = ring_of(keys_file)
    done = await asyncio.to_thread(rotate, postgres, keys_file)
    assert done.returncode == 1
    assert "The secrets of the data source two cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr
    assert {one.name: one.secret for one in await stored(database)} == before
    assert ring_of(keys_file).keys.items() >= kept.keys.items()


async def test_a_key_that_cannot_open_what_is_stored_fails_the_start(
    shelf: Shelf, foreign: ForeignPostgres, database: Database, keys_file: Path, postgres: RunningPostgres
) -> None:
    await shelf.put("crm", "postgresql", foreign.config(), password=READER_PASSWORD)
    right, wrong = ring_of(keys_file), KeyRing.new()
    before = [one.secret for one in await stored(database)]
    keep(keys_file, wrong)
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "NOTEHOUSE_DATABASE_URL": postgres.urls.app,
        "NOTEHOUSE_SECRET_KEYS_FILE": str(keys_file),
    }
    run = await asyncio.to_thread(start, environment)
    assert run.returncode == 1
    assert run.stderr.strip().startswith(
        "The API cannot start: The secrets of the data source crm cannot be opened."
    )
    assert "Bring back the file of secret keys" in run.stderr
    assert [one.secret for one in await stored(database)] == before
    assert ring_of(keys_file) == wrong
    keep(keys_file, right)
    async with database.session() as session:
        await check_secrets(session, ring_of(keys_file))
        with pytest.raises(Unavailable, match="NOTEHOUSE_SECRET_KEYS_FILE is not set"):
            await check_secrets(session, None)


async def test_a_write_and_a_rotation_wait_for_each_other(
    shelf: Shelf, foreign: ForeignPostgres, database: Database, keys_file: Path, postgres: RunningPostgres,
    settings: Settings,
) -> None:  # fmt: skip
    """However writes and rotations fall together, what is stored opens with the key that is left."""

    async def write(number: int) -> None:
        await asyncio.sleep(number * 0.02)
        writer = Shelf(database, Sources(settings), shelf.tenant)
        await writer.put(f"s{number}", "postgresql", foreign.config(), password=READER_PASSWORD)

    rotating = asyncio.create_task(asyncio.to_thread(rotate, postgres, keys_file))
    await asyncio.gather(*(write(number) for number in range(80)))
    done = await rotating
    assert done.returncode == 0, done.stderr
    async with database.session() as session:
        await check_secrets(session, ring_of(keys_file))
    assert len(await stored(database)) == 80
