"""Where is it measured? A platform of the benchmarks' own, its people, and peers in environments of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.processes import cpu_seconds
from notehouse_core.errors import SourceDown
from notehouse_hub.embedded.standalone import engines

REPOSITORY = Path(__file__).parents[2]
HERE = Path(__file__).parent
PORTAL = "/services/notehouse/"
RESTING, REST_SECONDS = 0.3, 45  # of one core; and how long it is waited for
PASSWORD = "a-password-of-benchmarks"


def folder() -> Path:
    """Return the folder of results, peers and the platform's data: beside the engines, outside the repository."""
    made = engines().parent / "bench"
    made.mkdir(parents=True, exist_ok=True)
    made.chmod(0o755)
    return made


def free_port(following: int = 0) -> int:
    """Return a port that is free, with as many after it."""
    for first in range(23_000 + os.getpid() % 2000, 30_000, 13):
        if all(_is_free(first + offset) for offset in range(following + 1)):
            return first
    raise OSError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something is so. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if true():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"not so after {seconds:.0f} s: {what}")


@dataclass
class Stage:
    """A platform that `make up` has started."""

    port: int
    data: Path
    process: subprocess.Popen[bytes]
    people: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def gateway(self) -> str:
        """Address of its query gateway."""
        return f"http://127.0.0.1:{self.port + 4}"

    @property
    def clickhouse(self) -> str:
        """Address of its ClickHouse, reached directly only with the key."""
        return f"http://127.0.0.1:{self.port + 6}"

    @property
    def key(self) -> str:
        """The key of its ClickHouse."""
        return (self.data / "secrets" / "clickhouse-key").read_text().strip()

    def person(self, name: str) -> httpx.Client:
        """Return a client that is logged in as somebody."""
        if name not in self.people:
            self.people[name] = self._login(name)
        return self.people[name]

    def _login(self, name: str) -> httpx.Client:
        client = httpx.Client(
            base_url=self.url,
            follow_redirects=True,
            timeout=60,
            trust_env=False,
            headers={"Accept": "text/html"},
        )
        client.get("/hub/login")
        form = {"username": name, "password": PASSWORD, "_xsrf": self._xsrf(client)}
        # To the portal: the Hub would start an analyst's JupyterLab, which computes for seconds beside what is measured.
        client.post("/hub/login", params={"next": PORTAL}, data=form).raise_for_status()
        return client

    def _xsrf(self, client: httpx.Client) -> str:
        return str(client.cookies.get("_xsrf", path="/hub/"))

    def api(self, name: str) -> httpx.Client:
        """Return a client of the REST API as somebody."""
        client = self.person(name)
        headers = {"X-XSRFToken": self._xsrf(client), "Referer": f"{self.url}/hub/token"}
        asked = client.post(f"/hub/api/users/{name}/tokens", json={"expires_in": 3600}, headers=headers)
        mine = {"Authorization": f"token {asked.raise_for_status().json()['token']}"}
        base = f"{self.url}/services/notehouse/api/v1/"
        return httpx.Client(base_url=base, headers=mine, timeout=60, trust_env=False)

    def token(self, name: str) -> str:
        """Return an execution token of somebody, for an hour of queries."""
        with self.api(name) as api:
            answer = api.post("tokens", json={"purpose": "interactive"})
        return str(answer.raise_for_status().json()["token"])

    def publish(self, name: str, dashboard: str, notebook: Path) -> None:
        """Publish a new version of a dashboard as somebody, and wait until it is ready. Raises ValueError."""
        path = f"dashboards/{dashboard}/versions"
        with self.api(name) as api:
            body = {"notebook": json.loads(notebook.read_text()), "message": "measured", "parameters": {}}
            number = api.post(path, json=body).raise_for_status().json()["number"]
            until(lambda: _version(api, path, number)["state"] != "rendering", 120, "the version is drawn")
            version = _version(api, path, number)
        if version["state"] != "ready":
            raise ValueError(f"{dashboard} could not be published: {version['error']}")

    def kernel_environment(self, name: str) -> dict[str, str]:
        """Return what a kernel of somebody's finds in its environment, and where its kernel spec is."""
        home = folder() / "kernel"
        spec = home / "kernels" / "notehouse"
        spec.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        argv += ["--InteractiveShellApp.extra_extensions=notehouse_sql"]
        kernel = {"argv": argv, "display_name": "SQL + Python", "language": "python"}
        (spec / "kernel.json").write_text(json.dumps(kernel))
        token = home / "token"
        token.touch(mode=0o600)
        token.write_text(self.token(name))
        return {**os.environ, "JUPYTER_PATH": str(home), "NOTEHOUSE_QUERY_URL": self.gateway,
                "NOTEHOUSE_TOKEN_FILE": str(token)}  # fmt: skip

    def pid(self, *words: str) -> int:
        """Return the process of this platform whose command line has all these words."""
        for place in Path("/proc").glob("[0-9]*"):
            try:
                line = (place / "cmdline").read_text().replace("\0", " ")
                mine = str(self.data) in (place / "environ").read_text()
            except OSError:
                continue
            if mine and all(word in line for word in words):
                return int(place.name)
        raise SourceDown(f"There is no process {' '.join(words)}.")

    def rest(self) -> None:
        """Wait until what was asked for last has left nothing to do: pictures of a new version, kernels that end."""

        def resting() -> bool:
            before, began = cpu_seconds(self.process.pid), time.perf_counter()
            time.sleep(1)
            return (cpu_seconds(self.process.pid) - before) / (time.perf_counter() - began) < RESTING

        until(resting, REST_SECONDS, "the platform is at rest")

    def ready(self) -> bool:
        """Say whether the platform can be used."""
        login = httpx.get(f"{self.url}/hub/login", timeout=5, trust_env=False)
        health = httpx.get(f"{self.url}/services/notehouse/health/ready", timeout=5, trust_env=False)
        return login.status_code == health.status_code == 200

    def stop(self) -> None:
        """Stop the platform."""
        for client in self.people.values():
            client.close()
        self.process.terminate()
        self.process.wait(60)


