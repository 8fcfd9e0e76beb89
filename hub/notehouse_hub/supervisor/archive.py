"""What is in a backup? A tar file: a manifest first, then the data folder's state, then a checksum of every file.

It holds every secret of the platform, so only its owner may read it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import IO

from notehouse_core.errors import Conflict, Invalid, NotFound
from notehouse_hub.supervisor import lock

FORMAT = 1
MANIFEST, CHECKSUMS, ROOT = "manifest.json", "checksums.json", "data"
# Made again at every start, or only true while the platform runs.
LEFT_OUT = frozenset({"engines", "env", "lock", "logs", "node", "run"})
_PIECE = 2**20

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself."""

    format: int
    version: str
    made_at: str
    folders: list[str]


def backup(data: Path, file: Path, tell: Tell) -> None:
    """Write everything that a stopped platform holds into `file`. Raises Conflict while it runs, NotFound without data."""
    if not (data / "secrets").is_dir():
        raise NotFound(f"There is no platform in {data}. Name its data folder with --data.")
    if file.exists():
        raise Conflict(f"{file} is there already. Name a new file: a backup never writes over another.")
    with lock.only_one(data):
        draft = file.with_name(f".{file.name}.part")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
                _write(data, output, tell)
                output.flush()
                os.fsync(output.fileno())
            draft.replace(file)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _write(data: Path, output: IO[bytes], tell: Tell) -> None:
    folders = sorted(one.name for one in data.iterdir() if one.name not in LEFT_OUT)
    made = Manifest(FORMAT, version("notehouse"), datetime.now(UTC).isoformat(timespec="seconds"), folders)
    sums: dict[str, str] = {}
    with (
        gzip.GzipFile(fileobj=output, mode="wb", compresslevel=1) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        _add_json(archive, MANIFEST, asdict(made))
        for name in folders:
            size = sum(_add(archive, data, path, sums) for path in _below(data / name))
            tell(f"{name:12} {size / 1e6:10,.1f} MB")
        _add_json(archive, CHECKSUMS, sums)


def _below(top: Path) -> Iterator[Path]:
    """A folder and all in it, folders before what they hold; links are not followed."""
    yield top
    for folder, names, files in os.walk(top):
        yield from (Path(folder, name) for name in sorted([*names, *files]))


def _add(archive: tarfile.TarFile, data: Path, path: Path, sums: dict[str, str]) -> int:
    """Add one file, folder or link; its size in bytes. Sockets and pipes are no state."""
    name = f"{ROOT}/{path.relative_to(data).as_posix()}"
    member = archive.gettarinfo(path, arcname=name)
    if member is None or not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        return 0
    if not member.isfile():
        archive.addfile(member)
        return 0
    with path.open("rb") as file:
        content = _Summed(file)
        archive.addfile(member, content)
    sums[name] = content.sum.hexdigest()
    return member.size


class _Summed:
    """A file that is summed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        piece = self._file.read(size)
        self.sum.update(piece)
        return piece


def _add_json(archive: tarfile.TarFile, name: str, content: object) -> None:
    text = json.dumps(content, indent=1).encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(text), 0o600
    archive.addfile(member, io.BytesIO(text))


def restore(file: Path, data: Path, tell: Tell) -> Manifest:
    """Bring a backup back into an empty data folder, after reading all of it once to see that it is whole.

    Raises Conflict for a folder that holds something, Invalid for a file that is damaged or of a later version.
    """
    if data.exists() and any(data.iterdir()):
        raise Conflict(
            f"{data} is not empty. Restore into a new folder (--data), or move this one away first."
        )
    manifest = _checked(file)
    tell(f"{file} is whole: version {manifest.version}, made {manifest.made_at}")
    data.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "r|gz") as archive:
        for member in archive:
            if member.name not in {MANIFEST, CHECKSUMS}:
                member.name = str(PurePosixPath(member.name).relative_to(ROOT))
                archive.extract(member, data, numeric_owner=True)
    tell(f"restored: {', '.join(manifest.folders)}")
    return manifest


def _checked(file: Path) -> Manifest:
    """Read a backup from end to end. Raises Invalid."""
    sums: dict[str, str] = {}
    said: dict[str, bytes] = {}
    try:
        with tarfile.open(file, "r|gz") as archive:
            for member in archive:
                if member.name in {MANIFEST, CHECKSUMS}:
                    said[member.name] = _content(archive, member).read()
                    _check_format(said)
                    continue
                _check_name(member)
                if member.isfile():
                    sums[member.name] = _sum(_content(archive, member))
        manifest, expected = Manifest(**json.loads(said[MANIFEST])), json.loads(said[CHECKSUMS])
    except (tarfile.TarError, OSError, EOFError, KeyError, ValueError, TypeError) as error:
        raise Invalid(f"{file} is no backup, or is damaged ({error}). Nothing was restored.") from error
    if wrong := [name for name in expected.keys() | sums.keys() if expected.get(name) != sums.get(name)]:
        raise Invalid(f"{file} is damaged: {wrong[0]} is not what was saved. Nothing was restored.")
    return manifest


def _check_format(said: dict[str, bytes]) -> None:
    found = json.loads(said[MANIFEST])["format"]
    if found > FORMAT:
        raise Invalid(
            f"This backup was made by a later Notehouse (format {found}, known here: {FORMAT}). "
            "Install that version, then restore."
        )


def _check_name(member: tarfile.TarInfo) -> None:
    """Raise Invalid for what would land outside the data folder."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or path.parts[0] != ROOT:
        raise Invalid(
            f"The backup holds {member.name!r}, which lies outside a data folder. Nothing was restored."
        )


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    found = archive.extractfile(member)
    if found is None:
        raise ValueError(f"{member.name} has no content")
    return found


def _sum(file: IO[bytes]) -> str:
    made = hashlib.sha256()
    while piece := file.read(_PIECE):
        made.update(piece)
    return made.hexdigest()
