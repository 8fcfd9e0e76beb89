"""Tenants, members, roles and quotas through the API: what each may do, and that nobody gives more than they have."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

FLIGHTS = {"data_source": "warehouse", "database": "flights", "table": "flights"}
AIRLINES = {**FLIGHTS, "table": "airlines"}


def right(row_filter: str = "1", **changes: Any) -> dict[str, Any]:
    return {**FLIGHTS, "row_filter": row_filter, **changes}


def new(prefix: str) -> str:
    return f"{prefix}-{uuid4().hex[:8]}"


def test_the_platform_admin_makes_renames_and_closes_a_tenant(as_: Any, place: Any) -> None:
    admin, chief, slug = as_("admin"), as_("chief"), new("acme")
    assert chief.call("POST", "/tenants", {"slug": slug, "name": "Acme"}).status_code == 403
    made = admin.ok("POST", "/tenants", {"slug": slug, "name": "Acme"})
    assert (made["slug"], made["is_active"]) == (slug, True)
    assert admin.call("POST", "/tenants", {"slug": slug, "name": "Acme"}).status_code == 409
    for wrong in ("ACME", "default", "system", "a'b", "a" * 64, "ß", ""):
        assert admin.call("POST", "/tenants", {"slug": wrong, "name": "x"}).status_code == 400
    names = {one["name"] for one in admin.ok("GET", f"/tenants/{slug}/roles")["items"]}
    assert names == {"admin", "analyst", "viewer"}
    assert chief.call("GET", f"/tenants/{slug}").status_code == 404
    assert slug not in {one["slug"] for one in chief.ok("GET", "/tenants?limit=200")["items"]}
    admin.ok("PUT", f"/tenants/{slug}", {"name": "Acme Inc"})
    admin.ok("DELETE", f"/tenants/{slug}")
    assert admin.ok("GET", f"/tenants/{slug}")["is_active"] is False
    assert admin.ok("PUT", f"/tenants/{slug}", {"is_active": True})["is_active"] is True
    (change,) = [one for one in place.house.audit("change-tenant") if one[2].get("before", {}).get("name")]
    assert change[0] == "admin"
    assert (change[2]["before"], change[2]["after"]) == ({"name": "Acme"}, {"name": "Acme Inc"})


def test_an_admin_of_a_tenant_renames_it_but_does_not_close_it(as_: Any) -> None:
    chief = as_("chief")
    assert chief.ok("PUT", "/tenants/united", {"name": "United"})["name"] == "United"
    assert chief.call("PUT", "/tenants/united", {"is_active": False}).status_code == 403
    assert chief.call("DELETE", "/tenants/united").status_code == 403
    assert as_("analyst").call("PUT", "/tenants/united", {"name": "x"}).status_code == 403
    assert as_("delta-chief").call("PUT", "/tenants/united", {"name": "x"}).status_code == 404


def test_a_change_of_what_somebody_else_changed_is_refused(as_: Any) -> None:
    admin, slug = as_("admin"), new("acme")
    admin.ok("POST", "/tenants", {"slug": slug, "name": "One"})
    seen = admin.call("GET", f"/tenants/{slug}").headers["ETag"]
    changed = admin.call("PUT", f"/tenants/{slug}", {"name": "Two"}, {"If-Match": seen})
    assert changed.status_code == 200
    assert admin.call("PUT", f"/tenants/{slug}", {"name": "Three"}, {"If-Match": seen}).status_code == 412
    again = {"If-Match": f'"other", {changed.headers["ETag"]}'}
    assert admin.call("PUT", f"/tenants/{slug}", {"name": "Three"}, again).status_code == 200
    role = admin.call("GET", f"/tenants/{slug}/roles/viewer").headers["ETag"]
    admin.ok("PUT", f"/tenants/{slug}/roles/viewer", {"description": "x"})
    refused = admin.call("PUT", f"/tenants/{slug}/roles/viewer", {"description": "y"}, {"If-Match": role})
    assert refused.status_code == 412


def test_members_come_and_go(as_: Any) -> None:
    chief = as_("chief")
    listed = chief.ok("GET", "/tenants/united/members?limit=200")
    assert {"analyst", "viewer", "chief"} <= {one["username"] for one in listed["items"]}
    given = chief.ok("POST", "/tenants/united/members", {"username": "guessed", "role": "analyst"})
    assert [one["name"] for one in given["roles"]] == ["analyst", "viewer"]
    again = chief.call("POST", "/tenants/united/members", {"username": "guessed", "role": "analyst"})
    assert again.status_code == 409
    chief.ok("DELETE", "/tenants/united/members/guessed?role=analyst")
    assert chief.call("DELETE", "/tenants/united/members/guessed?role=analyst").status_code == 404
    for who in ("delta-analyst", "stranger", "nobody-at-all"):  # that they exist is not told
        answer = chief.call("POST", "/tenants/united/members", {"username": who, "role": "viewer"})
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, "There is no such account.")
    alone = chief.call("DELETE", "/tenants/united/members/chief?role=admin")
    assert alone.status_code == 409
    assert "could manage its members" in alone.json()["error"]["message"]
    assert as_("analyst").call("GET", "/tenants/united/members").status_code == 403
    assert as_("delta-chief").call("GET", "/tenants/united/members").status_code == 404


def test_nobody_gives_or_takes_a_role_with_more_than_they_have(as_: Any) -> None:
    admin, chief, name = as_("admin"), as_("chief"), new("inviter")
    admin.ok(
        "POST", "/tenants/united/roles", {"name": name, "actions": ["manage-members", "view-dashboards"]}
    )
    admin.ok("POST", "/tenants/united/members", {"username": "other", "role": name})
    other = as_("other")
    given = {"username": "viewer", "role": "admin"}
    assert other.call("POST", "/tenants/united/members", given).status_code == 403
    assert other.call("DELETE", "/tenants/united/members/chief?role=admin").status_code == 403
    body = {"username": new("x"), "tenant": "united", "role": "admin"}
    assert other.call("POST", "/users", body).status_code == 403
    assert other.ok("POST", "/users", {**body, "role": "viewer"})["places"][0]["role"] == "viewer"
    assert other.call("GET", "/tenants/united/roles").status_code == 200
    assert other.call("POST", "/tenants/united/roles", {"name": "mine"}).status_code == 403
    chief.ok("DELETE", f"/tenants/united/roles/{name}")
    assert other.call("GET", "/tenants/united/members").status_code == 403


def test_an_admin_makes_roles_within_what_they_read(as_: Any) -> None:
    chief, name = as_("chief"), new("jfk")
    content = {
        "name": name,
        "description": "Departures from JFK",
        "actions": ["run-sql"],
        "permissions": [right("carrier = 'UA' AND origin = 'JFK'", columns=["carrier", "origin"])],
        "limits": {"result_rows": 1000},
    }
    made = chief.ok("POST", "/tenants/united/roles", content)
    assert made["permissions"][0]["columns"] == ["carrier", "origin"]
    assert (made["actions"], made["limits"], made["members"]) == (["run-sql"], {"result_rows": 1000}, 0)
    for permission, said in (
        (right(), "for the rows carrier = 'UA'"),
        (right("carrier = 'DL'"), "for the rows carrier = 'UA'"),
        (right("carrier = 'UA' OR hour > 1"), "for the rows carrier = 'UA'"),
        (right(table="airlines"), "and of the columns carrier, name"),
        (right("secret = 'x'", table="airlines", columns=["name"]), "and of the columns carrier, name"),
        (
            right(database="notehouse", table="query_metrics"),
            "You do not read warehouse/notehouse.query_metrics",
        ),
    ):
        answer = chief.call("POST", "/tenants/united/roles", {"name": new("r"), "permissions": [permission]})
        assert answer.status_code == 403, answer.text
        assert said in answer.json()["error"]["message"]
    more = chief.call(
        "PUT", f"/tenants/united/roles/{name}", {"actions": ["run-sql"], "permissions": [right()]}
    )
    assert more.status_code == 403
    kept = chief.ok("PUT", f"/tenants/united/roles/{name}", {"permissions": content["permissions"]})
    assert (kept["actions"], kept["description"]) == (["run-sql"], "")
    builtin = chief.call("PUT", "/tenants/united/roles/viewer", {"actions": ["run-sql"]})
    assert builtin.status_code == 409
    chief.ok("DELETE", f"/tenants/united/roles/{name}")
    assert chief.call("DELETE", "/tenants/united/roles/viewer").status_code == 409


@pytest.mark.parametrize(
    ("permission", "said"),
    [
        (right("gate = 'A1'"), "flights.flights has no column gate"),
        (right(columns=["gate"]), "flights.flights has no column gate"),
        (right(table="trains"), "flights has no table trains"),
        (right("1 = 1"), "row filter"),
        (right(data_source="nowhere"), "no data source nowhere"),
        (right(database="a b"), "no name of a database"),
    ],
)
def test_a_right_on_what_is_not_there_is_refused_with_a_reason(as_: Any, permission: Any, said: str) -> None:
    answer = as_("admin").call(
        "POST", "/tenants/united/roles", {"name": new("r"), "permissions": [permission]}
    )
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_a_preview_counts_the_rows_that_somebody_would_get(as_: Any, place: Any) -> None:
    chief, admin = as_("chief"), as_("admin")
    permissions = [
        right("carrier = 'UA' AND origin IN {user.airports}"),
        right("1", table="airlines", columns=["name"]),
        right("carrier = 'UA' AND origin = {user.home}"),
    ]
    seen = chief.ok("POST", "/tenants/united/roles/preview", {"permissions": permissions, "user": "chief"})
    expected = int(
        place.clickhouse.query("SELECT count() FROM flights.flights WHERE carrier = 'UA' AND origin = 'EWR'")
    )
    counts = {one["table"]: (one["row_filter"], one["rows"]) for one in seen["tables"]}
    assert counts == {"flights": ("carrier = 'UA' AND origin IN ('EWR')", expected), "airlines": ("1", 2)}
    lacking = chief.ok(
        "POST", "/tenants/united/roles/preview", {"permissions": permissions[:1], "user": "analyst"}
    )
    assert (lacking["tables"], lacking["missing"]) == ([], ["warehouse/flights.flights"])
    refused = chief.call("POST", "/tenants/united/roles/preview", {"permissions": [right("carrier = 'DL'")]})
    assert refused.status_code == 403
    everything = admin.ok("POST", "/tenants/united/roles/preview", {"permissions": [right()]})
    assert everything["tables"][0]["rows"] == 2000
    foreign = {"permissions": permissions[:1], "user": "delta-analyst"}
    assert chief.call("POST", "/tenants/united/roles/preview", foreign).status_code == 404
    misfit = admin.call("POST", "/tenants/united/roles/preview", {"permissions": [right("hour LIKE 'x'")]})
    assert (misfit.status_code, misfit.json()["error"]["code"]) == (400, "invalid")
    assert place.house.audit("preview-role")[0][:2] == ("chief", "chief")
    assert [one["name"] for one in chief.ok("GET", "/tenants/united/roles?limit=200")["items"]].count(
        "preview"
    ) == 0


def test_quotas_are_shown_to_members_and_set_by_the_platform(as_: Any) -> None:
    admin, analyst = as_("admin"), as_("analyst")
    shown = analyst.ok("GET", "/tenants/united/quotas")
    assert shown["effective"]["execution_seconds"] == 60
    assert shown["effective"]["requests_a_minute"] == 1200
    for who in ("analyst", "chief"):
        assert as_(who).call("PUT", "/tenants/united/quotas", {"result_rows": 5}).status_code == 403
    changed = admin.ok("PUT", "/tenants/united/quotas", {"memory_bytes": 2_000_000_000})
    assert changed["set"]["memory_bytes"] == changed["effective"]["memory_bytes"] == 2_000_000_000
    assert admin.call("PUT", "/tenants/united/quotas", {"memory_bytes": 0}).status_code == 400
    assert admin.call("PUT", "/tenants/united/quotas", {"speed": 1}).status_code == 400
    admin.ok("PUT", "/tenants/united/quotas", {})
    assert as_("delta-analyst").call("GET", "/tenants/united/quotas").status_code == 404


def test_usage_counts_what_peoples_queries_cost(as_: Any, place: Any) -> None:
    as_("analyst").ok("POST", "/queries", {"sql": "SELECT count() FROM flights"})
    place.clickhouse.query("SYSTEM FLUSH LOGS")
    shown = as_("chief").ok("GET", "/tenants/united/usage")
    mine = [one for one in shown["items"] if one["user"] == "analyst"]
    assert mine[0]["queries"] >= 1
    assert mine[0]["rows_read"] >= 1000
    assert {one["user"] for one in as_("admin").ok("GET", "/tenants/delta/usage")["items"]} <= {
        "delta-analyst"
    }
    assert as_("analyst").call("GET", "/tenants/united/usage").status_code == 403
    assert as_("chief").call("GET", "/tenants/delta/usage").status_code == 404
    wrong = as_("chief").call("GET", "/tenants/united/usage?since=2026-02-01&until=2026-01-01")
    assert wrong.status_code == 400
