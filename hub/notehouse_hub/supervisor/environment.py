"""Which Python runs the platform's processes?

As root every process has a Unix user of its own, and all of those must be able to execute the interpreter
and read its packages. One under root's home is closed to them, and an editable install could be changed
under their feet; so a copy that everyone may read is made in the data folder, from a system interpreter.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import notehouse_core
from notehouse_hub.supervisor.errors import StartRefusedError

_SOURCES = (
    "hub",
    "kernels",
    "extensions",
    "scheduler",
    "voila_templates",
    "notebooks",
    "pyproject.toml",
    "README.md",
)
_PLACES = ("/usr/bin", "/usr/local/bin", "/opt/python/bin")
_OLDEST = (3, 11)


def shared_python(data: Path) -> Iterator[str]:
    """Make the environment that every Unix user may execute, yielding what is being done.

    The generator's value (of `yield from`) is not used: ask `python_of` where the interpreter is.
    """
    if runs_from_shared_install():
        return
    checkout = checkout_folder()
    interpreter = system_interpreter()
    folder = environment_folder(data, checkout, interpreter)
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.parent.chmod(0o755)
    with (folder.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield from _build(folder, checkout, interpreter)
        _prune(folder)


def python_of(data: Path) -> Path:
    """Return the interpreter of the shared environment."""
    if runs_from_shared_install():
        return Path(sys.executable)
    return environment_folder(data, checkout_folder(), system_interpreter()) / "bin" / "python"


def own_interpreter() -> Path:
    """Return the interpreter we run with ourselves; a virtual environment's own name for it must stay."""
    return Path(sys.executable)


def runs_from_shared_install() -> bool:
    """Say whether we already run from packages and an interpreter that every Unix user may use."""
    package = Path(notehouse_core.__file__)
    return not _is_editable() and open_to_all(Path(sys.executable)) and open_to_all(package, execute=False)


def _is_editable() -> bool:
    try:
        origin = distribution("notehouse").read_text("direct_url.json")
    except PackageNotFoundError:
        return True
    return bool(origin and json.loads(origin).get("dir_info", {}).get("editable"))


def checkout_folder() -> Path:
    """Return the folder of the source tree we run from. Raises StartRefusedError when there is none."""
    folder = Path(notehouse_core.__file__).resolve().parents[2]
    if not (folder / "requirements.lock").exists():
        raise StartRefusedError(
            f"Notehouse runs as root from {sys.prefix}, which other Unix users cannot read. Install it where "
            "they can (for example /opt/notehouse, made with /usr/bin/python3 -m venv), "
            "or start it as another user."
        )
    return folder


def open_to_all(path: Path, *, execute: bool = True) -> bool:
    """Say whether every Unix user may reach and read (or execute) a file."""
    real = path.resolve()
    wanted = 0o005 if execute else 0o004
    return real.exists() and real.stat().st_mode & wanted == wanted and all(
        parent.stat().st_mode & 0o001 for parent in [*real.parents, *path.absolute().parents]
    )  # fmt: skip


def system_interpreter() -> Path:
    """Find a Python that every Unix user may execute, our own version first.

    Raises StartRefusedError when this machine has none.
    """
    names = [f"python{sys.version_info.major}.{sys.version_info.minor}", "python3"]
    names += [f"python3.{minor}" for minor in range(20, _OLDEST[1] - 1, -1)]
    for candidate in (Path(place) / name for name in names for place in _PLACES):
        if candidate.exists() and open_to_all(candidate) and _version(candidate) >= _OLDEST:
            return candidate.resolve()
    raise StartRefusedError(
        "As root Notehouse gives every person's server a Unix user of its own, and needs a Python 3.11 or "
        f"later that all of them may execute. None was found in {', '.join(_PLACES)}: install your system's "
        "package (python3), start Notehouse as another user than root, or run it all under one unprivileged "
        "user with NOTEHOUSE_ISOLATE=false."
    )


def _version(interpreter: Path) -> tuple[int, ...]:
    asked = "import sys; print(*sys.version_info[:2])"
    said = subprocess.run(
        [interpreter, "-I", "-c", asked], capture_output=True, text=True, check=False
    ).stdout
    return tuple(int(part) for part in said.split()) or (0,)


def environment_folder(data: Path, checkout: Path, interpreter: Path) -> Path:
    """Return where the environment of these packages and this interpreter lies."""
    digest = hashlib.sha256((checkout / "requirements.lock").read_bytes() + os.fsencode(interpreter))
    return data / "env" / digest.hexdigest()[:16]


def source_hash(checkout: Path) -> str:
    """Return the fingerprint of our own source."""
    digest = hashlib.sha256()
    for file in _source_files(checkout):
        digest.update(os.fsencode(file.relative_to(checkout)) + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _source_files(checkout: Path) -> Iterator[Path]:
    for name in _SOURCES:
        top = checkout / name
        if top.is_file():
            yield top
            continue
        for file in sorted(top.rglob("*")):
            parts = file.relative_to(checkout).parts
            if file.is_file() and not any(
                part.startswith((".", "__pycache__", "node_modules")) for part in parts
            ):
                yield file


def _build(folder: Path, checkout: Path, interpreter: Path) -> Iterator[str]:
    """Install packages once, and our own code whenever it has changed."""
    mark = folder / "notehouse.json"
    done = json.loads(mark.read_text()) if mark.exists() else {}
    source = source_hash(checkout)
    if done.get("source") == source:
        return
    mark.unlink(missing_ok=True)
    python = folder / "bin" / "python"
    if not done:
        yield "making an environment that every Unix user may execute (once, about a minute)"
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--python", str(interpreter), str(folder))
        _uv("pip", "sync", "--python", str(python), "--compile-bytecode", str(checkout / "requirements.lock"))
    yield "installing Notehouse into that environment"
    _uv(
        "pip", "install", "--python", str(python), "--no-deps", "--compile-bytecode",
        "--reinstall-package", "notehouse", "--refresh-package", "notehouse",
        f"notehouse @ {checkout.as_uri()}",
    )  # fmt: skip
    mark.write_text(json.dumps({"source": source}))


def _uv(*words: str) -> None:
    if find_spec("uv") is None:
        raise StartRefusedError(
            "The Python package uv, with which Notehouse makes the environment of its processes as root, is "
            "missing. Install it beside Notehouse: python -m pip install uv"
        )
    command = [sys.executable, "-m", "uv", *words, "--quiet"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, umask=0o022)
    if finished.returncode:
        raise StartRefusedError(
            "The environment for Notehouse's processes could not be made:\n"
            f"{finished.stderr.strip()[-1500:]}\n"
            "Check that this machine reaches a Python package index and that the disk has 3 GB free, "
            "then start again."
        )


def _prune(current: Path) -> None:
    """Remove environments of earlier versions; nothing runs from them: we hold the data folder's lock."""
    for folder in current.parent.iterdir():
        if folder.is_dir() and folder != current:
            shutil.rmtree(folder, ignore_errors=True)
