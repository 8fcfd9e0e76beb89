"""Why may somebody do something, or not: the rule, and for a table the filter and the rows it leaves."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

FLIGHTS = "table:warehouse/flights.flights"


def explained(visitor: Any, object: str, **more: str) -> Any:
    query = "&".join(f"{name}={quote(value)}" for name, value in {"object": object, **more}.items())
    return visitor.ok("GET", f"/explain-access?{query}")


def asked(visitor: Any, object: str, **more: str) -> int:
    query = "&".join(f"{name}={quote(value)}" for name, value in {"object": object, **more}.items())
    return int(visitor.call("GET", f"/explain-access?{query}").status_code)


def test_a_table_is_explained_with_its_filter_and_its_rows(as_: Any) -> None:
    found = explained(as_("analyst"), FLIGHTS)
    assert (found["allowed"], found["table"]) == (
        True,
        {"roles": ["analyst"], "columns": None, "row_filter": "carrier = 'UA'", "rows": 1000},
    )
    said = [one["reason"] for one in found["steps"]]
    assert said == [
        "The account analyst is open.",
        "analyst has the role analyst, given here.",
        "The role analyst reads rows carrier = 'UA'.",
        "analyst reads the rows carrier = 'UA' and all columns of warehouse/flights.flights.",
    ]
    assert explained(as_("chief"), FLIGHTS, user="viewer")["table"]["rows"] == 1000
    everything = explained(as_("admin"), FLIGHTS)
    assert (everything["tenant"], everything["table"]["rows"]) == ("*", 2000)
    assert explained(as_("admin"), FLIGHTS, user="delta-analyst")["table"]["row_filter"] == "carrier = 'DL'"
    nothing = explained(as_("analyst"), "table:warehouse/notehouse.query_metrics")
    assert (nothing["allowed"], nothing["table"]) == (False, None)
    assert nothing["reason"] == "No role of analyst reads warehouse/notehouse.query_metrics."
    assert asked(as_("admin"), "table:warehouse/flights.x` FROM y --") == 400
    assert explained(as_("admin"), f"{FLIGHTS}@delta", user="delta-analyst")["table"]["rows"] == 1000
    airlines = explained(as_("analyst"), "table:warehouse/flights.airlines@united")["table"]
    assert (airlines["columns"], airlines["rows"]) == (["carrier", "name"], 2)


def test_a_missing_attribute_is_named(as_: Any) -> None:
    chief, name = as_("chief"), f"r-{uuid4().hex[:8]}"
    right = {"data_source": "warehouse", "database": "flights", "table": "flights"}
    right["row_filter"] = "carrier = 'UA' AND origin = {user.home}"
    chief.ok("POST", "/tenants/united/roles", {"name": name, "permissions": [right]})
    chief.ok("POST", "/tenants/united/members", {"username": "guessed", "role": name})
    said = [one for one in explained(chief, FLIGHTS, user="guessed")["steps"] if one["rule"] == "permission"]
    assert {
        "rule": "permission",
        "allows": False,
        "reason": f"The role {name} reads rows {right['row_filter']}, but guessed lacks home.",
    } in said
    chief.ok("DELETE", f"/tenants/united/roles/{name}")


def test_tenants_and_actions_are_explained(as_: Any) -> None:
    mine = explained(as_("viewer"), "tenant:united")
    assert (mine["allowed"], mine["reason"]) == (True, "viewer belongs to united.")
    allowed = {one["action"] for one in mine["rules"] if one["allowed"]}
    assert allowed == {"view-dashboards"}
    sql = explained(as_("viewer"), "action:run-sql@united")
    assert sql["allowed"] is False
    assert sql["reason"].startswith("No role of viewer allows this: Run SQL")
    foreign = explained(as_("admin"), "tenant:delta", user="viewer")
    assert (foreign["allowed"], foreign["reason"]) == (False, "viewer does not belong to delta.")
    assert asked(as_("viewer"), "action:fly@united") == 400
    assert asked(as_("viewer"), "nonsense") == 400


def test_dashboards_and_saved_queries_are_explained(as_: Any) -> None:
    analyst, slug = as_("analyst"), f"d-{uuid4().hex[:8]}"
    analyst.ok("POST", "/dashboards", {"tenant": "united", "slug": slug, "name": "Mine"})
    about = f"dashboard:united:{slug}"
    own = explained(analyst, about)
    assert (own["allowed"], own["reason"]) == (True, "analyst owns this dashboard.")
    assert asked(as_("viewer"), about) == asked(as_("delta-chief"), about) == 404
    hidden = explained(as_("chief"), about, user="viewer")
    assert hidden["reason"] == "This dashboard is not shared with viewer for view. Ask its owner, analyst."
    grants = {"items": [{"role": "viewer", "permission_type": "view"}]}
    analyst.ok("PUT", f"/dashboards/united:{slug}/permissions", grants)
    shared = explained(as_("viewer"), about)
    assert shared["reason"] == "Shared for view with the role viewer."
    assert [one["allowed"] for one in shared["rules"]] == [True, False, False, False]
    kept = analyst.ok("POST", "/saved-queries", {"name": slug, "sql": "SELECT 1", "is_public": True})
    query = explained(as_("other"), f"saved-query:{kept['id']}")
    assert query["reason"] == "Everyone in united may view this saved query."
    assert asked(as_("delta-analyst"), f"saved-query:{kept['id']}") == 404
    assert asked(as_("analyst"), "saved-query:nonsense") == 404


@pytest.mark.parametrize(
    ("who", "object", "user"),
    [
        ("analyst", "tenant:united", "viewer"),  # somebody else, who one does not manage
        ("analyst", "tenant:delta", ""),
        ("chief", "tenant:united", "delta-analyst"),
        ("chief", "tenant:delta", "analyst"),
        ("chief", FLIGHTS, "delta-analyst"),
        ("delta-chief", "tenant:united", "delta-chief"),
        ("chief", f"{FLIGHTS}@delta", ""),
        ("chief", f"{FLIGHTS}@*", ""),
        ("chief", "dashboard:delta:x", ""),
    ],
)
def test_nobody_asks_about_others_than_their_own(as_: Any, who: str, object: str, user: str) -> None:
    assert asked(as_(who), object, **({"user": user} if user else {})) == 404


def test_asking_about_others_is_in_the_audit(as_: Any, place: Any) -> None:
    explained(as_("chief"), "tenant:united", user="viewer")
    assert place.house.audit("explain-access")[-1] == ("chief", "viewer", {"about": "tenant:united"})
