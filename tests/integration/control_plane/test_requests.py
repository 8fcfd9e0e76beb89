"""What every address of the API does alike: repeated requests, limits, parameters nobody knows."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from integration.accounts.conftest import API


def test_a_repeated_request_gets_the_same_answer_and_has_one_effect(as_: Any, place: Any) -> None:
    admin, slug, key = as_("admin"), f"acme-{uuid4().hex[:8]}", {"Idempotency-Key": uuid4().hex}
    body = {"slug": slug, "name": "Acme"}
    first = admin.call("POST", "/tenants", body, key)
    again = admin.call("POST", "/tenants", body, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["ETag"] == again.headers["ETag"]
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    other = admin.call("POST", "/tenants", {"slug": slug, "name": "Other"}, key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")
    assert [one for one in place.house.audit("create-tenant") if one[1] == slug][1:] == []
    for wrong in ("", "x" * 201, "a\tb"):
        assert admin.call("POST", "/tenants", body, {"Idempotency-Key": wrong}).status_code == 400


def test_a_key_belongs_to_its_caller_and_its_address(as_: Any) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    body = {"username": f"u-{uuid4().hex[:8]}", "tenant": "united"}
    made = as_("chief").call("POST", "/users", body, key)
    assert made.status_code == 201
    assert as_("analyst").call("POST", "/users", body, key).status_code == 403
    foreign = {**body, "username": f"u-{uuid4().hex[:8]}", "tenant": "delta"}
    assert as_("delta-chief").call("POST", "/users", foreign, key).status_code == 201
    invited = as_("chief").call("POST", f"/users/{body['username']}/invite", None, key)
    assert (invited.status_code, "Idempotency-Replayed" in invited.headers) == (201, False)


def test_what_was_refused_may_be_tried_again(as_: Any) -> None:
    chief, key = as_("chief"), {"Idempotency-Key": uuid4().hex}
    body = {"username": "analyst", "role": f"r-{uuid4().hex[:8]}"}
    assert chief.call("POST", "/tenants/united/members", body, key).status_code == 404
    chief.ok("POST", "/tenants/united/roles", {"name": body["role"]})
    assert chief.call("POST", "/tenants/united/members", body, key).status_code == 201
    chief.ok("DELETE", f"/tenants/united/roles/{body['role']}")


def test_answers_are_kept_sealed(as_: Any, place: Any) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    made = as_("chief").call("POST", "/users", {"username": f"u-{uuid4().hex[:8]}", "tenant": "united"}, key)
    secret = made.json()["invitation"]["url"].partition("token=")[2]
    ((kept,),) = place.house.rows(
        f"SELECT answer FROM idempotency_keys WHERE key = '{key['Idempotency-Key']}'"
    )
    assert secret.encode() not in bytes(kept)


def test_the_same_request_at_the_same_time_is_done_once(as_: Any, place: Any) -> None:
    admin, slug, key = as_("admin"), f"acme-{uuid4().hex[:8]}", uuid4().hex
    cookies, xsrf = dict(admin.client.cookies), admin.xsrf
    ready = threading.Barrier(6)

    def send(_: int) -> httpx.Response:
        headers = {"X-XSRFToken": xsrf, "Idempotency-Key": key, "Accept": "application/json"}
        with httpx.Client(base_url=place.url, cookies=cookies, headers=headers, timeout=60) as client:
            ready.wait(20)
            return client.post(f"{API}/tenants", json={"slug": slug, "name": "Acme"})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert {one.status_code for one in answers} == {201}
    assert len({one.json()["id"] for one in answers}) == 1
    assert sum("Idempotency-Replayed" not in one.headers for one in answers) == 1


def test_a_parameter_that_nobody_knows_is_refused(as_: Any) -> None:
    answer = as_("analyst").call("GET", "/dashboards?limt=3")
    assert answer.status_code == 400
    assert "takes no parameter 'limt', only limit, page, search, sort" in answer.json()["error"]["message"]
    assert as_("analyst").call("GET", "/me?x=1").status_code == 400


def test_whoever_asks_too_often_is_told_to_wait(as_: Any) -> None:
    admin, chief = as_("admin"), as_("chief")
    admin.ok("PUT", "/tenants/delta/quotas", {"requests_a_minute": 5})
    delta = as_("delta-analyst")
    try:
        answers = [delta.call("GET", "/me") for _ in range(12)]
        limited = [one for one in answers if one.status_code == 429]
        assert limited
        assert 1 <= int(limited[0].headers["Retry-After"]) <= 12
        assert limited[0].json()["error"]["message"].startswith("You may send 5 requests a minute.")
        assert chief.call("GET", "/me").status_code == 200
    finally:
        admin.ok("PUT", "/tenants/delta/quotas", {})
    assert delta.call("GET", "/me").status_code == 200


def test_each_thing_has_a_mark_that_refuses_lost_updates(as_: Any) -> None:
    analyst, admin, name = as_("analyst"), as_("admin"), f"e-{uuid4().hex[:8]}"
    analyst.ok("POST", "/dashboards", {"tenant": "united", "slug": name, "name": "D"})
    watched = {"name": name, "sql": "SELECT 1 AS n", "condition": {"kind": "any_row"}}
    alert = analyst.ok("POST", "/alerts", {**watched, "schedule": {"cron": "0 0 1 1 *"}})["id"]
    source = admin.ok("GET", "/data-sources?search=warehouse")["items"][0]["id"]
    for who, path, change in (
        ("analyst", f"/dashboards/united:{name}", {"description": "new"}),
        (
            "analyst",
            f"/dashboards/united:{name}/permissions",
            {"items": [{"role": "viewer", "permission_type": "view"}]},
        ),
        ("analyst", f"/alerts/{alert}", {"for_seconds": 60}),
        ("admin", "/users/viewer", {"last_name": name}),
        ("admin", "/tenants/delta/groups", {"items": {name: "viewer"}}),
        ("admin", "/tenants/delta/quotas", {"result_rows": 12345}),
        ("admin", f"/data-sources/{source}", {"description": name}),
    ):
        one = as_(who)
        seen = one.call("GET", path).headers["ETag"]
        assert one.call("GET", path).headers["ETag"] == seen, path
        first = one.call("PUT", path, change, {"If-Match": seen})
        assert first.status_code == 200, (path, first.text)
        assert first.headers["ETag"] == one.call("GET", path).headers["ETag"] != seen, path
        lost = one.call("PUT", path, change, {"If-Match": seen})
        assert (lost.status_code, lost.json()["error"]["code"]) == (412, "precondition_failed"), path
    admin.ok("PUT", "/tenants/delta/quotas", {})
    admin.ok("PUT", "/tenants/delta/groups", {"items": {}})


def test_a_zero_byte_is_refused_and_not_a_failure(as_: Any) -> None:
    answer = as_("analyst").call("POST", "/saved-queries", {"name": "a\0b", "sql": "SELECT 1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert as_("analyst").call("GET", "/dashboards?search=%00").status_code == 400


@pytest.mark.parametrize("name", ["line\nbreak", "warehouse/?max_threads=1", "../query/x", "bell\x07"])
def test_the_name_of_a_source_that_is_none_stays_a_name(as_: Any, name: str) -> None:
    for path in ("/queries", "/queries/estimate"):
        answer = as_("analyst").call("POST", path, {"sql": "SELECT 1", "data_source": name})
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["code"] == "query_refused"


def test_a_value_may_be_longer_than_an_address(as_: Any) -> None:
    long = "Über\r\nalle 'Berge' -- " * 2_500
    body = {"sql": "SELECT length({x:String}), {x:String} = {x:String}, 'ä'", "parameters": {"x": long}}
    assert as_("analyst").ok("POST", "/queries", body)["rows"] == [[len(long.encode()), 1, "ä"]]
    as_("analyst").ok("POST", "/queries/estimate", body)
