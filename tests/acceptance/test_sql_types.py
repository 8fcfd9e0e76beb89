"""In a real kernel, a frame's columns are what ClickHouse says they are."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from acceptance.platform import Person, eventually
from acceptance.test_main_job import notebook

People = Callable[..., Person]
ASKED = """%%sql found <<
SELECT time_hour, toNullable(toDateTime('2013-01-01 05:00:00', 'UTC')) AS at,
    CAST('b', 'Enum8(\\'a\\' = 1, \\'b\\' = 2)') AS word, toInt8(3) AS small, toUInt32(7) AS plain
FROM flights ORDER BY time_hour LIMIT 3;"""
CHECKED = """assert str(found.time_hour.dtype).startswith("datetime64"), found.dtypes
assert found.time_hour.iloc[0].year == 2013
assert found["at"].iloc[0].isoformat() == "2013-01-01T05:00:00+00:00", found["at"]
assert list(found.word) == ["b"] * 3
assert list(found.small) == [3] * 3 and list(found.plain) == [7] * 3"""


def test_moments_and_enums_arrive_as_such(person: People) -> None:
    with person("united-analyst").api() as api:
        body = {"name": f"types {uuid4().hex[:6]}", "notebook": notebook(ASKED, CHECKED), "cron": "0 0 1 1 *"}
        schedule = api.post("schedules", json=body).raise_for_status().json()
        run = api.post(f"schedules/{schedule['id']}/run").raise_for_status().json()
        ended = eventually(lambda: _ended(api.get(f"runs/{run['id']}").json()), 90, "it has run")
        api.delete(f"schedules/{schedule['id']}").raise_for_status()
    assert ended["state"] == "succeeded", ended["error"]


def _ended(run: dict[str, object]) -> dict[str, object] | None:
    return None if run["state"] in {"queued", "running"} else run
