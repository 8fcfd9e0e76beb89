"""Saved queries: shared within the tenant if their owner says so, run with the rows of whoever runs them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

SQL = "SELECT carrier, count() AS n FROM flights WHERE origin = {origin:String} GROUP BY carrier"


@pytest.fixture
def saved(as_: Any) -> dict[str, Any]:
    """A query of the analyst's that the whole tenant may read."""
    body = {
        "name": f"By origin {uuid4().hex[:6]}",
        "sql": SQL,
        "parameters": [{"name": "origin", "type": "String", "default": "JFK"}],
        "tags": ["flights"],
        "is_public": True,
    }
    made: dict[str, Any] = as_("analyst").ok("POST", "/saved-queries", body)
    return made


def rows(one: Any, saved: dict[str, Any], **parameters: Any) -> Any:
    return one.ok("POST", f"/saved-queries/{saved['id']}/run", {"parameters": parameters})["rows"]


def test_it_runs_with_defaults_with_values_and_never_as_text(as_: Any, saved: dict[str, Any]) -> None:
    analyst = as_("analyst")
    assert rows(analyst, saved) == [["UA", 500]]
    assert rows(analyst, saved, origin="EWR") == [["UA", 250]]
    assert rows(analyst, saved, origin="x' OR 1 = 1 --") == []
    refused = analyst.call("POST", f"/saved-queries/{saved['id']}/run", {"parameters": {"dest": "x"}})
    assert (refused.status_code, "no parameter dest" in refused.text) == (400, True)


def test_who_may_read_runs_it_and_only_its_owner_and_admins_change_it(
    as_: Any, saved: dict[str, Any]
) -> None:
    address = f"/saved-queries/{saved['id']}"
    assert as_("other").ok("GET", address)["may_edit"] is False
    assert rows(as_("other"), saved) == [["UA", 500]]
    assert as_("other").call("PUT", address, {"name": "mine"}).status_code == 403
    assert as_("viewer").call("GET", address).status_code == 404, "a viewer runs no SQL"
    assert as_("delta-chief").call("GET", address).status_code == 404
    assert as_("chief").ok("PUT", address, {"is_public": False})["is_public"] is False
    assert as_("other").call("GET", address).status_code == 404
    assert as_("other").ok("GET", f"/saved-queries?search={saved['name']}")["items"] == []
    assert as_("admin").call("POST", f"{address}/run", {}).status_code == 403, "nobody's rows but a member's"


def test_what_does_not_fit_is_refused(as_: Any, saved: dict[str, Any]) -> None:
    analyst = as_("analyst")
    for change in (
        {"name": saved["name"], "sql": "SELECT 1"},
        {"name": "x", "sql": SQL},
        {"name": "x", "sql": "SELECT 1", "parameters": saved["parameters"]},
        {"name": "x", "sql": "SELECT 1", "data_source": "nowhere"},
    ):
        assert analyst.call("POST", "/saved-queries", change).status_code in {400, 404, 409}
    assert analyst.call("PUT", f"/saved-queries/{saved['id']}", {"sql": "SELECT {x:Int8}"}).status_code == 400
    seen = {"If-Match": '"of another day"'}
    assert analyst.call("PUT", f"/saved-queries/{saved['id']}", {"name": "y"}, seen).status_code == 412


def test_what_is_deleted_is_gone_and_its_name_free(as_: Any, saved: dict[str, Any]) -> None:
    analyst = as_("analyst")
    assert analyst.call("DELETE", f"/saved-queries/{saved['id']}").status_code == 204
    assert analyst.call("GET", f"/saved-queries/{saved['id']}").status_code == 404
    assert (
        analyst.ok("POST", "/saved-queries", {"name": saved["name"], "sql": "SELECT 1"})["name"]
        == saved["name"]
    )
