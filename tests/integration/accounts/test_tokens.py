"""Execution tokens: for whom, for what, how long; ended, and signed with other keys while everything runs."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import jwt
import pytest

from integration.accounts.conftest import API
from notehouse_hub.supervisor import signing


@pytest.fixture(scope="module", autouse=True)
def data(house: Any) -> None:
    """Rows that analysts and admins of the tenant may read, so that they have an access class."""
    house.rows(
        "INSERT INTO permissions (id, tenant_id, role_id, resource, action) SELECT gen_random_uuid(), tenant_id, id, "
        "'data:warehouse/flights.flights', 'select' FROM roles WHERE name = 'analyst'"
    )
    house.rows(
        "INSERT INTO data_sources (id, tenant_id, name, type, connection_config) SELECT gen_random_uuid(), id, "
        "'warehouse', 'clickhouse', '{\"database\": \"flights\"}' FROM tenants WHERE slug = 'united'"
    )


class Holder:
    """Whoever has a token or is a service of ours, at the API."""

    def __init__(self, house: Any, authorization: str) -> None:
        self.url = f"http://127.0.0.1:{house.hub.port + 3}{API}"
        self.headers = {"Authorization": authorization}

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return httpx.request(method, self.url + path, json=body, headers=self.headers, timeout=30)


def service(house: Any) -> Holder:
    return Holder(house, f"token {house.hub.service_tokens['scheduler']}")


def claims(token: str) -> Any:
    return jwt.decode(token, options={"verify_signature": False})


def test_people_get_interactive_tokens_of_their_own(house: Any, visit: Any) -> None:
    analyst = visit().enter("analyst")
    made = analyst.ok("POST", "/tokens", {"ttl_seconds": 600, "data_sources": ["warehouse"]})
    told = claims(made["token"])
    assert (told["sub"], told["tenant"], told["purpose"], told["aud"]) == (
        "analyst",
        "united",
        "interactive",
        ["query", "api"],
    )
    assert told["exp"] - told["iat"] == 600
    for body, status in (
        ({"purpose": "run", "access_class": told["class"], "object": "x"}, 403),
        ({"purpose": "view", "access_class": told["class"], "object": "x"}, 403),
        ({"on_behalf_of": "admin"}, 403),
        ({"access_class": told["class"]}, 403),
        ({"tenant": "delta"}, 403),
        ({"data_sources": ["other"]}, 400),
        ({"audience": ["frame"]}, 400),
        ({"ttl_seconds": 0}, 400),
        ({"ttl_seconds": 90_000}, 400),
    ):
        assert analyst.call("POST", "/tokens", body).status_code == status, body
    query = analyst.ok("POST", "/tokens", {"audience": ["query"]})["token"]
    assert claims(query)["aud"] == ["query"]
    assert Holder(house, f"Bearer {query}").call("GET", "/me").status_code == 401
    assert (
        claims(analyst.ok("POST", "/tokens", {"ttl_seconds": 86_400})["token"])["exp"] <= time.time() + 3601
    )
    listed = analyst.ok("GET", "/me/tokens")["items"]
    assert made["id"] in {one["id"] for one in listed}
    assert made["token"] not in str(listed)
    assert made["token"] not in str(house.rows("SELECT * FROM tokens"))
    assert made["id"] not in {one["id"] for one in visit().enter("admin").ok("GET", "/me/tokens")["items"]}
    assert ("analyst", made["id"]) in {row[:2] for row in house.audit("issue-token")}


def test_services_mint_in_the_name_of_a_person_or_of_a_class(house: Any, visit: Any) -> None:
    own = claims(visit().enter("analyst").ok("POST", "/tokens", {})["token"])
    worker = service(house)
    run = {"purpose": "run", "object": "run:1"}
    for body, subject in (
        ({**run, "on_behalf_of": "analyst", "tenant": "united", "ttl_seconds": 7200}, "analyst"),
        ({**run, "on_behalf_of": "analyst", "tenant": "united", "access_class": own["class"]}, "analyst"),
        ({**run, "access_class": own["class"]}, f"class:{own['class']}"),
    ):
        told = claims(worker.call("POST", "/tokens", body).json()["token"])
        assert (told["sub"], told["class"], told["aud"]) == (subject, own["class"], ["query", "api"])
    view = worker.call(
        "POST", "/tokens", {"purpose": "view", "object": "x", "access_class": own["class"]}
    ).json()
    assert claims(view["token"])["aud"] == ["query"]
    assert claims(view["token"])["exp"] <= time.time() + 3601
    for body, status in (
        ({"purpose": "interactive"}, 400),
        (run, 400),
        ({**run, "on_behalf_of": "analyst"}, 400),
        ({**run, "on_behalf_of": "viewer", "tenant": "united"}, 403),
        ({**run, "on_behalf_of": "analyst", "tenant": "delta"}, 403),
        ({**run, "on_behalf_of": "analyst", "tenant": "united", "access_class": "0" * 20}, 403),
        ({**run, "access_class": "0" * 20}, 403),
        ({"purpose": "view", "object": "x", "access_class": own["class"], "audience": ["api"]}, 400),
    ):
        assert worker.call("POST", "/tokens", body).status_code == status, body


def test_a_token_can_do_little_and_nothing_once_it_has_ended(house: Any, visit: Any) -> None:
    analyst = visit().enter("analyst")
    made = analyst.ok("POST", "/tokens", {})
    holder = Holder(house, f"Bearer {made['token']}")
    assert holder.call("GET", "/me").json()["purpose"] == "interactive"
    other = analyst.ok("POST", "/tokens", {})["id"]
    for method, path, body in (
        ("POST", "/tokens", {}),
        ("DELETE", f"/tokens/{other}", None),
        ("POST", "/users", {"username": "x"}),
        ("GET", "/users", None),
        ("GET", "/me/sessions", None),
        ("DELETE", "/me/sessions", None),
        ("GET", "/me/tokens", None),
        ("POST", "/me/second-factor", {"password": "x"}),
        ("POST", "/users/analyst/password", {"password": "x", "current_password": "x"}),
        ("POST", "/schedules", {"tenant": "united", "name": "x", "cron": "0 0 1 1 *"}),
        ("POST", "/kernel-gateways", {"access_class": "0" * 20}),
    ):
        assert holder.call(method, path, body).status_code in {400, 403}, (method, path)
        if method != "POST" or path != "/schedules":
            assert holder.call(method, path, body).status_code == 403, (method, path)
    assert httpx.get(f"{house.hub.url}/hub/api/user", headers=holder.headers).status_code in {401, 403}
    viewer = visit().enter("viewer")
    assert viewer.call("DELETE", f"/tokens/{made['id']}").status_code == 404
    analyst.ok("DELETE", f"/tokens/{made['id']}")
    assert "revoked" in holder.call("GET", "/me").text
    assert holder.call("GET", "/me").status_code == 401
    assert ("analyst", made["id"]) in {row[:2] for row in house.audit("revoke-token")}
    short = analyst.ok("POST", "/tokens", {"ttl_seconds": 1})["token"]
    time.sleep(1.1)
    assert Holder(house, f"Bearer {short}").call("GET", "/me").status_code == 401


def test_all_tokens_of_a_person_end_with_the_account_or_at_a_word(house: Any, visit: Any) -> None:
    demoted = visit().enter("demoted")
    mine = Holder(house, f"Bearer {demoted.ok('POST', '/tokens', {})['token']}")
    body = {"purpose": "run", "object": "run:1", "on_behalf_of": "demoted", "tenant": "united"}
    run = Holder(house, f"Bearer {service(house).call('POST', '/tokens', body).json()['token']}")
    assert (mine.call("GET", "/me").status_code, run.call("GET", "/me").status_code) == (200, 200)
    assert demoted.ok("DELETE", "/me/tokens")["ended"] >= 1
    assert (mine.call("GET", "/me").status_code, run.call("GET", "/me").status_code) == (401, 200)
    admin = visit().enter("admin")
    admin.ok("DELETE", "/users/demoted")
    assert run.call("GET", "/me").status_code == 401
    assert service(house).call("POST", "/tokens", body).status_code == 403
    admin.ok("PUT", "/users/demoted", {"is_active": True})
    assert run.call("GET", "/me").status_code == 401  # an account that is opened again gets nothing back


def test_the_api_picks_a_new_key_up_while_it_runs(house: Any, visit: Any) -> None:
    analyst = visit().enter("analyst")
    before = analyst.ok("POST", "/tokens", {})["token"]
    keys = house.hub.folder / "keys"
    private = signing.new_private_pem()
    known = json.loads((keys / "verify-keys.json").read_text())
    (keys / "verify-keys.json").write_text(json.dumps({**known, **signing.verify_keys(private)}))
    (keys / "signing-key.pem").write_text(private)
    deadline = time.monotonic() + 10
    while True:
        after = analyst.ok("POST", "/tokens", {})["token"]
        if jwt.get_unverified_header(after) != jwt.get_unverified_header(before):
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    for token in (before, after):
        assert Holder(house, f"Bearer {token}").call("GET", "/me").status_code == 200
    (keys / "verify-keys.json").write_text(json.dumps(signing.verify_keys(private)))
    time.sleep(2.2)
    assert Holder(house, f"Bearer {before}").call("GET", "/me").status_code == 401
    assert Holder(house, f"Bearer {after}").call("GET", "/me").status_code == 200
