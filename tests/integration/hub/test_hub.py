"""A real Hub: who may log in, who may start what, as whom it runs, and what a Hub's death leaves alive."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import httpx
import nbformat
import pytest
from nbclient import NotebookClient

from notehouse_core.remote_kernel import RemoteKernelError, RemoteKernelManager

PORTAL = "/services/notehouse/"
LOOK = """
import os
from pathlib import Path

pid = os.getppid()
while pid > 0:
    try:
        print(Path(f"/proc/{pid}/environ").read_text())
    except OSError as error:
        print(error)
        break
    pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
"""
AS_ROOT = os.geteuid() == 0


def said(page: httpx.Response) -> str:
    found = re.search(r'role="alert"[^>]*>\s*([^<]*?)\s*<', page.text)
    return found.group(1) if found else ""


def environment_of(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


def server_pid(hub: Any, name: str) -> int:
    pids = subprocess.run(
        ["pgrep", "-f", "notehouse_gateway"], check=False, capture_output=True, text=True
    ).stdout.split()
    home = f"HOME={hub.folder}/data/homes/{name}\0"
    found = [int(pid) for pid in pids if home in environment_of(int(pid))]
    return min(found)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("analyst", "wrong"),
        ("nobody", "wrong"),
        ("closed", None),
        ("nh-0123456789abcdef0123", "x"),
        ("../x", "x"),
    ],
)
def test_wrong_logins_are_told_alike(browser: Any, name: str, password: str | None) -> None:
    page = browser.login(name, password) if password else browser.login(name)
    assert page.status_code == 403
    assert said(page) == "Wrong username or password. Check both and try again."
    assert 'name="password"' in page.text


def test_guessing_is_slowed_down(browser: Any) -> None:
    pages = [browser.login("guessed", f"wrong {number}") for number in range(7)]
    assert [page.status_code for page in pages] == [403] * 6 + [429]
    assert re.fullmatch(r"Too many failed tries. Wait \d+ s and try again.", said(pages[-1]))
    assert browser.login("viewer", follow=False).status_code == 302


def test_login_form_needs_its_token(browser: Any) -> None:
    browser.client.get("/hub/login")
    answer = browser.client.post("/hub/login", data={"username": "analyst", "password": "x"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("name", "lands"),
    [("analyst", "/hub/spawn"), ("admin", "/hub/spawn"), ("viewer", PORTAL), ("stranger", PORTAL)],
)
def test_landing(browser: Any, name: str, lands: str) -> None:
    answer = browser.login(name, follow=False)
    assert answer.status_code == 302
    assert answer.headers["location"] == lands


def test_viewer_has_no_server(browser: Any, hub: Any) -> None:
    browser.login("viewer", follow=False)
    assert browser.client.get("/hub/spawn").status_code == 403
    assert browser.client.get("/user/viewer/lab").status_code in {403, 404}
    assert not (hub.folder / "data" / "homes" / "viewer").exists()


def test_analyst_works_in_jupyterlab_as_a_user_of_their_own(browser: Any, hub: Any) -> None:
    browser.login("analyst", follow=False)
    base = browser.server("analyst")
    specs = browser.client.get(f"{base}api/kernelspecs").json()
    assert specs["default"] == "notehouse"
    assert specs["kernelspecs"].keys() == {"notehouse"}
    kernel_id = browser.start_kernel("analyst")
    pid = server_pid(hub, "analyst")
    home = hub.folder / "data" / "homes" / "analyst"
    assert home.stat().st_mode & 0o777 == 0o700
    if AS_ROOT:
        assert Path(f"/proc/{pid}").stat().st_uid != home.parent.stat().st_uid
        status = Path(f"/proc/{pid}/status").read_text()
        assert re.search(rf"Uid:(\s+{home.stat().st_uid}){{4}}\n", status)
        assert re.search(rf"Gid:(\s+{home.stat().st_uid}){{4}}\n", status)
        assert re.search(r"Groups:\s*\n", status)
        assert home.stat().st_uid >= 201_000
    browser.client.get(f"{base}api/kernels/{kernel_id}").raise_for_status()


def test_environment_of_a_server_holds_no_secret_of_ours(browser: Any, hub: Any) -> None:
    browser.login("analyst", follow=False)
    browser.server("analyst")
    environment = environment_of(server_pid(hub, "analyst"))
    for secret in (*hub.service_tokens.values(), hub.proxy_token, hub.cookie_secret, hub.postgres.urls.app):
        assert secret not in environment
    names = {line.partition("=")[0] for line in environment.split("\0") if line}
    assert {name for name in names if name.startswith("NOTEHOUSE")} == {
        "NOTEHOUSE_QUERY_URL",
        "NOTEHOUSE_API_URL",
    }


def test_server_keeps_a_token_for_its_kernels(browser: Any, hub: Any) -> None:
    browser.login("analyst", follow=False)
    browser.server("analyst")
    file = hub.folder / "data" / "homes" / "analyst" / ".notehouse" / "token"
    hub.wait_until(file.exists)
    assert file.read_text() == "an execution token"
    assert file.stat().st_mode & 0o777 == 0o600
    authorization, body = hub.api_service.asked[-1]
    assert json.loads(body) == {"purpose": "interactive"}
    me = httpx.get(f"{hub.url}/hub/api/user", headers={"Authorization": authorization}).json()
    assert me["name"] == "analyst"
    assert not [scope for scope in me["scopes"] if scope.startswith(("servers", "tokens", "admin"))]


def test_nobody_enters_anothers_server(browser: Any, hub: Any) -> None:
    browser.login("analyst", follow=False)
    browser.server("analyst")
    other = type(browser)(hub)
    other.login("other", follow=False)
    assert other.client.get("/user/analyst/lab").status_code in {403, 404}
    assert other.client.get("/user/analyst/api/kernels").status_code in {403, 404}


def gateway(hub: Any, name: str) -> tuple[str, str]:
    """Start a gateway the way the API does; returns its address and a token for it."""
    with hub.api("notehouse") as api:
        assert api.post(f"users/{name}").status_code in {201, 409}
        assert api.post(f"users/{name}/server").status_code in {201, 202, 400}
        hub.wait_until(lambda: api.get(f"users/{name}").json()["servers"].get("", {}).get("ready", False))
        server = api.get(f"users/{name}").json()["servers"][""]
        body = {"scopes": [f"access:servers!server={name}/"], "expires_in": 60}
        token = api.post(f"users/{name}/tokens", json=body)
    assert token.status_code == 201, token.text
    return f"{server['state']['address']}{server['url']}", token.json()["token"]


async def test_gateway_of_a_class(hub: Any, browser: Any) -> None:
    one, two = "nh-" + "1" * 20, "nh-" + "2" * 20
    url, token = gateway(hub, one)
    other_url, other_token = gateway(hub, two)
    async with RemoteKernelManager(url=url, hub_token=token, execution_token="t") as km:
        cell = nbformat.v4.new_code_cell(LOOK)
        made = nbformat.v4.new_notebook(cells=[cell])
        await NotebookClient(made, km=cast(Any, km)).async_execute()
    text = "".join(output.get("text", "") for output in made.cells[0].outputs)
    assert (
        "Permission denied" in text
    )  # the gateway itself; a template that kernels are forked from has no secret
    assert not re.search(r"TOKEN=|SECRET|KEY=|JUPYTERHUB", text), text
    for wrong in (other_token, hub.service_tokens["dashboards"], hub.service_tokens["notehouse"], "x"):
        with pytest.raises(RemoteKernelError, match="Hub token"):
            await RemoteKernelManager(url=url, hub_token=wrong, execution_token="t").start_kernel()
    uids = {(hub.folder / "data" / "homes" / name).stat().st_uid for name in (one, two)}
    assert len(uids) == (2 if AS_ROOT else 1)
    assert other_url != url


def test_services_have_only_their_scopes(hub: Any, browser: Any) -> None:
    browser.login("analyst", follow=False)
    browser.server("analyst")
    with hub.api("notehouse") as api:
        assert api.post("users/analyst/tokens", json={"expires_in": 60}).status_code == 403
        assert api.post("users/viewer/server").status_code == 404
        seen = api.get("users/analyst").json()["servers"][""]
        assert seen["ready"]
        assert "state" not in seen
        opened = httpx.get(f"{hub.url}{seen['url']}api/kernels", headers=api.headers)
        assert opened.status_code == 403
        assert api.delete("users/analyst/server").status_code in {202, 204}
        hub.wait_until(lambda: not api.get("users/analyst").json()["servers"])
    for service in ("dashboards", "scheduler"):
        with hub.api(service) as api:
            assert api.get("user").json()["name"] == service
            assert api.get("users").status_code == 403
            assert api.post("users/nh-" + "3" * 20).status_code == 403
    with hub.api("supervisor") as api:
        assert api.post("proxy").status_code == 200
        assert api.get("users").status_code == 403


def test_metrics_are_not_open(hub: Any) -> None:
    assert httpx.get(f"{hub.url}/hub/metrics").status_code == 403


def test_proxy_sends_sql_to_the_query_gateway(hub: Any) -> None:
    with httpx.Client(headers={"Authorization": f"token {hub.proxy_token}"}) as client:
        routes = client.get(f"http://127.0.0.1:{hub.port + 1}/api/routes").json()
    assert routes["/services/notehouse/clickhouse"]["target"] == f"http://127.0.0.1:{hub.port + 4}"


def test_lost_right_ends_access(browser: Any, hub: Any) -> None:
    browser.login("demoted", follow=False)
    browser.server("demoted")
    hub.change("demoted", role="viewer")
    hub.forget_when_it_last_looked()
    assert browser.client.get("/hub/spawn").status_code == 403
    hub.change("demoted", is_active=False)
    hub.forget_when_it_last_looked()
    assert browser.client.get("/hub/home").url.path == "/hub/login"


def test_hub_killed_and_started_again_finds_the_servers(browser: Any, hub: Any) -> None:
    browser.login("analyst", follow=False)
    base = browser.server("analyst")
    kernel_id, pid = browser.start_kernel("analyst"), server_pid(hub, "analyst")
    url, token = gateway(hub, "nh-" + "1" * 20)
    let_in, stranger = ({"Authorization": f"token {one}"} for one in (token, "x"))
    assert httpx.get(f"{url}api/kernels", headers=let_in).json() == []
    hub.kill()
    assert httpx.get(f"{url}api/kernels", headers=let_in).json() == []
    assert httpx.get(f"{url}api/kernels", headers=stranger).status_code == 503
    assert browser.client.get(f"{base}api/kernels/{kernel_id}").json()["id"] == kernel_id
    hub.start()
    assert browser.client.get(f"{base}api/kernels/{kernel_id}").json()["id"] == kernel_id
    assert browser.client.get("/hub/spawn").url.path == f"{base}lab"
    assert server_pid(hub, "analyst") == pid
    assert httpx.get(f"{url}api/kernels", headers=let_in).json() == []
    assert httpx.get(f"{url}api/kernels", headers=stranger).status_code == 403


def test_nothing_of_its_user_outlives_a_server_that_is_killed(hub: Any, tmp_path: Path) -> None:
    """What had left the server's own processes too; the next caller finds a new server, other installations keep theirs."""
    name = "nh-" + "4" * 20
    gateway(hub, name)
    owner = (hub.folder / "data" / "homes" / name).stat().st_uid
    who = {"user": owner, "group": owner, "extra_groups": []} if AS_ROOT else {}
    elsewhere = tmp_path / "homes" / name
    elsewhere.mkdir(parents=True)
    os.chown(elsewhere, owner, owner)
    forged, inside = f"/tmp/{name}", str(elsewhere / ".notehouse" / "templates" / "usual")
    dots, link = f"{hub.folder}/data/homes/../homes/{name}", tmp_path / "link"
    link.symlink_to(hub.folder / "data")
    child = "env -i sleep 600 & echo $!; wait"  # it is told of no home
    stray, claims, by_dots, by_link, others, template = processes = [
        subprocess.Popen(
            ["/bin/sh", "-c", command],
            start_new_session=True, env=environment, cwd="/", stdout=subprocess.PIPE, **who,
        )
        for command, environment in (
            ("exec sleep 600", {}), ("exec sleep 600", {"HOME": forged}),
            ("exec sleep 600", {"HOME": dots}), ("exec sleep 600", {"HOME": f"{link}/homes/{name}"}),
            (child, {"HOME": str(elsewhere)}), ("exec sleep 600", {"HOME": inside}),
        )
    ]  # fmt: skip
    assert others.stdout is not None
    forwarder = int(others.stdout.readline())
    try:
        os.kill(server_pid(hub, name), signal.SIGKILL)
        if AS_ROOT:
            assert {one.wait(10) for one in (stray, claims, by_dots, by_link)} == {-signal.SIGKILL}
        with hub.api("notehouse") as api:
            hub.wait_until(lambda: not api.get(f"users/{name}").json()["servers"], 10)
        url, token = gateway(hub, name)
        assert httpx.get(f"{url}api/kernels", headers={"Authorization": f"token {token}"}).json() == []
        assert others.poll() is template.poll() is None
        os.kill(forwarder, 0)
    finally:
        with suppress(ProcessLookupError):
            os.kill(forwarder, signal.SIGKILL)
        for one in processes:
            one.kill()
            one.communicate()
