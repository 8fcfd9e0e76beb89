"""People of an OpenID provider: in by their group, out at the next refresh, and never somebody else."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest

from acceptance.platform import Person, Platform, eventually, free_port, started
from notehouse_hub.embedded.node_packages import install, node
from notehouse_hub.embedded.standalone import engines

LOCK = Path(__file__).parents[1] / "contracts" / "oidc"
PEOPLE: dict[str, dict[str, Any]] = {
    "eve": {"preferred_username": "eve", "email": "eve@united.example", "groups": ["united/analyst", "x"]},
    "mallory": {"preferred_username": "united-analyst", "groups": ["united/analyst"]},
    "stringy": {"preferred_username": "stringy", "groups": "united/analyst"},
    "climber": {
        "preferred_username": "climber",
        "groups": [
            "tenants/a/../b/admin",
            "delta/../united/admin",
            "united/../united/admin",
            "united/analyst\n",
            {},
        ],
    },
    "misled": {"preferred_username": "misled", "groups": ["united/analyst"], "id_token": {"aud": "another"}},
    "shared": {"preferred_username": "shared", "groups": ["united/analyst"], "id_token": {"azp": "another"}},
    "forged": {"preferred_username": "forged", "groups": ["united/analyst"], "id_token": {"forged": True}},
    "foreign": {
        "preferred_username": "foreign",
        "groups": ["united/analyst"],
        "id_token": {"iss": "http://x"},
    },
    "stale": {
        "preferred_username": "stale",
        "groups": ["united/analyst"],
        "id_token": {"exp": 1_700_000_000},
    },
    "swapped": {"preferred_username": "swapped", "groups": ["united/analyst"], "id_token": {"sub": "eve"}},
    "nobody": {"preferred_username": "nobody", "groups": ["xunited/analyst", "united/analystx/", "books"]},
}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int, Path]]:
    """A provider's address, the port that its client will have, and the file of its people."""
    folder = tmp_path_factory.mktemp("oidc")
    for _ in install(LOCK, folder / "node"):
        pass
    shutil.copy(LOCK / "provider.mjs", folder / "node")
    people, client = folder / "people.json", free_port()
    people.write_text(json.dumps(PEOPLE))
    port = client + 40
    command = [str(node()), str(folder / "node" / "provider.mjs"), str(port), str(people)]
    process = subprocess.Popen([*command, f"http://127.0.0.1:{client}/hub/oauth_callback"])
    address = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: httpx.get(f"{address}/.well-known/openid-configuration").status_code == 200, 30)
        yield address, client, people
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def platform(provider: tuple[str, int, Path], folder: Path) -> Iterator[Platform]:
    address, port, _ = provider
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NOTEHOUSE_OIDC_ISSUER", address)
        environment.setenv("NOTEHOUSE_OIDC_CLIENT_ID", "notehouse")
        environment.setenv("NOTEHOUSE_OIDC_CLIENT_SECRET", "a-secret-of-tests")
        environment.setenv("NOTEHOUSE_OIDC_NAME", "Example Corp")
        environment.setenv("NOTEHOUSE_AUTH_REFRESH_SECONDS", "2")
        with started(folder / "data", port, engines()) as up:
            yield up


def _through_provider(platform: Platform, browser: Any, login: str) -> Person:
    person = Person(platform, browser, login, viewport={"width": 1280, "height": 860})
    page = person.page
    page.goto(f"{platform.url}/hub/login")
    page.click("#provider")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", "anything")
    page.click("[type=submit]")
    page.wait_for_selector("text=Continue", timeout=20_000)
    with page.expect_navigation(wait_until="commit", url=f"{platform.url}/**"):
        page.click("text=Continue")
    return person


def test_the_login_page_offers_both_ways(platform: Platform, browser: Any) -> None:
    for scheme, width in (("light", 1280), ("dark", 390)):
        somebody = Person(
            platform, browser, "x", color_scheme=scheme, viewport={"width": width, "height": 800}
        )
        somebody.page.goto(platform.url)
        somebody.page.wait_for_selector("text=Sign in with Example Corp")
        somebody.page.wait_for_selector("input[name=password]")
        somebody.picture(f"login-openid-{scheme}")
        somebody.context.close()
    local = Person(platform, browser, "united-viewer").login()
    local.page.goto(f"{platform.url}/services/notehouse/")
    local.page.wait_for_selector("nav >> text=Dashboards")
    local.context.close()


