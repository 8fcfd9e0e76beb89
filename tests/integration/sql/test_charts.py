"""Charts count in ClickHouse what raw SQL counts, move little, and look well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import vl_convert

from notehouse_sql import snippets
from notehouse_sql.charting import heat_map
from notehouse_sql.charting.chart import draw
from notehouse_sql.charting.request import ChartRequest, parse
from notehouse_sql.charting.sqlplot import MOST_SLICES, plotted, rendered
from notehouse_sql.errors import SqlError
from notehouse_sql.relation import relation
from notehouse_sql.session import Session

PICTURES = Path(__file__).parents[2] / "screenshots"
KINDS: dict[str, dict[str, Any]] = {
    "bar": {"x": "carrier", "y": "delay"},
    "bar_months": {"x": "month", "color": "carrier", "kind": "bar"},
    "bar_weeks": {"x": "day", "y": "miles", "agg": "sum", "kind": "bar", "bins": "month"},
    "line": {"x": "at", "y": "delay", "color": "carrier"},
    "area": {"x": "at", "color": "size", "kind": "area"},
    "histogram": {"x": "delay"},
    "heatmap": {"x": "miles", "y": "delay", "kind": "heatmap"},
    "heatmap_words": {"x": "month", "y": "carrier", "color": "delay", "agg": "avg"},
    "heatmap_times": {"x": "day", "y": "toHour(at)", "kind": "heatmap", "bins": "month"},
    "box": {"x": "carrier", "y": "delay", "kind": "box"},
    "box_alone": {"x": "miles", "kind": "box"},
    "scatter": {"x": "miles", "y": "delay", "title": "Miles and minutes"},
    "scatter_colour": {"x": "miles", "y": "delay", "color": "size"},
    "map": {"x": "lon", "y": "lat", "kind": "map"},
}


def drawn(session: Session, **asked: Any) -> dict[str, Any]:
    spec: dict[str, Any] = draw(session, relation("flights.trips"), ChartRequest(**asked)).to_dict()
    return spec


def rows_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    found = spec.get("data") or next(
        layer["data"] for layer in spec["layer"] if "values" in layer.get("data", {})
    )
    values: list[dict[str, Any]] = found["values"]
    return values


def raw(session: Session, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in session.ask(sql).table.to_pylist()]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_kind_is_drawn_from_a_little_data(session: Session, name: str, theme: str) -> None:
    spec = drawn(session, **{"theme": theme, **KINDS[name]})
    assert len(rows_of(spec)) > 0
    assert len(json.dumps(rows_of(spec), separators=(",", ":"))) < 60_000
    PICTURES.mkdir(exist_ok=True)
    png = vl_convert.vegalite_to_png(spec, scale=1.5, allowed_base_urls=[])
    (PICTURES / f"chart-{name}-{theme}.png").write_bytes(png)
    assert vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]).startswith("<svg")


def test_whole_numbers_are_marked_at_whole_numbers(session: Session) -> None:
    assert drawn(session, x="month", y="delay", kind="line")["encoding"]["x"]["axis"]["tickMinStep"] == 1
    assert "tickMinStep" not in drawn(session, x="miles", y="delay", kind="line")["encoding"]["x"]["axis"]


def test_a_histograms_bins_are_those_of_raw_sql(session: Session) -> None:
    for column, width in (("delay", 2), ("month", 1), ("miles", 50), ("n", 5000), ("price", 20)):
        shown = {row["x"]: row["v"] for row in rows_of(drawn(session, x=column))}
        counted = raw(
            session,
            f"SELECT toFloat64(floor(toFloat64({column}) / {width}) * {width}) AS a, count() FROM flights.trips "
            f"WHERE {column} IS NOT NULL GROUP BY a ORDER BY a",
        )
        assert shown == dict(counted), column
    for column in ("delay", "n"):
        for bins in ("7", "1"):
            asked = rows_of(drawn(session, x=column, bins=bins))
            assert len(asked) <= max(int(bins), 2)
            total = raw(session, f"SELECT count({column}) FROM flights.trips")[0][0]
            assert sum(row["v"] for row in asked) == total


def test_a_time_series_is_cut_where_its_own_zone_cuts(session: Session) -> None:
    shown = {row["x"]: row["v"] for row in rows_of(drawn(session, x="at", y="delay", bins="day"))}
    counted = raw(
        session,
        "SELECT formatDateTime(toStartOfDay(at), '%Y-%m-%dT%H:%i:%S') AS a, avg(delay) FROM flights.trips GROUP BY a",
    )
    assert set(shown) == {day for day, _ in counted}
    assert all(abs(shown[day] - mean) < 1e-4 for day, mean in counted)


def test_a_heat_map_counts_what_raw_sql_counts(session: Session) -> None:
    shown = {
        (row["x"], row["y"]): row["v"]
        for row in rows_of(drawn(session, x="miles", y="delay", kind="heatmap"))
    }
    counted = raw(
        session,
        "SELECT floor(miles / 100) * 100 AS a, floor(delay / 5) * 5 AS b, count() FROM flights.trips "
        "WHERE delay IS NOT NULL GROUP BY a, b",
    )
    assert shown == {(a, b): count for a, b, count in counted}


WITH_BOTH_SIGNS = (
    "SELECT toInt16(toInt16(number * 7 % 3001) - 1500) AS x, toUInt8(number % 251) AS y FROM numbers(90000)"
)
LARGER_LATER = (
    "SELECT toUInt16(if(number > 80000, number % 50000, number % 400)) AS x, toInt16(number % 299 - 149) AS y "
    "FROM numbers(90000)"
)


@pytest.mark.parametrize(
    ("table", "readings"), [(WITH_BOTH_SIGNS, 2), (LARGER_LATER, 4)], ids=["guessed", "guessed wrong"]
)
@pytest.mark.parametrize("bins", ["", "9"])
def test_a_heat_map_in_one_reading_is_the_same(
    session: Session, monkeypatch: pytest.MonkeyPatch, table: str, readings: int, bins: str
) -> None:
    """The first rows suggest its bins; where they mislead, the ends of all rows are read."""
    monkeypatch.setattr(heat_map, "_FIRST", 1000)
    asked: list[str] = []
    ask = session.ask

    def noting(text: str, *rest: Any, **more: Any) -> Any:
        asked.append(text)
        return ask(text, *rest, **more)

    def shown() -> Any:
        wanted = ChartRequest(x="x", y="y", kind="heatmap", bins=bins)
        return rows_of(draw(session, relation(table), wanted).to_dict())

    monkeypatch.setattr(session, "ask", noting)
    found = shown()
    assert len([one for one in asked if "nh_" in one]) == readings
    monkeypatch.setattr(heat_map, "at_once", lambda *_: None)
    assert found == shown()


def test_words_beyond_the_most_frequent_are_one(session: Session) -> None:
    shown = rows_of(drawn(session, x="month", color="carrier", kind="bar"))
    assert {row["c"] for row in shown} >= {"other", "UA"}
    assert len({row["c"] for row in shown}) == 9
    assert sum(row["v"] for row in shown) == 200_000
    largest = drawn(session, x="toString(n)", kind="bar")
    assert len(rows_of(largest)) == 30
    assert largest["title"]["subtitle"] == "the 30 largest of 200,000"


def test_names_that_are_odd_or_like_our_own_are_no_obstacle(session: Session) -> None:
    assert len(rows_of(drawn(session, x="odd name"))) == 5
    one = relation("SELECT number % 7 AS v, number % 3 AS n, toString(number % 4) AS c FROM numbers(1000)")
    spec = draw(session, one, ChartRequest(x="v", y="n", color="c", agg="sum", kind="bar")).to_dict()
    assert sum(row["v"] for row in rows_of(spec)) == sum(number % 3 for number in range(1000))


def test_a_request_that_makes_no_chart_is_told_what_to_do(session: Session) -> None:
    with pytest.raises(SqlError, match="no chart 'pie'"):
        parse("x=a kind=pie")
    with pytest.raises(SqlError, match="no agg 'most'"):
        parse("x=a y=b agg=most")
    with pytest.raises(SqlError, match="nothing to draw"):
        draw(session, relation("SELECT 1 AS a WHERE 0"), ChartRequest(x="a"))
    with pytest.raises(SqlError, match="is neither"):
        relation("DROP TABLE a")
    with pytest.raises(SqlError, match="no avg"):
        drawn(session, x="day", y="carrier", kind="line")
    assert parse("trips x=month y='delay + 1' agg=p95") == (
        "trips",
        ChartRequest(x="month", y="delay + 1", agg="p95"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "histogram -t flights.trips -c delay --bins 20",
        "box -t flights.trips -c miles",
        "bar --table trips --schema flights --column carrier",
        "bar -t flights.trips -c carrier miles",
    ],
)
def test_plots_in_the_words_of_jupysql(session: Session, line: str) -> None:
    spec = plotted(session, line).to_dict()
    assert vl_convert.vegalite_to_svg(json.dumps(spec)).startswith("<svg")
    assert len(json.dumps(spec)) < 50_000


def test_a_pie_is_counted_in_the_database(session: Session) -> None:
    PICTURES.mkdir(exist_ok=True)
    for column, slices in (("size", 2), ("carrier", MOST_SLICES)):
        spec = plotted(session, f"pie -t flights.trips -c {column}").to_dict()
        (values,) = spec["datasets"].values() if "datasets" in spec else [spec["data"]["values"]]
        png = vl_convert.vegalite_to_png(json.dumps(spec), scale=2)
        (PICTURES / f"chart-pie-{column}.png").write_bytes(png)
        assert len(values) == slices
        assert sum(one["rows"] for one in values) == 200_000


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("violin -t flights.trips -c delay", "invalid choice"),
        ("pie -t flights.trips", "required"),
        ("bar -t flights.trips -c nothing", "no column nothing"),
        ("box -t flights.trips -c miles delay", "one column"),
    ],
)
def test_what_cannot_be_plotted_is_said(session: Session, line: str, said: str) -> None:
    with pytest.raises(SqlError, match=said):
        plotted(session, line)


def test_a_saved_query_is_shown_whole() -> None:
    snippets.keep("nh_far", "SELECT * FROM flights.trips WHERE miles > 1000", ())
    snippets.keep("nh_far_late", "SELECT * FROM nh_far WHERE delay > 60", ("nh_far",))
    assert "miles > 1000" in rendered("nh_far_late")
    assert rendered("nh_far_late").strip().startswith("WITH")
