"""The explorer draws what is chosen, writes the SQL of it, and takes nothing from a browser that is no choice."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from notehouse_sql.exploring.widget import Explorer, widget
from notehouse_sql.relation import relation
from notehouse_sql.session import Session


@pytest.fixture
def explorer(session: Session) -> Explorer:
    return widget(relation("flights.trips"), session)


def choose(explorer: Explorer, **chosen: Any) -> None:
    explorer.value = json.dumps(chosen)


def test_fields_are_listed_with_how_their_values_lie(explorer: Explorer) -> None:
    fields = {field["name"]: field for field in explorer.fields}
    assert list(fields)[:3] == ["at", "day", "carrier"]
    assert fields["delay"]["type"] == "Int16"
    assert 0.015 < fields["delay"]["missing"] < 0.025
    assert len(fields["miles"]["bars"]) == 14
    assert fields["carrier"]["words"]
    assert set(fields["size"]["words"]) == {"small", "large"}
    assert fields["day"]["ends"][0] == "2013-01-01"


def test_what_is_chosen_is_drawn_and_written(session: Session, explorer: Explorer) -> None:
    assert explorer.code == "%%sql --limit 1000\nSELECT *\nFROM flights.trips"
    filters = [
        {"column": "delay", "sign": ">=", "value": "15"},
        {"column": "carrier", "sign": "!=", "value": "it's"},
        {"column": "odd name", "sign": "contains", "value": "B"},
        {"column": "day", "sign": "<", "value": "2013-07-01"},
        {"column": "size", "sign": "=", "value": ""},
    ]
    choose(explorer, x="month", y="delay", agg="max", filters=filters)
    svg = base64.b64decode(explorer.picture.removeprefix("data:image/svg+xml;base64,")).decode()
    assert svg.startswith("<svg")
    assert explorer.said == ""
    assert explorer.code == (
        "%%chart x=month y=delay agg=max\nSELECT month, delay\nFROM flights.trips\nWHERE delay >= 15\n"
        "    AND carrier != 'it\\'s'\n    AND positionCaseInsensitiveUTF8(toString(`odd name`), 'B') > 0\n"
        "    AND day < '2013-07-01'"
    )
    assert session.ask(explorer.sql).table.num_rows > 1000


def test_what_is_wrong_is_said_and_the_picture_stays(explorer: Explorer) -> None:
    choose(explorer, x="miles")
    before = explorer.picture
    choose(explorer, x="miles", filters=[{"column": "delay", "sign": "=", "value": "late"}])
    assert explorer.said == "delay is a number, and 'late' is none."
    assert explorer.picture == before
    choose(explorer, x="miles", filters=[{"column": "delay", "sign": ">", "value": "9999"}])
    assert "nothing to draw" in explorer.said


@pytest.mark.parametrize(
    "sent",
    [
        "not json",
        "[]",
        '{"filters": [1]}',
        '{"filters": 7}',
        '{"x": {"a": 1}, "y": ["b"]}',
        '{"x": "delay) FROM system.tables --", "kind": "drop", "agg": "sum(1)) --"}',
        '{"x": "month", "filters": [{"column": "carrier", "sign": "OR 1=1 --", "value": "x"}]}',
        '{"x": "month", "filters": [{"column": "1=1 OR carrier", "sign": "=", "value": "x"}]}',
    ],
)
def test_a_browser_can_send_nothing_but_a_choice(explorer: Explorer, sent: str) -> None:
    explorer.value = sent
    assert "OR" not in explorer.code
    assert "system" not in explorer.code
    assert "drop" not in explorer.code


def test_a_filters_value_stays_a_value(explorer: Explorer) -> None:
    for evil in ("' OR 1=1 --", "\\' OR 1=1 --", "x\\", "') OR (1=1"):
        choose(explorer, x="month", filters=[{"column": "carrier", "sign": "=", "value": evil}])
        assert "nothing to draw" in explorer.said, evil
