"""Every notebook that ships is executed, the way a schedule does it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from acceptance.platform import Person, Platform, run_notebook
from notehouse_core.paths import shared

People = Callable[..., Person]

NOTEBOOKS = sorted(
    str(file.relative_to(shared("notebooks"))) for file in shared("notebooks").rglob("*.ipynb")
)


def test_there_are_notebooks() -> None:
    assert {"guide/01-first-query.ipynb", "examples/punctuality.ipynb"} <= set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_from_start_to_end(person: People, platform: Platform, name: str) -> None:
    content = json.loads((shared("notebooks") / name).read_text())
    assert not any(cell.get("outputs") for cell in content["cells"]), "notebooks are kept without outputs"
    analyst = person("united-analyst")
    with analyst.api() as api:
        run_notebook(api, f"check {name}", content)
