"""Accounts through the API and the Hub's pages: made, invited, closed, and what ends with them."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest

NEW = "a long enough one"


def choose_password(visitor: Any, url: str, password: str = NEW, again: str | None = None) -> Any:
    path = url.removeprefix(visitor.hub.url)
    page = visitor.client.get(path)
    xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    if xsrf is None:
        return page
    token = path.partition("token=")[2]
    form = {
        "_xsrf": xsrf[1],
        "token": token,
        "password": password,
        "again": password if again is None else again,
    }
    return visitor.client.post("/hub/invitation", data=form)


def problem(page: Any) -> str:
    found = re.search(r'role="alert"[^>]*>\s*([^<]*?)\s*<', page.text)
    return found[1] if found else ""


def processes_of(house: Any, name: str) -> list[Path]:
    home = f"HOME={house.hub.folder}/data/homes/{name}\0".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if home in (process / "environ").read_bytes():
                found.append(process)
    return found


@pytest.fixture
def admin(visit: Any) -> Any:
    return visit().enter("admin")


def test_an_invited_person_chooses_a_password_by_a_link_that_works_once(
    house: Any, visit: Any, admin: Any
) -> None:
    body = {"username": "ann", "email": "ann@united.example", "tenant": "united", "role": "analyst"}
    made = admin.ok("POST", "/users", body)
    assert (made["state"], made["places"]) == (
        "invited",
        [{"tenant": "united", "role": "analyst", "origin": "local"}],
    )
    assert admin.call("POST", "/users", body).status_code == 409
    link = made["invitation"]["url"]
    newer = admin.ok("POST", "/users/ann/invite")["url"]
    ann = visit()
    assert choose_password(ann, link).status_code == 404  # replaced by the newer one
    assert problem(choose_password(ann, newer, "ann-12345678")) == ""
    for password, again, said in (
        ("Password123!", None, "This is one of the first passwords that anybody tries. Choose another."),
        (NEW, "another long one", "The two passwords differ. Type them again."),
    ):
        fresh = admin.ok("POST", "/users/ann/invite")["url"]
        page = choose_password(ann, fresh, password, again)
        assert (page.status_code, problem(page)) == (400, said)
    assert choose_password(ann, fresh).status_code == 200
    assert choose_password(ann, fresh).status_code == 404
    assert [one["roles"] for one in ann.enter("ann", NEW).ok("GET", "/me")["tenants"]] == [["analyst"]]
    assert admin.ok("GET", "/users/ann")["last_login_at"]
    secrets = house.rows("SELECT token_sha256 FROM invitations")
    assert all(link.partition("token=")[2] not in row for row in secrets)
    (made,) = [after for who, whom, after in house.audit("create-user") if (who, whom) == ("admin", "ann")]
    assert made["after"].items() >= {key: body[key] for key in body if key not in {"tenant", "role"}}.items()
    assert house.audit("accept-invitation")[-1][0] == "ann"


def test_a_tenants_admin_invites_into_the_own_tenant_alone(house: Any, visit: Any, admin: Any) -> None:
    house.rows(
        "INSERT INTO tenants (id, slug, name) VALUES (gen_random_uuid(), 'delta', 'Delta') ON CONFLICT DO NOTHING"
    )
    boss = admin.ok("POST", "/users", {"username": "boss", "tenant": "united", "role": "admin"})
    choose_password(visit(), boss["invitation"]["url"])
    chief = visit().enter("boss", NEW)
    made = chief.ok("POST", "/users", {"username": "bea", "tenant": "united", "role": "viewer"})
    assert made["invitation"]["url"]
    assert chief.ok("PUT", "/users/bea", {"attributes": {"origin": "EWR"}})["attributes"] == {"origin": "EWR"}
    for method, path, body, status in (
        ("POST", "/users", {"username": "x1", "tenant": "delta"}, 403),
        ("POST", "/users", {"username": "x1"}, 400),
        ("POST", "/users", {"username": "x1", "tenant": "united", "is_admin": True}, 403),
        ("POST", "/users", {"username": "x1", "tenant": "united", "role": "emperor"}, 404),
        ("POST", "/users", {"username": "../x", "tenant": "united"}, 400),
        ("PUT", "/users/bea", {"is_admin": True}, 403),
        ("PUT", "/users/boss", {"is_admin": True}, 403),
        ("PUT", "/users/bea", {"is_active": False}, 403),
        ("POST", "/users/viewer/invite", None, 403),  # has a password: a link would take the account over
        ("POST", "/users/bea/password", {"password": "another long one"}, 403),
        ("DELETE", "/users/bea", None, 403),
        ("GET", "/users/admin", None, 404),
        ("GET", "/users/stranger", None, 404),
        ("PUT", "/users/admin", {"email": "x@y.example"}, 404),
    ):
        answer = chief.call(method, path, body)
        assert answer.status_code == status, (method, path, answer.text)
    chief.ok("POST", "/users/bea/invite")
    seen = {one["username"] for one in chief.ok("GET", "/users?limit=200")["items"]}
    assert {"boss", "bea", "analyst", "viewer"} <= seen
    assert not seen & {"admin", "stranger"}
    assert {one["username"] for one in admin.ok("GET", "/users?limit=200")["items"]} >= {"admin", "stranger"}
    assert [one["username"] for one in admin.ok("GET", "/users?search=bea")["items"]] == ["bea"]
    assert visit().enter("viewer").call("GET", "/users").status_code == 403


def test_changing_a_password_ends_the_other_sessions(house: Any, visit: Any) -> None:
    here, there = visit().enter("other"), visit().enter("other")
    wrong = here.call("POST", "/users/other/password", {"password": NEW, "current_password": "x"})
    assert (wrong.status_code, wrong.json()["error"]["message"]) == (403, "The present password is wrong.")
    weak = here.call(
        "POST",
        "/users/other/password",
        {"password": "Password123!", "current_password": "correct horse battery staple"},
    )
    assert weak.status_code == 400
    there.ok("GET", "/me")
    body = {"password": NEW, "current_password": "correct horse battery staple"}
    here.ok("POST", "/users/other/password", body)
    assert there.call("GET", "/me").status_code == 401
    assert there.client.get("/hub/home").url.path == "/hub/login"
    assert here.ok("GET", "/me")["username"] == "other"
    assert here.client.get("/hub/home").url.path == "/hub/home"
    assert visit().login("other").status_code == 403
    visit().enter("other", NEW)
    assert house.audit("change-password")[-1][:2] == ("other", "other")


def test_one_session_is_ended_from_another_browser(house: Any, visit: Any) -> None:
    here, there = visit().enter("viewer"), visit().enter("viewer")
    items = here.ok("GET", "/me/sessions")["items"]
    assert [one["current"] for one in items].count(True) == 1
    assert all(one["address"] == "127.0.0.1" and "python-httpx" in one["browser"] for one in items)
    current = next(one["id"] for one in there.ok("GET", "/me/sessions")["items"] if one["current"])
    stranger = visit().enter("guessed")
    assert stranger.call("DELETE", f"/me/sessions/{current}").status_code == 404
    here.ok("DELETE", f"/me/sessions/{current}")
    assert there.call("GET", "/me").status_code == 401
    assert there.client.get("/hub/home").url.path == "/hub/login"
    here.ok("GET", "/me")
    # Nor does the Hub's own cookie help, which is the same in all browsers of a person.
    there.client.cookies.delete("notehouse-hub-session")
    assert there.client.get("/hub/home").url.path == "/hub/login"
    third = visit().enter("viewer")
    assert here.ok("DELETE", "/me/sessions")["ended"] >= 1
    assert third.call("GET", "/me").status_code == 401
    here.ok("GET", "/me")


def test_logging_out_ends_the_session_for_whoever_has_copied_the_cookies(visit: Any) -> None:
    somebody, thief = visit().enter("viewer"), visit()
    for cookie in somebody.client.cookies.jar:
        thief.client.cookies.jar.set_cookie(cookie)
    thief.xsrf = somebody.xsrf
    thief.ok("GET", "/me")
    somebody.client.get("/hub/logout")
    assert thief.client.get("/hub/home").url.path == "/hub/login"
    assert thief.call("GET", "/me").status_code == 401


def test_a_closed_account_loses_sessions_tokens_and_server(house: Any, visit: Any, admin: Any) -> None:
    link = admin.ok("POST", "/users", {"username": "cleo", "tenant": "united", "role": "analyst"})[
        "invitation"
    ]
    cleo = visit()
    choose_password(cleo, link["url"])
    cleo.enter("cleo", NEW)
    cleo.server("cleo")
    assert processes_of(house, "cleo")
    xsrf = next(c.value for c in cleo.client.cookies.jar if c.name == "_xsrf" and c.path == "/hub/")
    made = cleo.client.post(
        "/hub/api/users/cleo/tokens",
        json={"expires_in": 600},
        headers={"X-XSRFToken": xsrf, "Sec-Fetch-Mode": "cors"},
    )
    headers = {"Authorization": f"token {made.json()['token']}"}
    assert cleo.client.get("/services/notehouse/api/v1/me", headers=headers).status_code == 200
    admin.ok("PUT", "/users/cleo", {"is_active": False})
    assert cleo.call("GET", "/me").status_code in {401, 403}
    assert cleo.client.get("/services/notehouse/api/v1/me", headers=headers).status_code in {401, 403}
    assert cleo.client.get("/hub/home").url.path == "/hub/login"
    house.hub.wait_until(lambda: not processes_of(house, "cleo"), 20)
    assert visit().login("cleo", NEW).status_code == 403
    assert admin.ok("GET", "/users/cleo")["state"] == "closed"
    admin.ok("PUT", "/users/cleo", {"is_active": True})
    visit().enter("cleo", NEW)
    admin.ok("DELETE", "/users/cleo")
    assert visit().login("cleo", NEW).status_code == 403
    assert house.audit("close-user")[-1][:2] == ("admin", "cleo")


def test_nobody_locks_everybody_out(admin: Any) -> None:
    for body in ({"is_active": False}, {"is_admin": False}):
        assert admin.call("PUT", "/users/admin", body).status_code == 409
    assert admin.call("DELETE", "/users/admin").status_code == 409


def test_the_way_back_after_a_login_stays_here(visit: Any) -> None:
    for evil in (
        "//evil.example",
        "/\\evil.example",
        "%2F%2Fevil.example",
        "https://evil.example",
        "/%09/evil.example",
    ):
        somebody = visit()
        page = somebody.client.get("/hub/login", params={"next": evil})
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert xsrf
        form = {"_xsrf": xsrf[1], "username": "viewer", "password": "correct horse battery staple"}
        answer = somebody.client.post("/hub/login", params={"next": evil}, data=form, follow_redirects=False)
        where = answer.headers["location"]
        assert answer.status_code == 302
        assert re.match(r"/[^/\\]", where), where
    assert somebody.client.get("/hub/logout", params={"next": "//evil.example"}).url.host == "127.0.0.1"
