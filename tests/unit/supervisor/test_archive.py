"""A backup is whole or refused, and restores into an empty folder only."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from notehouse_core.errors import Conflict, Invalid, NotFound
from notehouse_hub.supervisor import archive, lock
from notehouse_hub.supervisor.errors import StartRefusedError


def quiet(line: str) -> None:
    assert line


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name in ("secrets", "homes/ann", "env/big", "logs"):
        (folder / name).mkdir(parents=True)
    (folder / "secrets" / "key").write_text("secret")
    (folder / "secrets" / "key").chmod(0o600)
    (folder / "homes" / "ann" / "notes.ipynb").write_text("{}")
    (folder / "homes" / "ann" / "link").symlink_to("notes.ipynb")
    (folder / "env" / "big" / "file").write_text("made again")
    return folder


def test_what_was_there_is_back_and_what_is_made_again_is_not(data: Path, tmp_path: Path) -> None:
    file, back = tmp_path / "house.tar.gz", tmp_path / "back"
    archive.backup(data, file, quiet)
    assert file.stat().st_mode & 0o777 == 0o600
    archive.restore(file, back, quiet)
    assert (back / "secrets" / "key").read_text() == "secret"
    assert (back / "secrets" / "key").stat().st_mode & 0o777 == 0o600
    assert (back / "homes" / "ann" / "link").readlink() == Path("notes.ipynb")
    assert sorted(one.name for one in back.iterdir()) == ["homes", "secrets"]


def test_it_refuses_what_would_lose_something(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "house.tar.gz"
    archive.backup(data, file, quiet)
    with pytest.raises(Conflict, match="never writes over"):
        archive.backup(data, file, quiet)
    with pytest.raises(Conflict, match="is not empty"):
        archive.restore(file, data, quiet)
    with pytest.raises(NotFound, match="no platform"):
        archive.backup(tmp_path / "nothing", tmp_path / "x", quiet)
    with lock.only_one(data), pytest.raises(StartRefusedError):
        archive.backup(data, tmp_path / "while-it-runs", quiet)
    assert not (tmp_path / "while-it-runs").exists()


@pytest.mark.parametrize("damage", ["cut", "changed", "not a backup", "empty"])
def test_a_damaged_file_restores_nothing(data: Path, tmp_path: Path, damage: str) -> None:
    file, back = tmp_path / "house.tar.gz", tmp_path / "back"
    archive.backup(data, file, quiet)
    plain = gzip.decompress(file.read_bytes())
    match damage:
        case "cut":
            file.write_bytes(file.read_bytes()[:-200])
        case "changed":
            file.write_bytes(gzip.compress(plain.replace(b"secret\0", b"sEcret\0")))
        case "not a backup":
            file.write_bytes(b"hello")
        case _:
            file.write_bytes(b"")
    with pytest.raises(Invalid, match="damaged"):
        archive.restore(file, back, quiet)
    assert not back.exists()


@pytest.mark.parametrize("name", ["/etc/passwd", "data/../../x", "elsewhere/x"])
def test_nothing_lands_outside_the_folder(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, {"format": 1, "version": "0", "made_at": "", "folders": []}, name)
    with pytest.raises(Invalid, match="outside"):
        archive.restore(file, tmp_path / "back", quiet)


def test_a_backup_of_the_future_says_so(tmp_path: Path) -> None:
    file = written(tmp_path, {"format": 99, "version": "9", "made_at": "", "folders": []}, "data/x")
    with pytest.raises(Invalid, match="later Notehouse"):
        archive.restore(file, tmp_path / "back", quiet)


def written(folder: Path, manifest: dict[str, object], name: str) -> Path:
    file = folder / "made.tar.gz"
    with tarfile.open(file, "w:gz") as made:
        for each, text in ((archive.MANIFEST, json.dumps(manifest).encode()), (name, b"x")):
            member = tarfile.TarInfo(each)
            member.size = len(text)
            made.addfile(member, io.BytesIO(text))
    return file
