"""The audit as people read it: their tenant's alone, searched, exported without formulas, and verified."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from uuid import uuid4

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


def test_the_platform_admin_verifies_the_chain(as_: Any, name: str) -> None:
    found = as_("admin").ok("GET", "/audit/verify")
    assert (found["whole"], found["first_break"]) == (True, None)
    assert found["events"] > 0
    assert as_("chief").call("GET", "/audit/verify").status_code == 403
