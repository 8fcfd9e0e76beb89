"""A dashboard leaves the house as a file, with the rights of who asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from acceptance.platform import Person, eventually

People = Callable[..., Person]
EXPORT = "dashboards/united:punctuality/export"


def _got(viewer: Person, address: str) -> Any:
    answer = viewer.context.request.get(address)
    return answer if answer.status == 200 else None


def test_a_viewer_gets_the_page_and_an_editor_the_notebook(person: People, tmp_path: Path) -> None:
    viewer = person("united-viewer")
    address = f"{viewer.platform.api}/{EXPORT}"
    answer = eventually(lambda: _got(viewer, address), 120, "the demo is rendered")
    assert viewer.context.request.get(f"{address}?format=ipynb").status == 403
    page = answer.text()
    assert "58,665" in page
    assert "arrived 15 minutes late or more" in page
    assert "attachment" in answer.headers["content-disposition"]
    asked: list[str] = []
    file = tmp_path / "punctuality.html"
    file.write_text(page)
    viewer.page.on("request", lambda request: asked.append(request.url))
    viewer.page.goto(file.as_uri())
    viewer.picture("export-html")
    assert not [url for url in asked if url.startswith("http")], "nothing is fetched"
    with person("united-analyst").api() as api:
        notebook = api.get(EXPORT, params={"format": "ipynb"}).raise_for_status().json()
    assert notebook["nbformat"] == 4
    with person("delta-analyst").api() as api:
        assert api.get(EXPORT).status_code == 404
