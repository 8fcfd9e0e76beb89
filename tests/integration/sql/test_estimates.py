"""What a statement would cost: as much as one may know of it, asked before it runs where a tenant wants that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.query_gateway.conftest import House
from integration.sql.kernel import Kernel, running_kernel
from integration.sql.test_in_a_kernel import run_of_papermill
from notehouse_hub.usage.tables import statements


def estimate(house: House, sql: str, token: str, **values: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{house.url}/estimate/warehouse/",
        content=sql.encode(),
        params=values,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_table_that_one_reads_whole_is_estimated_by_its_index(house: House) -> None:
    found = estimate(house, "SELECT avg(delay) FROM trips", house.admin)
    assert (found["rows"], found["exact"], found["exceeds"]) == (200_000, True, [])
    assert 200_000 <= found["bytes"] <= 200_000 * 4
    assert found["parts"] == 1
    (table,) = found["tables"]
    assert (table["table"], table["basis"], table["marks"]) == ("flights.trips", "index", found["marks"])
    less = estimate(
        house, "SELECT avg(delay) FROM trips WHERE carrier = {c:String}", house.admin, param_c="UA"
    )
    assert 0 < less["rows"] < 150_000
    assert estimate(house, "SELECT 1", house.admin)["rows"] == 0


def test_nothing_is_told_of_rows_of_others(house: House) -> None:
    """Whatever is asked about a table with a filter, the answer depends on one's own rows alone."""
    asked = (
        "SELECT count(origin) FROM flights",
        "SELECT count(origin) FROM flights WHERE carrier = 'DL'",
        "SELECT count(origin) FROM flights WHERE carrier = 'DL' AND day < '2013-02-01'",
    )
    for sql in asked:
        found = estimate(house, sql, house.united)
        assert found["tables"] == [
            {
                "table": "flights.flights",
                "basis": "own rows",
                "rows": 10_000,
                "bytes": found["bytes"],
                "parts": None,
                "marks": None,
            }
        ]
        assert (found["exact"], found["parts"], found["marks"]) == (False, None, None)
    both = estimate(
        house, "SELECT count(f.origin) FROM flights AS f JOIN airlines AS a USING carrier", house.united
    )
    assert {one["table"]: (one["basis"], one["rows"]) for one in both["tables"]} == {
        "flights.flights": ("own rows", 10_000),
        "flights.airlines": ("index", 2),
    }
    view = estimate(house, "SELECT origin FROM late", house.united)
    assert "flights.late" in {one["table"] for one in view["tables"]}


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("SELECT canary FROM vault.hidden", 403),
        ("SELECT secret FROM airlines", 403),
        ("SELECT file('/etc/passwd')", 403),
        ("DROP TABLE flights", 403),
        ("SELEC 1", 400),
        ("SELECT 1 FROM flights FORMAT CSV", 400),
        ("ESTIMATE SELECT 1", 400),
    ],
)
def test_what_may_not_run_is_not_estimated(house: House, sql: str, status: int) -> None:
    answer = httpx.post(
        f"{house.url}/estimate/warehouse/",
        content=sql.encode(),
        headers={"Authorization": f"Bearer {house.united}"},
    )
    assert answer.status_code == status, answer.text
    assert "canary" not in answer.text
    assert "root:" not in answer.text
    assert httpx.post(f"{house.url}/estimate/warehouse/", content=b"SELECT 1").status_code == 401


def test_seconds_come_from_the_tenants_own_queries(house: House) -> None:
    sql = "SELECT avg(sipHash64(number)) FROM numbers(20000000)"
    assert estimate(house, sql, house.delta)["seconds"] is None
    for statement in statements(30):
        house.clickhouse.query(statement)
    for _ in range(3):
        assert house.ask(sql, house.delta).status_code == 200
    house.clickhouse.query("SYSTEM FLUSH LOGS")
    seconds = estimate(house, sql, house.delta)["seconds"]
    assert 0 < seconds < 30
    assert estimate(house, sql, house.united)["seconds"] is None


@pytest.fixture
def asking(house: House) -> Iterator[int]:
    """Delta's cells ask above so many rows."""
    set_to = "UPDATE tenants SET settings = jsonb_set(settings, '{quotas,ask_above_rows}', '%s') WHERE slug = 'delta'"
    house.execute(f"{set_to % 5000}; NOTIFY notehouse_rights")
    yield 5000
    house.execute(
        "UPDATE tenants SET settings = settings #- '{quotas,ask_above_rows}' WHERE slug = 'delta'; NOTIFY notehouse_rights"
    )