def test_a_group_lets_in_and_its_loss_ends_access(
    platform: Platform, browser: Any, provider: tuple[str, int, Path]
) -> None:
    eve = _through_provider(platform, browser, "eve")
    page = eve.page
    page.goto(f"{platform.url}/services/notehouse/")
    page.wait_for_selector("a >> text=Punctuality")
    eve.picture("openid-portal")
    sql = {"sql": "SELECT DISTINCT carrier FROM flights"}
    token = eve.hub_token()
    headers = {"Authorization": f"token {token}"}

    def ask(path: str, **options: Any) -> httpx.Response:
        method = "POST" if options else "GET"
        return httpx.request(
            method, f"{platform.api}/{path}", headers=headers, timeout=60, trust_env=False, **options
        )

    assert [one["slug"] for one in ask("me").json()["tenants"]] == ["united"]
    assert ask("queries", json=sql).json()["rows"] == [["UA"]]
    people = provider[2]
    more = {**PEOPLE["eve"], "groups": ["united/analyst", "delta/viewer"]}
    people.write_text(json.dumps({**PEOPLE, "eve": more}))
    eventually(
        lambda: [one["slug"] for one in ask("me").json()["tenants"]] == ["delta", "united"],
        30,
        "a second role",
    )
    people.write_text(json.dumps({**PEOPLE, "eve": {**PEOPLE["eve"], "groups": []}}))
    eventually(lambda: ask("queries", json=sql).status_code in {401, 403}, 30, "access has ended")
    page.goto(f"{platform.url}/services/notehouse/")
    assert "Punctuality" not in page.inner_text("body")
    people.write_text(json.dumps(PEOPLE))
    eve.context.close()


@pytest.mark.parametrize(
    ("login", "said"),
    [
        ("nobody", "in no group that may use Notehouse"),
        ("stringy", "in no group that may use Notehouse"),
        ("climber", "in no group that may use Notehouse"),
        ("mallory", "Somebody else is called united-analyst"),
        ("misled", "answered for another application"),
        ("shared", "answered for another application"),
        ("forged", "is not genuine"),
        ("foreign", "is not genuine"),
        ("stale", "is not genuine"),
        ("swapped", "did not say who you are"),
    ],
)
def test_whoever_is_refused_is_told_why(platform: Platform, browser: Any, login: str, said: str) -> None:
    refused = _through_provider(platform, browser, login)
    refused.page.wait_for_selector(f"text={said}")
    refused.picture(f"openid-{login}")
    refused.page.goto(f"{platform.url}/services/notehouse/")
    assert "/hub/login" in refused.page.url
    refused.context.close()


def test_a_sign_in_is_ended_by_the_browser_that_began_it(platform: Platform, browser: Any) -> None:
    with httpx.Client(base_url=platform.url, trust_env=False) as client:
        there = client.get("/hub/oauth_login").headers["location"]
        asked = dict(parse_qsl(urlsplit(there).query))
        assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
        stolen = {"code": "x", "state": asked["state"]}
        assert (
            client.get("/hub/oauth_callback", params=stolen).status_code == 403
        )  # ours, and no code of theirs
    victim = Person(platform, browser, "x")
    for state in (asked["state"], "not a state"):
        for begun in (False, True):
            if begun:
                victim.page.goto(f"{platform.url}/hub/login")
                victim.page.click("#provider")
            answer: Any = victim.page.goto(f"{platform.url}/hub/oauth_callback?code=x&state={quote(state)}")
            assert answer.status == 400
            victim.page.wait_for_selector("text=was begun in another window")
    victim.picture("openid-wrong-state")
    answer = victim.page.goto(
        f"{platform.url}/hub/oauth_callback?error=access_denied&error_description=Call+us"
    )
    assert answer.status == 403
    victim.page.wait_for_selector("text=did not let you in")
    assert "Call us" not in victim.page.inner_text("body")
    victim.context.close()
