"""Versions of a dashboard: going back to an earlier one, and what is different between two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import nbformat
import pytest


def _notebook(*sources: str) -> dict[str, Any]:
    cells = [nbformat.v4.new_code_cell(source, id=f"c{place}") for place, source in enumerate(sources)]
    return dict(nbformat.v4.new_notebook(cells=cells))


@pytest.fixture(scope="module")
def published(place: Any) -> Iterator[str]:
    """A dashboard of the analyst's with two versions that are ready; nothing renders here."""
    analyst, slug = place.as_("analyst"), f"versions-{uuid4().hex[:8]}"
    analyst.ok("POST", "/dashboards", {"tenant": "united", "slug": slug, "name": "Versions"})
    for number, sources in enumerate(
        (["%%sql\nSELECT 1 AS n FROM flights", "x"], ["%%sql\nSELECT 2 AS n"]), 1
    ):
        body = {"notebook": _notebook(*sources), "message": f"number {number}"}
        assert analyst.ok("POST", f"/dashboards/united:{slug}/versions", body)["number"] == number
    _ready(place, slug)
    yield f"united:{slug}"
    analyst.ok("DELETE", f"/dashboards/united:{slug}")


def _ready(place: Any, slug: str) -> None:
    mine = f"(SELECT id FROM dashboards WHERE slug = '{slug}')"
    place.house.rows(f"UPDATE dashboard_versions SET state = 'ready' WHERE dashboard_id = {mine}")
    newest = f"SELECT id FROM dashboard_versions WHERE dashboard_id = {mine} ORDER BY number DESC LIMIT 1"
    place.house.rows(f"UPDATE dashboards SET published_version_id = ({newest}) WHERE slug = '{slug}'")


def test_an_earlier_version_is_shown_again_and_the_audit_says_why(place: Any, published: str) -> None:
    analyst, address = place.as_("analyst"), f"/dashboards/{published}"
    assert analyst.ok("GET", address)["version"] == 2
    body = {"number": 1, "message": "the second one counts twice"}
    assert analyst.ok("POST", f"{address}/rollback", body)["number"] == 1
    assert analyst.ok("GET", address)["version"] == 1
    (_, what, details) = place.house.audit("roll-back-dashboard")[-1]
    assert (what, details["from"], details["to"]) == (published.partition(":")[2], 2, 1)
    assert details["message"] == body["message"]
    assert analyst.ok("POST", f"{address}/rollback", {"number": 2})["message"] == "number 2"
    assert analyst.ok("GET", address)["version"] == 2
    assert analyst.call("POST", f"{address}/rollback", {"number": 9}).status_code == 404
    assert place.as_("viewer").call("POST", f"{address}/rollback", {"number": 1}).status_code in {403, 404}


def test_what_cannot_be_shown_is_not_gone_back_to(place: Any, published: str) -> None:
    analyst, address = place.as_("analyst"), f"/dashboards/{published}"
    made = analyst.ok("POST", f"{address}/versions", {"notebook": _notebook("y")})
    refused = analyst.call("POST", f"{address}/rollback", {"number": made["number"]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    assert "rendering" in refused.json()["error"]["message"]


def test_the_code_of_two_versions_is_compared_at_once_and_both_are_run_on_the_same_data(
    place: Any, published: str
) -> None:
    analyst, address = place.as_("analyst"), f"/dashboards/{published}/diff?from=1&to=2"
    told = analyst.ok("GET", address)
    assert [(one["cell"], one["change"]) for one in told["code"]] == [("c0", "changed"), ("c1", "removed")]
    assert told["code"][0]["lines"][1:] == ["-SELECT 1 AS n FROM flights", "+SELECT 2 AS n"]
    assert (told["state"], told["pictures"], told["same_data"]) == ("pending", None, True)
    asked = f"SELECT count(*), min(watermark), max(watermark) FROM snapshots WHERE watermark = '{told['watermark']}'"
    assert analyst.ok("GET", f"{address}&at={told['watermark']}")["watermark"] == told["watermark"]
    assert [tuple(row) for row in place.house.rows(asked)] == [(2, told["watermark"], told["watermark"])]
    place.clickhouse.query("INSERT INTO flights.flights VALUES ('XX', 'JFK', 1)")
    moved = analyst.ok("GET", f"{address}&at={told['watermark']}")
    assert (moved["same_data"], moved["watermark"]) == (False, told["watermark"])
    assert analyst.ok("GET", address)["watermark"] != told["watermark"]
    place.clickhouse.query(
        "ALTER TABLE flights.flights DELETE WHERE carrier = 'XX' SETTINGS mutations_sync = 1"
    )


def test_code_is_for_those_who_may_edit(place: Any, published: str) -> None:
    for name, status in (("viewer", 404), ("other", 404), ("delta-analyst", 404), ("admin", 403)):
        answer = place.as_(name).call("GET", f"/dashboards/{published}/diff?from=1&to=2")
        assert answer.status_code == status, name