def test_a_cell_asks_before_it_reads_much(house: House, asking: int, tmp_path: Path) -> None:
    with running_kernel(house, house.delta, tmp_path) as kernel:
        refused = kernel.run("%%sql\nSELECT count(origin) AS n FROM flights", stdin=True, answer="n")
        assert refused.status == "error"
        assert "reads at most 10,000 rows" in refused.text
        assert "Run it? [y/N]" in refused.text
        assert "Not run." in refused.text
        agreed = kernel.run("%%sql\nSELECT count(origin) AS n FROM flights", stdin=True, answer="y")
        assert agreed.status == "ok"
        little = kernel.run("%%sql\nSELECT count(name) AS n FROM airlines", stdin=True, answer="n")
        assert little.status == "ok"
        assert "Run it?" not in little.text


def test_a_notebook_that_runs_alone_asks_nobody(
    house: House,
    asking: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run_of_papermill(
        house, tmp_path, monkeypatch, "%%sql\nSELECT count(origin) FROM flights", token=house.delta
    )()
    assert "it runs, since there is nobody to ask" in capfd.readouterr().err


def test_commands_of_jupysql_mean_here_what_they_mean_there(kernel: Kernel) -> None:
    assert "trips" in kernel.run("%sqlcmd tables --schema flights").text
    assert "trips" not in kernel.run("%sqlcmd tables -s vault").text
    assert "miles" in kernel.run("%sqlcmd columns --table trips --schema flights").text
    assert "True" in kernel.run("%sqlcmd test --table trips --column miles --greater 99 --less-than 1e5").text
    failed = kernel.run("%sqlcmd test --table trips --column delay --less-than-or-equal 30 --no-nulls")
    assert "The test failed" in failed.text
    assert failed.data("text/html")
    for cell in ("--save one\nSELECT 1 AS a", "--save two -w one -N\nSELECT a FROM one"):
        assert kernel.run(f"%%sql {cell}").status == "ok"
    assert "two is built on one" in kernel.run("%sqlcmd snippets -d one").text
    assert "one" not in kernel.run("%sqlcmd snippets --delete-force-all one").text


def test_a_cell_with_controls_says_what_it_read(kernel: Kernel) -> None:
    kernel.run("wanted = 3")
    said = kernel.run("%%sql --interact wanted\nSELECT count() AS n FROM trips WHERE month = {{wanted}}")
    assert said.status == "ok", said.text
    assert said.data("application/vnd.jupyter.widget-view+json")
    assert "There is no variable nothing" in kernel.run("%%sql --interact nothing\nSELECT {{nothing}}").text
    assert "1 row in" in (told := kernel.run("%%sql\nSELECT max(miles) AS m FROM trips").text)
    assert "200,000 read (1.6 MB)" in told
    breaks_off = "SETTINGS max_result_rows = 10, result_overflow_mode = 'break'"
    assert kernel.run(f"%%sql\nSELECT miles FROM trips LIMIT 5 {breaks_off}").status == "ok"


def test_commands_tell_what_there_is(kernel: Kernel) -> None:
    kernel.run("%%sql --save few\nSELECT * FROM trips WHERE month = 3")
    told = kernel.run("%sqlcmd estimate SELECT avg(delay) FROM trips")
    assert "This query reads about 200,000 rows" in told.text
    assert "flights.trips" in told.text
    assert "200,000 rows" in kernel.run("%sqlcmd estimate few").text
    assert "month = 3" in kernel.run("%sqlcmd snippets few").text
    assert "few" in kernel.run("%sqlcmd snippets").text
    assert kernel.run("%%sql\nSELECT count() AS n FROM few").status == "ok", (
        "a saved query is found by its name"
    )
    profile = kernel.run("%sqlcmd profile --table trips").text
    assert "carrier" in profile
    assert "4000" in profile
    assert "miles" in kernel.run("%sqlcmd columns flights.trips").text
    assert "few" not in kernel.run("%sqlcmd snippets --delete few").text
    for line, why in {
        "connect postgresql://a:b@c": "no password stands in a notebook",
        "test --table trips": "required: -c/--column",
        "test --table trips --column miles": "Say what must hold",
        "test --table trips --column kilometres --no-nulls": "no column kilometres",
        "frobnicate": "There is no command",
        "columns": "Name one table",
    }.items():
        said = kernel.run(f"%sqlcmd {line}")
        assert said.status == "error"
        assert why in said.text
