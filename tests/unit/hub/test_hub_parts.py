"""The Hub's parts that need no Hub."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from jinja2 import Environment, FileSystemLoader

from notehouse_core.errors import Invalid
from notehouse_hub.hub import configuration, homes, landing, processes, roles
from notehouse_hub.hub.authenticator import credentials
from notehouse_hub.hub.errors import ServerRefusedError
from notehouse_hub.login.passwords import Passwords


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ({"username": "Ann", "password": " p "}, ("ann", " p ")),
        ({"username": "ann@corp.example", "password": "p"}, ("ann@corp.example", "p")),
        ({"username": "ann", "password": ""}, ("", "")),
        ({"username": "", "password": "p"}, ("", "")),
        ({"username": "../etc", "password": "p"}, ("", "")),
        ({"username": "ann\n", "password": "p"}, ("", "")),
        ({"username": "a" * 65, "password": "p"}, ("", "")),
        ({"username": "ann", "password": "p" * 1025}, ("", "")),
        ({"username": "ann", "password": "a\0b"}, ("", "")),
        ({}, ("", "")),
        (None, ("", "")),
        ("ann", ("", "")),
    ],
)
def test_login_forms(data: object, read: tuple[str, str]) -> None:
    assert credentials(data) == read


async def test_passwords() -> None:
    passwords = Passwords()
    hashed = PasswordHasher().hash("right")
    assert await passwords.match(hashed, "right")
    assert not await passwords.match(hashed, "wrong")
    assert not await passwords.match(None, "the password of nobody")
    assert not await passwords.match("no hash at all", "right")


async def test_a_hash_of_weaker_times_is_made_anew() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192).hash("right")
    passwords = Passwords()
    better = await passwords.renewed(weak, "right")
    assert better is not None
    assert await passwords.match(better, "right")
    assert await passwords.renewed(better, "right") is None


def test_home_is_private_and_a_link_is_not_followed(tmp_path: Path) -> None:
    home = homes.home_of(tmp_path, "ann", None)
    home.prepare()
    home.prepare()
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(home.folder.parent.stat().st_mode) == 0o711
    (tmp_path / "homes" / "eve").symlink_to(home.folder)
    with pytest.raises(OSError):
        homes.home_of(tmp_path, "eve", None).prepare()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", ".ssh", "A", "a b", "a\n", "é", "a" * 65])
def test_names_that_are_no_folders(tmp_path: Path, name: str) -> None:
    with pytest.raises(ServerRefusedError):
        homes.home_of(tmp_path, name, None)


def test_log_of_a_server_is_ours_alone(tmp_path: Path) -> None:
    with os.fdopen(homes.open_log(tmp_path, "ann"), "w") as log:
        log.write("x" * (homes.LONGEST_LOG + 1))
    os.close(homes.open_log(tmp_path, "ann"))
    file = tmp_path / "logs" / "servers" / "ann.log"
    assert file.stat().st_size == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_start_mark_tells_processes_apart() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = processes.start_mark(process.pid)
    assert mark
    assert mark == processes.start_mark(process.pid)
    assert mark != processes.start_mark(os.getpid())
    process.kill()
    process.wait()
    assert processes.start_mark(process.pid) is None


def someone(group: str | None, active: bool = False) -> SimpleNamespace:
    groups = [SimpleNamespace(name=group)] if group else []
    user = SimpleNamespace(groups=groups, spawner=SimpleNamespace(active=active), url="/user/ann/")
    return SimpleNamespace(current_user=user, hub=SimpleNamespace(base_url="/hub/"))


def test_landing_pages() -> None:
    assert landing.landing_page(someone(roles.ANALYSTS)) == "/hub/spawn"
    assert landing.landing_page(someone(roles.ANALYSTS, active=True)) == "/user/ann/"
    assert landing.landing_page(someone(roles.VIEWERS)) == "/services/notehouse/"
    assert landing.landing_page(someone(None)) == "/services/notehouse/"
    assert landing.landing_page(SimpleNamespace(current_user=None)) == ""


def scopes_of(name: str) -> set[str]:
    return {scope for role in roles.load_roles() if role["name"] == name for scope in role["scopes"]}


def test_nobody_has_more_than_is_needed() -> None:
    assert all("!user" in scope for scope in scopes_of("user"))
    assert not any("servers" in scope for scope in scopes_of("notehouse-viewer") | scopes_of("user"))
    assert {"servers!user", "access:servers!user"} <= scopes_of("notehouse-analyst")
    assert scopes_of("server") == {
        "users:activity!user",
        "access:servers!server",
        "access:services!service=notehouse",
    }
    everything = {scope for role in roles.load_roles() for scope in role["scopes"]}
    assert not everything & {
        "inherit",
        "tokens",
        "servers",
        "admin:servers",
        "access:servers",
        "shutdown",
        "self",
    }


def test_of_peoples_servers_the_api_sees_that_they_run_and_may_stop_them_but_not_open_them() -> None:
    of_all = {scope for scope in scopes_of("notehouse-api") if "server" in scope and "!" not in scope}
    assert of_all == {"read:servers", "delete:servers"}
    assert not any(scope.startswith("access:servers") for scope in scopes_of("notehouse-api"))


def secrets_given() -> dict[str, str]:
    return {
        "NOTEHOUSE_SERVICE_TOKENS": '{"notehouse": "n"}',
        "NOTEHOUSE_PROXY_TOKEN": "p",
        "NOTEHOUSE_COOKIE_SECRET": "ab" * 32,
        "NOTEHOUSE_ACCOUNT_KEY": "k",
    }


def test_secrets_are_taken_out_of_the_environment() -> None:
    environment = secrets_given() | {"PATH": "/bin"}
    taken = configuration.take_secrets(environment)
    assert environment == {"PATH": "/bin"}
    assert "ab" not in repr(taken)
    assert taken.cookie_secret == bytes.fromhex("ab" * 32)


@pytest.mark.parametrize(
    ("name", "value"),
    [("NOTEHOUSE_PROXY_TOKEN", ""), ("NOTEHOUSE_SERVICE_TOKENS", ""), ("NOTEHOUSE_COOKIE_SECRET", "abab")],
)
def test_a_hub_without_its_secrets_does_not_start(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=name):
        configuration.take_secrets(secrets_given() | {name: value})


@pytest.mark.parametrize("page", sorted(file.name for file in configuration.TEMPLATES.glob("*.html")))
def test_pages_stand_alone_and_escape(page: str) -> None:
    environment = Environment(loader=FileSystemLoader(configuration.TEMPLATES), autoescape=True)
    evil = "<script>x</script>"
    given = dict.fromkeys(("login_error", "username", "message", "failed_message", "status_message"), evil)
    html = environment.get_template(page).render(**given, failed=True, progress_url=evil, status_code=500)
    assert evil not in html
    for elsewhere in ("//cdn", "googleapis", "https://", "src="):
        assert elsewhere not in html
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html
