"""Starts servers on this machine, each as a Unix user of its own where we may choose users."""

from __future__ import annotations

import asyncio
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Instance, Integer, Unicode

from notehouse_core.settings import Settings, required
from notehouse_core.store.database import Database
from notehouse_core.store.unix_users import uid_of
from notehouse_hub.hub.errors import ServerRefusedError
from notehouse_hub.hub.homes import Home, home_of, open_log
from notehouse_hub.hub.processes import start_mark
from notehouse_hub.hub.remains import end_all_of
from notehouse_hub.hub.servers import DROPPED, command, environment

SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
KEPT = ["LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"]
LISTEN_POLL = 0.1


class UnixUserSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """A JupyterLab server for a person, a kernel gateway for a service user."""

    settings = Instance(Settings).tag(config=True)
    started_at = Unicode(help="What tells the server's process from a later one with its number")
    address = Unicode(help="Where the server listens, beside the proxy: what callers of a kernel gateway use")
    uid = Integer(help="The Unix user that this server has for itself; 0 while there is none")
    env_keep = KEPT
    _end_awaited: int | None = None  # a descriptor
    _notified: asyncio.Future[int | None] | None = None

    async def start(self) -> tuple[str, int]:
        """Start the server; raises ServerRefusedError rather than run anyone's code as root."""
        home = await self._home()
        home.prepare()
        self._end_remains(home.uid, home.folder)  # of a server that ended while no Hub looked
        self.uid = home.uid or 0
        self.cmd = command(str(self.settings.code_python), self.user.name, self.settings)
        self.notebook_dir = str(home.folder)
        self.environment = self._environment(home)
        log = open_log(self.settings.data, self.user.name)
        try:
            self.popen_kwargs = popen_options(home, log)
            where: tuple[str, int] = await super().start()
        except PermissionError as error:
            raise ServerRefusedError(
                f"{self.settings.code_python} cannot be executed by the Unix user {home.uid} of this server. "
                "An administrator can see more with `notehouse doctor`."
            ) from error
        finally:
            os.close(log)
        self.started_at = start_mark(self.pid) or ""
        self.address = f"http://127.0.0.1:{self.port}"
        await self._wait_until_it_listens()
        return where

    async def _wait_until_it_listens(self) -> None:
        """Wait for the server's port; raises ServerRefusedError at once when the server ends instead."""
        while not await is_listening(self.port):
            status = await self.poll()
            if status is not None:
                raise ServerRefusedError(
                    f"The server ended while it was starting (exit status {status}). Why is in its log: "
                    f"logs/servers/{self.user.name}.log in the data folder."
                )
            await asyncio.sleep(LISTEN_POLL)

    async def _home(self) -> Home:
        name = self.user.name
        if not self.settings.isolate:
            refuse_root()
            return home_of(self.settings.data, name, None)
        database = Database(required(self.settings.database_url, "database_url"))
        try:
            async with database.session() as session:
                uid = await uid_of(session, name, self.settings.uid_base)
        finally:
            await database.close()
        return home_of(self.settings.data, name, uid)

    def _environment(self, home: Home) -> dict[str, str]:
        python = Path(self.settings.code_python)
        return {
            "HOME": str(home.folder),
            "USER": self.user.name,
            "LOGNAME": self.user.name,
            "SHELL": "/bin/bash",
            "PATH": os.pathsep.join([str(python.parent), *SYSTEM_PATH]),
            **environment(self.settings),
        }

    def get_env(self) -> dict[str, str]:
        """Return the server's whole environment."""
        environment: dict[str, str] = super().get_env()
        return {name: value for name, value in environment.items() if name not in DROPPED}

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Add nothing: our users have no entry in the system's list of users."""
        return env

    def make_preexec_fn(self, name: str) -> None:
        """Have Popen itself change the user: no Python runs between fork and exec."""
        return None

    async def poll(self) -> int | None:
        """Return how the server has ended, None while it runs; what it had started ends with it."""
        status: int | None = await super().poll()
        if status is None:
            self._await_end()
        else:
            self._end_remains(self.uid, home_of(self.settings.data, self.user.name, self.uid).folder)
            self.uid = 0
        return status

    def _end_remains(self, uid: int | None, home: Path) -> None:
        if uid and uid >= self.settings.uid_base:
            end_all_of(uid, home)

    def _await_end(self) -> None:
        """Be told by the system when the server ends, instead of looking twice a minute."""
        if self._end_awaited is not None or not hasattr(os, "pidfd_open"):
            return
        with suppress(ProcessLookupError):
            self._end_awaited = handle = os.pidfd_open(self.pid)
            asyncio.get_running_loop().add_reader(handle, self._has_ended)

    def _has_ended(self) -> None:
        handle, self._end_awaited = self._end_awaited, None
        if handle is not None:
            asyncio.get_running_loop().remove_reader(handle)
            os.close(handle)
        self._notified = asyncio.ensure_future(self.poll_and_notify() if self._poll_callback else self.poll())

    def get_state(self) -> dict[str, Any]:
        """Return what a Hub that starts again needs to find the server."""
        state: dict[str, Any] = super().get_state()
        more = {"started_at": self.started_at, "address": self.address, "uid": self.uid}
        return {**state, **more} if self.pid else state

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the server of an earlier Hub; a process that only has its number is not it."""
        super().load_state(state)
        self.started_at, self.address = state.get("started_at", ""), state.get("address", "")
        self.uid = state.get("uid", 0)
        if self.pid and self.started_at and start_mark(self.pid) != self.started_at:
            self.clear_state()

    def clear_state(self) -> None:
        """Forget a server that has ended."""
        super().clear_state()
        self.started_at = self.address = ""


async def is_listening(port: int) -> bool:
    """Say whether something on this machine accepts connections at a port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def popen_options(home: Home, log: int) -> dict[str, Any]:
    """Return how the process is made: its user, no other groups, its folder, its log, nothing inherited."""
    user = {} if home.uid is None else {"user": home.uid, "group": home.uid, "extra_groups": []}
    return {
        **user,
        "cwd": "/",
        "umask": 0o077,
        "stdin": subprocess.DEVNULL,
        "stdout": log,
        "stderr": log,
        "close_fds": True,
        "start_new_session": True,
    }


def refuse_root() -> None:
    """Raise ServerRefusedError when servers would run as root."""
    if os.geteuid() == 0:
        raise ServerRefusedError(
            "Notehouse runs as root without separating users, and never runs people's code as root. Start it "
            "as another Unix user, or with NOTEHOUSE_ISOLATE=true."
        )
