"""From a kernel of a class, as that Unix user: what is closed stays closed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import httpx
import nbformat
import pytest

from acceptance.platform import Person, Platform, eventually

People = Callable[..., Person]

LOOK = """
import glob, json, os, socket, subprocess, urllib.request, urllib.error

found = {"uid": os.getuid()}

def status(url, **headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return type(error).__name__

def attempt(action):
    try:
        return repr(action())[:80]
    except Exception as error:
        return type(error).__name__

base = PORT
paths = ("", "ping", "?query=SELECT+1")
found["clickhouse"] = [status(f"http://127.0.0.1:{base + 6}/{path}") for path in paths]
sockets = glob.glob(DATA + "/run/**/.s.PGSQL*", recursive=True)
found["postgres"] = [attempt(lambda f=f: socket.socket(socket.AF_UNIX).connect(f)) for f in sockets]
found["sockets"] = attempt(lambda: os.listdir(DATA + "/run/postgres"))
found["secrets"] = attempt(lambda: os.listdir(DATA + "/secrets"))
found["key"] = attempt(lambda: open(DATA + "/keys/signing-key.pem").read())
found["homes"] = attempt(lambda: os.listdir(DATA + "/homes"))
found["other"] = attempt(lambda: os.listdir(DATA + "/homes/united-analyst"))
foreign = [p for p in glob.glob("/proc/[0-9]*") if os.stat(p).st_uid != os.getuid()]
found["foreign"] = len(foreign)
found["environments"] = sum(attempt(lambda p=p: open(p + "/environ").read()) != "PermissionError" for p in foreign)
found["own"] = sorted(name for name in os.environ if name.startswith("NOTEHOUSE"))
found["proxy"] = status(f"http://127.0.0.1:{base + 1}/api/routes")
token = open(os.environ["NOTEHOUSE_TOKEN_FILE"]).read()
api = os.environ["NOTEHOUSE_API_URL"]
def post(path, body):
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    request = urllib.request.Request(api + path, json.dumps(body).encode(), headers)
    try:
        return urllib.request.urlopen(request, timeout=5).status
    except urllib.error.HTTPError as error:
        return error.code
found["mint"] = post("/tokens", {"purpose": "interactive"})
found["create"] = post("/dashboards", {"slug": "x", "name": "x"})
found["gateway"] = post("/kernel-gateways", {"access_class": "0" * 20})
def sql(text, **parameters):
    import urllib.parse
    url = os.environ["NOTEHOUSE_QUERY_URL"] + "/?" + urllib.parse.urlencode(parameters)
    request = urllib.request.Request(url, text.encode(), {"Authorization": "Bearer " + token})
    try:
        return urllib.request.urlopen(request, timeout=10).read().decode()
    except urllib.error.HTTPError as error:
        return "refused"
found["sql"] = [sql(text) for text in (
    "SELECT * FROM file('/etc/passwd', 'LineAsString')", "SELECT * FROM url('http://127.0.0.1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1', 'flights', 'flights')", "SELECT count() FROM flights SETTINGS readonly = 0",
    "INSERT INTO flights SELECT * FROM flights", "SELECT * FROM system.users")]
found["rows"] = [sql("SELECT uniq(carrier) FROM flights"), sql("SELECT uniq(carrier) FROM flights", user="default")]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(platform: Platform, browser: Any) -> dict[str, Any]:
    """What code of a notebook sees when it looks around in the kernel gateway of its class."""
    look = LOOK.replace("PORT", str(platform.port)).replace("DATA", json.dumps(str(platform.data)))
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(look)])
    analyst = Person(platform, browser, "united-analyst").login()
    with analyst.api() as api:
        body = {"name": "look around", "notebook": json.loads(nbformat.writes(made)), "cron": "0 0 1 1 *"}
        made_schedule = api.post("schedules", json=body).raise_for_status().json()
        run = api.post(f"schedules/{made_schedule['id']}/run").raise_for_status().json()
        path = f"runs/{run['id']}"
        eventually(lambda: api.get(path).json()["state"] not in {"queued", "running"}, 120, "it has run")
        assert api.get(path).json()["state"] == "succeeded", api.get(path).json()
        kept = api.get(f"{path}/artifacts/notebook.ipynb").json()
    analyst.context.close()
    outputs = [output for cell in kept["cells"] for output in cell.get("outputs", [])]
    text = "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")
    return dict(json.loads(text.strip().splitlines()[-1]))


def test_engines_refuse(found: dict[str, Any]) -> None:
    # Where the machine lets a kernel be cut from its network, nothing answers at all.
    assert found["clickhouse"] in ([404] * 3, ["URLError"] * 3)
    assert found["proxy"] in (403, "URLError")
    assert (found["proxy"] == "URLError") == (found["clickhouse"][0] == "URLError")
    assert all(answer == "PermissionError" for answer in found["postgres"])


def test_the_token_opens_only_what_it_is_for(found: dict[str, Any]) -> None:
    assert found["own"] == ["NOTEHOUSE_API_URL", "NOTEHOUSE_QUERY_URL", "NOTEHOUSE_TOKEN_FILE"] or set(
        found["own"]
    ) == {"NOTEHOUSE_API_URL", "NOTEHOUSE_QUERY_URL", "NOTEHOUSE_TOKEN_FILE", "NOTEHOUSE_COMM_SEED"}
    assert (found["mint"], found["create"], found["gateway"]) == (403, 403, 403)


def test_sql_cannot_reach_past_its_rights(found: dict[str, Any]) -> None:
    assert found["sql"] == ["refused"] * 6
    assert set(found["rows"]) <= {"1\n", "refused"}
    assert found["rows"][0] == "1\n"


def test_another_user_can_see_nothing(found: dict[str, Any]) -> None:
    if os.geteuid() != 0:
        assert found["uid"] == os.geteuid()  # one user for everything, as `notehouse up` says
        return
    assert found["uid"] >= 201_000
    assert {found[name] for name in ("secrets", "key", "homes", "other", "sockets")} <= {
        "PermissionError",
        "FileNotFoundError",
    }
    assert found["foreign"] > 5 or found["proxy"] == "URLError"  # in a table of processes of its own
    assert found["environments"] == 0


def test_a_frame_token_runs_no_sql_and_no_api(person: People, platform: Platform) -> None:
    viewer = person("united-viewer")
    viewer.page.goto(f"{platform.url}/services/dashboards/united/punctuality")
    token = str(viewer.page.get_attribute("#dashboard", "src")).split("token=")[1]
    bearer = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(f"http://127.0.0.1:{platform.port + 4}/", headers=bearer, content="SELECT 1")
    assert answer.status_code in {401, 403}
    assert httpx.get(f"{platform.api}/me", headers=bearer).status_code == 401
    other = f"{platform.url}/services/dashboards/delta/punctuality/frame?token={token}"
    assert httpx.get(other).status_code in {403, 404}
