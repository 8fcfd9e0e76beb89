"""What pages say: attributes as people write them, browsers by their names, sizes, and who may go where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from notehouse_hub.service.portal.accounts import written
from notehouse_hub.service.portal.browsers import browser_of
from notehouse_hub.service.portal.navigation import sections_of
from notehouse_hub.service.portal.rendering import shown_bytes
from notehouse_hub.service.portal.visitor import Visitor

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"carrier": "UA"}, "carrier = UA"),
        ({"airports": ["JFK", "EWR"]}, "airports = JFK, EWR"),
        ({"airports": ["JFK"]}, 'airports = ["JFK"]'),
        ({"level": 3, "number": "3"}, 'level = 3\nnumber = "3"'),
        ({"note": "a, b"}, 'note = "a, b"'),
        ({}, ""),
    ],
)
def test_attributes_are_written_so_that_they_read_back_as_themselves(
    attributes: dict[str, Any], text: str
) -> None:
    assert written(attributes) == text
    for line in text.splitlines():
        name, _, value = line.partition(" = ")
        assert _read(value) == attributes[name]


def _read(value: str) -> Any:
    """As the page's program reads it."""
    try:
        return json.loads(value)
    except ValueError:
        return [word.strip() for word in value.split(",")] if "," in value else value


@pytest.mark.parametrize(
    ("agent", "name", "is_phone"),
    [
        (CHROME, "Chrome on Linux", False),
        (f"{CHROME} Edg/140.0", "Edge on Linux", False),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone", True),
        ("", "Unknown browser", False),
    ],
)  # fmt: skip
def test_browsers_have_names(agent: str, name: str, is_phone: bool) -> None:
    found = browser_of(agent)
    assert (found.name, found.is_phone) == (name, is_phone)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345, "12 kB"), (5_300_000, "5.3 MB"), (10**16, "10000 TB")],
)  # fmt: skip
def test_sizes_are_read_at_a_glance(size: int, text: str) -> None:
    assert shown_bytes(size) == text


@pytest.mark.parametrize(
    ("actions", "is_admin", "labels"),
    [
        ({"view-dashboards"}, False, ["Dashboards"]),
        ({"view-dashboards", "run-sql", "manage-schedules"}, False, ["Dashboards", "Data", "Automation"]),
        ({"read-audit"}, False, ["Dashboards", "Administration"]),
        (set(), True, ["Dashboards", "Data", "Administration"]),
    ],
)
def test_everybody_is_shown_where_they_may_go(actions: set[str], is_admin: bool, labels: list[str]) -> None:
    visitor = Visitor("a", "", "", "", is_admin, (), "", frozenset(actions))
    assert [one.label for one in sections_of(visitor)] == labels
    assert sections_of(None) == []
