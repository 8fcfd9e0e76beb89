"""The audit as people read it: their tenant's alone, searched, exported without formulas, and verified."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest


@pytest.fixture
def name(as_: Any) -> str:
    """A role of united's whose making is in the audit, under a name that a spreadsheet would not like."""
    made = f"r-{uuid4().hex[:8]}"
    as_("chief").ok("POST", "/tenants/united/roles", {"name": made, "description": "=1+1"})
    return made


def test_an_admin_reads_the_own_tenants_events(as_: Any, name: str) -> None:
    (event,) = as_("chief").ok("GET", f"/audit?object={name}")["items"]
    assert (event["actor"], event["action"], event["tenant"]) == ("chief", "create-role", "united")
    assert event["details"]["after"]["name"] == name
    assert event["request_id"]
    assert as_("delta-chief").ok("GET", f"/audit?object={name}")["items"] == []
    assert {one["tenant"] for one in as_("delta-chief").ok("GET", "/audit?limit=200")["items"]} <= {"delta"}
    assert as_("analyst").call("GET", "/audit").status_code == 403
    assert as_("admin").ok("GET", f"/audit?object={name}")["items"] == [event]


def test_events_are_filtered_and_come_newest_first(as_: Any, name: str) -> None:
    as_("chief").call("DELETE", f"/tenants/united/roles/{name}")
    found = as_("chief").ok("GET", f"/audit?search={name}")["items"]
    assert [one["action"] for one in found] == ["delete-role", "create-role"]
    assert as_("chief").ok("GET", f"/audit?search={name}&action=create-role")["pagination"]["total"] == 1
    assert as_("chief").ok("GET", f"/audit?object={name}&actor=nobody")["items"] == []
    assert as_("chief").ok("GET", f"/audit?object={name}&until=2020-01-01T00:00:00Z")["items"] == []


def test_an_export_holds_everything_and_runs_nowhere(as_: Any, name: str) -> None:
    as_("chief").ok("POST", "/tenants/united/roles", {"name": f"{name}-2"})
    answer = as_("chief").call("GET", f"/audit?search={name}&format=csv&limit=1")
    assert answer.headers["content-type"].startswith("text/csv")
    assert [row["object"] for row in csv.DictReader(io.StringIO(answer.text))] == [name, f"{name}-2"]
    assert not any(
        cell.startswith(("=", "+", "-", "@")) for row in csv.reader(io.StringIO(answer.text)) for cell in row
    )
    lines = as_("chief").call("GET", f"/audit?search={name}&format=jsonl").text.splitlines()
    assert [json.loads(line)["object"] for line in lines] == [name, f"{name}-2"]
    assert as_("admin").ok("GET", "/audit?action=export-audit&limit=1")["items"][0]["actor"] == "chief"


def test_the_platform_admin_verifies_the_chain(as_: Any, name: str) -> None:
    found = as_("admin").ok("GET", "/audit/verify")
    assert (found["whole"], found["first_break"]) == (True, None)
    assert found["events"] > 0
    assert as_("chief").call("GET", "/audit/verify").status_code == 403


def test_the_audit_is_read_by_those_who_may_in_their_tenants(as_: Any) -> None:
    admin, chief, name = as_("admin"), as_("chief"), f"r-{uuid4().hex[:8]}"
    chief.ok("POST", "/tenants/united/roles", {"name": name, "description": "=1+1"})
    chief.ok("PUT", f"/tenants/united/roles/{name}", {"description": "Changed"})
    as_("delta-chief").ok("POST", "/tenants/delta/roles", {"name": name})
    seen = chief.ok("GET", f"/audit?object={name}")
    assert [one["action"] for one in seen["items"]] == ["change-role", "create-role"]
    assert seen["items"][0]["details"]["before"] == {"description": "=1+1"}
    assert {one["tenant"] for one in chief.ok("GET", "/audit?limit=200")["items"]} == {"united"}
    both = admin.ok("GET", f"/audit?object={name}&action=create-*")
    assert {one["tenant"] for one in both["items"]} == {"united", "delta"}
    assert [one["tenant"] for one in admin.ok("GET", f"/audit?object={name}&tenant=delta")["items"]] == [
        "delta"
    ]
    assert chief.ok("GET", "/audit?tenant=delta")["items"] == []
    for who in ("analyst", "viewer"):
        assert as_(who).call("GET", "/audit").status_code == 403
    at = seen["items"][0]["time"]
    later = chief.ok("GET", f"/audit?object={name}&since={quote(at)}")
    earlier = chief.ok("GET", f"/audit?object={name}&until={quote(at)}")
    assert ([len(later["items"]), len(earlier["items"])]) == [1, 1]
    assert chief.ok("GET", "/audit?search=no-such-thing-anywhere")["items"] == []
    assert len(chief.ok("GET", f"/audit?object={name}&search=%3D1%2B1")["items"]) == 2  # in the details
    paged = chief.ok("GET", f"/audit?object={name}&limit=1&page=2")
    assert (paged["items"][0]["action"], paged["pagination"]["total"]) == ("create-role", 2)
    assert chief.call("GET", "/audit?since=yesterday").status_code == 400


def test_an_event_that_was_changed_breaks_the_chain(as_: Any, place: Any) -> None:
    admin = as_("admin")
    whole = admin.ok("GET", "/audit/verify")
    assert (whole["whole"], whole["first_break"]) == (True, None)
    assert as_("chief").call("GET", "/audit/verify").status_code == 403
    number = whole["events"] - 3
    owner = place.house.hub.postgres.urls.owner.replace("+psycopg", "")
    with psycopg.connect(owner, autocommit=True) as connection:  # as somebody with all rights on the schema
        connection.execute("SELECT set_config('notehouse.tenants', '*', false)")
        connection.execute("ALTER TABLE audit_events DISABLE TRIGGER keep")
        changed = "UPDATE audit_events SET actor = {} || actor WHERE number = %s"
        connection.execute(changed.format("'x'").encode(), [number])
        try:
            broken = admin.ok("GET", "/audit/verify")
            assert (broken["whole"], broken["first_break"]) == (False, number)
        finally:
            connection.execute(
                b"UPDATE audit_events SET actor = substr(actor, 2) WHERE number = %s", [number]
            )
            connection.execute("ALTER TABLE audit_events ENABLE TRIGGER keep")
    assert admin.ok("GET", "/audit/verify")["whole"] is True
