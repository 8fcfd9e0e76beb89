"""Why may somebody do something, or not: the rule, and for a table the filter and the rows it leaves."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest


def explained(one: Any, what: str, user: str | None = None) -> Any:
    about = f"&user={user}" if user else ""
    return one.ok("GET", f"/explain-access?object={what}{about}")


def test_a_role_is_named_that_allows(as_: Any) -> None:
    (rule,) = explained(as_("analyst"), "action:run-sql@united")["rules"]
    assert rule["allowed"]
    assert "role analyst" in rule["reason"]
    (rule,) = explained(as_("chief"), "action:run-sql@united", "viewer")["rules"]
    assert not rule["allowed"]
    assert "Ask an admin of united" in rule["reason"]
    everything = explained(as_("chief"), "tenant:united", "analyst")["rules"]
    assert {one["action"] for one in everything if one["allowed"]} >= {"run-sql", "view-dashboards"}


def test_a_table_tells_its_filter_and_the_rows_it_leaves(as_: Any) -> None:
    found = explained(as_("chief"), "table:warehouse/flights.flights@united", "analyst")
    assert found["table"] == {
        "roles": ["analyst"],
        "columns": None,
        "row_filter": "carrier = 'UA'",
        "rows": 1000,
    }
    assert found["rules"][0]["allowed"]
    airlines = explained(as_("analyst"), "table:warehouse/flights.airlines@united")["table"]
    assert (airlines["columns"], airlines["rows"]) == (["carrier", "name"], 2)
    nothing = explained(as_("analyst"), "table:warehouse/flights.secrets@united")
    assert nothing["table"] is None
    assert "No role of analyst names" in nothing["rules"][0]["reason"]


def test_a_missing_attribute_is_the_reason(as_: Any) -> None:
    name = f"by-attribute-{uuid4().hex[:6]}"
    permission = {"data_source": "warehouse", "database": "flights", "table": "flights"}
    body = {"name": name, "permissions": [{**permission, "row_filter": "origin = {user.station}"}]}
    admin = as_("admin")
    admin.ok("POST", "/tenants/delta/roles", body)
    somebody = f"s-{uuid4().hex[:6]}"
    admin.ok("POST", "/users", {"username": somebody, "tenant": "delta", "role": name})
    found = explained(as_("delta-chief"), "table:warehouse/flights.flights@delta", somebody)
    assert "lacks an attribute" in found["rules"][0]["reason"]


def test_a_dashboard_and_a_query_tell_who_may(as_: Any) -> None:
    analyst, slug = as_("analyst"), f"d-{uuid4().hex[:6]}"
    analyst.ok("POST", "/dashboards", {"slug": slug, "name": "D"})
    rules = explained(as_("chief"), f"dashboard:united:{slug}", "viewer")["rules"]
    assert [one["allowed"] for one in rules] == [False] * 4
    assert "Ask its owner, analyst" in rules[0]["reason"]
    query = analyst.ok("POST", "/saved-queries", {"name": slug, "sql": "SELECT 1"})["id"]
    assert [one["allowed"] for one in explained(analyst, f"saved-query:{query}")["rules"]] == [True, True]


@pytest.mark.parametrize(
    ("who", "what", "user", "status"),
    [
        ("analyst", "tenant:united", "viewer", 404),
        ("chief", "tenant:united", "delta-analyst", 404),
        ("chief", "tenant:delta", None, 404),
        ("chief", "table:warehouse/flights.flights@delta", None, 404),
        ("chief", "dashboard:delta:x", None, 404),
        ("chief", "action:fly@united", None, 400),
        ("chief", "planet:mars", None, 400),
        ("chief", "saved-query:x", None, 404),
        ("admin", "tenant:delta", "delta-analyst", 200),
    ],
)
def test_nobody_asks_about_others_than_their_own(
    as_: Any, who: str, what: str, user: str | None, status: int
) -> None:
    about = f"&user={user}" if user else ""
    assert as_(who).call("GET", f"/explain-access?object={what}{about}").status_code == status
