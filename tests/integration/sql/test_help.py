"""Help while SQL is written, in a real kernel: what may come next, what a name means, what would read less."""

from __future__ import annotations

import pytest

from integration.sql.kernel import Kernel
from notehouse_sql.helping.catalog import Catalog
from notehouse_sql.helping.hints import MUCH, hints
from notehouse_sql.session import Session

COMPLETED = {
    "%%sql\nSELECT * FROM fl|": ["flights", "flights.flights"],
    "%%sql\nSELECT * FROM flights.|": ["flights.airlines", "flights.trips"],
    "%%sql\nSELECT ori| FROM flights": ["origin"],
    "%%sql\nSELECT ori|": ["origin"],
    "%%sql\nSELECT f.o| FROM flights AS f": ["f.origin"],
    "%%sql warehouse\nSELECT quantileT| FROM flights": ["quantileTDigest(", "quantileTiming("],
    "%%sql\nSELECT 1 FROM trips WHERE size = |": ["'small'", "'large'"],
    "%%sql\nSELECT 1 FROM trips WHERE size IN ('small', '|": ["large'", "small'"],
    "%%sql\nSELECT 1 FROM flights AS a JOIN airlines AS b ON |": ["a.carrier = b.carrier"],
    "%%sql\nSELECT 1 SETTINGS max_thr|": ["max_threads = "],
    "x = %sql SELECT dep_| FROM flights": ["dep_delay"],
    "%%expect trips\nno nulls in mil|": ["miles"],
    "%%sql\nSELECT 1 WHERE a = {{chosen_o|": ["{{chosen_one}}"],
}


@pytest.mark.parametrize("code", COMPLETED)
def test_what_may_come_next(kernel: Kernel, code: str) -> None:
    kernel.run("chosen_one = 1")
    found = kernel.complete(code)
    assert set(COMPLETED[code]) <= set(found), found


def test_python_is_completed_as_ever(kernel: Kernel) -> None:
    kernel.run("import itertools")
    assert "itertools" in kernel.complete("iterto|")
    assert "origin" not in kernel.complete("ori|")
    assert "Create an object" not in kernel.inspect("%%sql\nSELECT obj|")
    assert "print" in kernel.inspect("pri|nt")


def test_what_was_used_before_comes_first(kernel: Kernel) -> None:
    for _ in range(3):
        kernel.run("%%sql\nSELECT max(miles) FROM trips WHERE month = 3")
    assert set(kernel.complete("%%sql\nSELECT m| FROM trips")[:3]) == {"miles", "month", "max("}


def test_what_a_name_means(kernel: Kernel) -> None:
    assert "toStartOfInterval" in kernel.inspect("%%sql\nSELECT toStartOfInt|erval(day) FROM trips")
    assert "INTERVAL" in kernel.inspect("%%sql\nSELECT toStartOfInterval(day, |")
    table = kernel.inspect("%%sql\nSELECT * FROM fli|ghts")
    assert "Departures" in table
    assert "Ordered by carrier, day" in table
    assert "LowCardinality(String)" in table
    assert "Nullable(Int16)" in kernel.inspect("%%sql\nSELECT del|ay FROM trips")
    assert "In the key" in kernel.inspect("%%sql\nSELECT t.carr|ier FROM trips AS t")
    assert kernel.inspect("%%sql\nSELECT 1 SETTINGS max_block|_size = 3").startswith("max_block_size")


def test_a_hint_says_what_would_read_less(session: Session) -> None:
    catalog = Catalog(session)
    assert hints(catalog, "SELECT count() FROM flights WHERE dep_delay > 3", 1000) == []
    said = hints(catalog, "SELECT count() FROM flights FINAL WHERE dep_delay > 3", MUCH)
    assert said[0] == "flights is ordered by carrier, day: a condition on carrier would read less of it."
    assert said[1].startswith("FINAL merges")
    assert hints(catalog, "SELECT count() FROM flights WHERE day > '2013-01-01'", MUCH) == []
    joined = "FROM flights AS f LEFT JOIN airlines AS a ON f.carrier = a.carrier WHERE f.carrier != 'UA' GROUP BY 1"
    unused = hints(catalog, f"SELECT f.origin, count() {joined}", MUCH)
    assert [one.partition(":")[0] for one in unused] == [
        "Nothing of airlines is used but the condition of its LEFT JOIN"
    ]
    for used in ("a.name", "name", "*"):
        assert hints(catalog, f"SELECT {used}, count() {joined}", MUCH) == [], used
    assert hints(catalog, f"SELECT f.origin {joined.replace('LEFT JOIN', 'JOIN')}", MUCH) == []
