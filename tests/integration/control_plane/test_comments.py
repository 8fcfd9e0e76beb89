"""What people say of a dashboard: pinned to a version, changed by whoever said it, settled by those who edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import nbformat
import pytest


@pytest.fixture(scope="module")
def spoken_of(place: Any) -> Iterator[str]:
    """A public dashboard of the analyst's with a version that is ready."""
    analyst, slug = place.as_("analyst"), f"spoken-{uuid4().hex[:8]}"
    body = {"tenant": "united", "slug": slug, "name": "Spoken of", "is_public": True}
    analyst.ok("POST", "/dashboards", body)
    cells = [nbformat.v4.new_markdown_cell("## Totals"), nbformat.v4.new_code_cell("1", id="t1")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    version = analyst.ok("POST", f"/dashboards/united:{slug}/versions", {"notebook": notebook})
    place.house.rows(f"UPDATE dashboard_versions SET state = 'ready' WHERE id = '{version['id']}'")
    shown = f"SET published_version_id = '{version['id']}' WHERE slug = '{slug}'"
    place.house.rows(f"UPDATE dashboards {shown}")
    yield f"/dashboards/united:{slug}/comments"
    analyst.ok("DELETE", f"/dashboards/united:{slug}")


def test_a_viewer_says_something_of_a_tile_and_its_author_settles_it(place: Any, spoken_of: str) -> None:
    viewer, analyst = place.as_("viewer"), place.as_("analyst")
    said = viewer.ok("POST", spoken_of, {"text": "Is this net?", "tile": "t1"})
    assert (said["tile_title"], said["version"], said["author"]) == ("Totals", 1, "viewer")
    mine = f"{spoken_of}/{said['id']}"
    refused = analyst.call("PUT", mine, {"text": "It is."})
    assert (refused.status_code, "wrote" in refused.json()["error"]["message"]) == (403, True)
    assert analyst.ok("PUT", mine, {"is_resolved": True})["is_resolved"]
    assert viewer.ok("PUT", mine, {"text": "Is this gross?"})["text"] == "Is this gross?"
    (listed,) = analyst.ok("GET", f"{spoken_of}?tile=t1")["items"]
    assert (listed["text"], listed["is_resolved"], listed["may_change"]) == ("Is this gross?", True, False)
    assert place.as_("other").call("DELETE", mine).status_code == 403
    analyst.ok("DELETE", mine)
    assert viewer.ok("GET", spoken_of)["items"] == []


def test_what_cannot_be_said_is_refused(place: Any, spoken_of: str) -> None:
    viewer = place.as_("viewer")
    for body in ({"text": ""}, {"text": "x" * 5001}, {"text": "x", "tile": "nowhere"}):
        assert viewer.call("POST", spoken_of, body).status_code == 400
    assert place.as_("delta-analyst").call("POST", spoken_of, {"text": "x"}).status_code == 404
    assert place.as_("admin").call("POST", spoken_of, {"text": "x"}).status_code == 403