def _version(api: httpx.Client, path: str, number: int) -> dict[str, Any]:
    items = api.get(path).raise_for_status().json()["items"]
    return next(dict(one) for one in items if one["number"] == number)


def start(port: int) -> Stage:
    """Run `make up`; returns when the platform can be used."""
    data = folder() / "data"
    environment = {**os.environ, "NOTEHOUSE_DEMO_PASSWORD": PASSWORD, "NOTEHOUSE_ENGINES": str(engines())}
    # A few people stand for many.
    environment |= {"NOTEHOUSE_KERNELS_PER_GATEWAY": "60", "NOTEHOUSE_LIVE_KERNELS_PER_USER": "60"}
    environment.pop("MAKEFLAGS", None)
    with (folder() / "up.log").open("wb") as log:
        process = subprocess.Popen(
            ["make", "up", f"PORT={port}", f"DATA={data}"],
            cwd=REPOSITORY, env=environment, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    stage = Stage(port, data, process)
    try:
        until(lambda: process.poll() is not None or _is_up(stage), 600, "the platform is up")
    except BaseException:
        stage.stop()
        raise
    if process.poll() is not None:
        raise SourceDown((folder() / "up.log").read_text()[-2000:])
    return stage


def _is_up(stage: Stage) -> bool:
    """The demo's people and data are there too, which whoever only looks at addresses does not see."""
    return "Notehouse is up" in (folder() / "up.log").read_text() and stage.ready()


def peer(name: str) -> Path:
    """Return the folder of programs of a peer's own environment, made when it is not there yet."""
    wanted = HERE / "peers" / f"{name}.txt"
    home = folder() / "peers" / name
    done = home / "installed.txt"
    if not done.exists() or done.read_text() != wanted.read_text():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--clear", "--python", sys.executable, str(home)], check=True)
        install = [
            *uv,
            "pip",
            "install",
            "-q",
            "--compile-bytecode",
            "--python",
            str(home / "bin" / "python"),
        ]
        subprocess.run([*install, "-r", str(wanted)], check=True)
        done.write_text(wanted.read_text())
    return home / "bin"


@contextmanager
def running(command: list[str], environment: dict[str, str], log: str) -> Iterator[subprocess.Popen[Any]]:
    """Run a program for as long as a block lasts."""
    with (folder() / log).open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=folder(), stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)
