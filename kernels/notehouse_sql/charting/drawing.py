"""From counted rows to an Altair chart."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from notehouse_sql.charting import theme
from notehouse_sql.charting.axes import Bins, Column, Span
from notehouse_sql.charting.plan import MOST_WORDS, OTHER, Axis, Plan

_CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")


def drawn(plan: Plan) -> Any:
    """The chart, dressed."""
    make: dict[str, Callable[[Plan], Any]] = {
        "box": _box,
        "heatmap": _heatmap,
        "scatter": _scatter,
        "map": _map,
        "line": _line,
        "area": _area,
    }
    request = plan.request
    chart = make.get(plan.kind, _bars)(plan)
    if request.title or plan.note:
        chart = chart.properties(title={"text": request.title or [], "subtitle": plan.note or []})
    return theme.dressed(chart, request.theme)


def _base(plan: Plan, **sizes: int) -> Any:
    import altair as alt

    data = alt.Data(values=[_short(row) for row in _at_edges(plan)])  # type: ignore[no-untyped-call]
    return alt.Chart(data).properties(**{"width": plan.request.width, "height": plan.request.height, **sizes})


def _at_edges(plan: Plan) -> list[dict[str, Any]]:
    """Rows with the place of a bin turned into where it begins."""
    rows = plan.rows
    for name, how in (("x", plan.x), ("y", plan.y)):
        if isinstance(how, Bins):
            rows = [{**row, name: how.edge(int(row[name]))} for row in rows]
    return rows


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in row.items()}


def _title(column: Column | None, how: Axis = None) -> str:
    if column is None:
        return ""
    return f"{column.title} (by {_spelled(how)})" if isinstance(how, Span) else column.title


def _spelled(span: Span) -> str:
    return span.unit if span.number == 1 else f"{span.number} {span.unit}s"


def _position(channel: Any, name: str, column: Column, how: Axis, **options: Any) -> Any:
    """An axis for bins (numbers), spans (times) or words."""
    title = _title(column, how)
    match how:
        case Bins():
            return channel(f"{name}:Q", title=title, **options)
        case Span():
            return channel(f"{name}:T", title=title, **options)
    options.pop("scale", None)
    return channel(f"{name}:{'O' if column.whole else 'N'}", title=title, **options)


def _amounts() -> Any:
    """Amounts in thousands and millions; nought is just 0."""
    import altair as alt

    return alt.Axis(format="~s", labelExpr="datum.value === 0 ? '0' : datum.label")


def _value(channel: Any, plan: Plan, **options: Any) -> Any:
    return channel("v:Q", title=plan.value_title, **options)


def _colour(plan: Plan) -> dict[str, Any]:
    """The legend of colours; a click on it takes one out of the others."""
    import altair as alt

    if plan.columns.color is None:
        return {"color": alt.value(theme.BLUE)}
    words = sorted({str(row["c"]) for row in plan.rows}, key=lambda word: (word == OTHER, word))
    colours = [
        theme.PALETTE[-1] if word == OTHER else theme.PALETTE[place] for place, word in enumerate(words)
    ]
    scale = alt.Scale(domain=words, range=colours)
    return {
        "color": alt.Color(
            "c:N", title=plan.columns.color.title, scale=scale, legend=alt.Legend(orient="top")
        )
    }


def _picked(chart: Any, plan: Plan) -> Any:
    """Let a click on the legend pick a colour."""
    import altair as alt

    if plan.columns.color is None:
        return chart
    pick = alt.selection_point(fields=["c"], bind="legend", name="colour")
    return chart.encode(opacity=alt.condition(pick, alt.value(1), alt.value(0.15))).add_params(pick)


def _tips(plan: Plan, *names: str) -> list[Any]:

    titles = {"x": plan.columns.x.title, "y": _title(plan.columns.y), "c": _title(plan.columns.color)}
    titles |= {"v": plan.value_title, "n": "rows", "low": "5th percentile", "first": "first quartile"}
    titles |= {"middle": "median", "third": "third quartile", "high": "95th percentile"}
    return [
        _tip(name, titles[name], next((row[name] for row in plan.rows if row[name] is not None), ""))
        for name in names
    ]


def _tip(name: str, title: str, example: Any) -> Any:
    import altair as alt

    if isinstance(example, str) and _CLOCK.match(example):
        return alt.Tooltip(f"{name}:T", title=title, format="%Y-%m-%d %H:%M")
    kind = "N" if isinstance(example, str) else "Q"
    options: dict[str, Any] = {} if kind == "N" else {"format": ",.6~g"}
    return alt.Tooltip(f"{name}:{kind}", title=title, **options)


def _series_tips(plan: Plan) -> list[Any]:
    return _tips(plan, "x", *(("c",) if plan.columns.color else ()), "v")


def _ends(plan: Plan, name: str, how: Bins) -> dict[str, str]:
    """The formula of a bin's other end: what can be computed does not travel."""
    return {f"{name}2": f"datum.{name} + {how.width:.10g}"}


def _bars(plan: Plan) -> Any:
    import altair as alt

    value = _value(alt.Y, plan, stack="zero", axis=_amounts())
    if isinstance(plan.x, Bins):
        chart = _base(plan).transform_calculate(**_ends(plan, "x", plan.x)).mark_bar(binSpacing=0.6)
        x = alt.X("x:Q", bin="binned", title=_title(plan.columns.x), axis=alt.Axis(grid=False))
        return _picked(
            chart.encode(x=x, x2="x2:Q", y=value, tooltip=_series_tips(plan), **_colour(plan)), plan
        )
    if isinstance(plan.x, Span):
        chart = _base(plan).mark_bar(width={"band": 0.9} if plan.x.unit in _TIME_UNITS else 4)
        x = alt.X(
            "x:T", title=_title(plan.columns.x, plan.x), axis=alt.Axis(grid=False), **_time_unit(plan.x)
        )
        return _picked(chart.encode(x=x, y=value, tooltip=_series_tips(plan), **_colour(plan)), plan)
    if plan.columns.x.whole:
        x = alt.X("x:O", title=plan.columns.x.title, axis=alt.Axis(labelAngle=0, labelOverlap=True))
        chart = _base(plan).mark_bar(cornerRadiusEnd=2)
        return _picked(chart.encode(x=x, y=value, tooltip=_series_tips(plan), **_colour(plan)), plan)
    words = len({row["x"] for row in plan.rows})
    y = alt.Y("x:N", title=plan.columns.x.title, sort="-x", axis=alt.Axis(ticks=False, domain=False))
    chart = _base(plan, height=min(max(words, 3), MOST_WORDS) * 20).mark_bar(cornerRadiusEnd=2)
    across = _value(alt.X, plan, stack="zero", axis=_amounts())
    return _picked(chart.encode(x=across, y=y, tooltip=_series_tips(plan), **_colour(plan)), plan)


_TIME_UNITS = {
    "year": "year", "quarter": "yearquarter", "month": "yearmonth", "day": "yearmonthdate",
    "hour": "yearmonthdatehours", "minute": "yearmonthdatehoursminutes",
}  # fmt: skip


def _time_unit(span: Span) -> dict[str, Any]:
    """How wide a bar of time is, where the calendar has a word for it."""
    return {"timeUnit": _TIME_UNITS[span.unit]} if span.number == 1 and span.unit in _TIME_UNITS else {}


def _line(plan: Plan) -> Any:
    import altair as alt

    chart = _base(plan).mark_line(strokeWidth=2, point=len(plan.rows) <= 40, strokeJoin="round")
    return _along(chart, plan, _value(alt.Y, plan, scale=alt.Scale(zero=False), axis=_amounts()))


def _area(plan: Plan) -> Any:
    import altair as alt

    chart = _base(plan).mark_area(opacity=0.8, line=plan.columns.color is None)
    return _along(chart, plan, _value(alt.Y, plan, stack="zero", axis=_amounts()))


def _along(chart: Any, plan: Plan, y: Any) -> Any:
    import altair as alt

    axis = alt.Axis(grid=False, labelAngle=0, labelOverlap=True, **_marks(plan.columns.x, plan.x))
    x = _position(alt.X, "x", plan.columns.x, plan.x, axis=axis)
    return _picked(chart.encode(x=x, y=y, tooltip=_series_tips(plan), **_colour(plan)), plan)


def _marks(column: Column, how: Axis) -> dict[str, Any]:
    """Whole numbers are marked at whole numbers."""
    return {"tickMinStep": 1} if isinstance(how, Bins) and column.whole else {}


def _heatmap(plan: Plan) -> Any:
    import altair as alt

    chart, encoded = _base(plan), dict[str, Any]()
    for name, channel, column, how in (
        ("x", alt.X, plan.columns.x, plan.x),
        ("y", alt.Y, plan.columns.y, plan.y),
    ):
        assert column is not None  # noqa: S101 - a heat map has both
        chart, more = _side(chart, plan, name, channel, column, how)
        encoded |= more
    scale = alt.Scale(range=theme.deep(plan.request.theme))
    color = alt.Color("v:Q", title=plan.value_title, scale=scale, legend=alt.Legend(format="~s"))
    return chart.mark_rect(stroke=None).encode(color=color, tooltip=_tips(plan, "x", "y", "v"), **encoded)


def _side(
    chart: Any, plan: Plan, name: str, channel: Any, column: Column, how: Axis
) -> tuple[Any, dict[str, Any]]:
    """One side of a heat map: bins and spans from end to end, words in bands."""
    import altair as alt

    axis = alt.Axis(grid=False, domain=False, ticks=False, labelAngle=0, labelOverlap=True)
    if isinstance(how, Bins):
        scale = alt.Scale(domain=[how.edge(0), how.edge(how.count)], nice=False)
        chart = chart.transform_calculate(**_ends(plan, name, how))
        return chart, {
            name: channel(f"{name}:Q", bin="binned", title=column.title, axis=axis, scale=scale),
            f"{name}2": f"{name}2:Q",
        }
    if isinstance(how, Span) and how.number == 1 and how.unit in _TIME_UNITS:
        unit = _TIME_UNITS[how.unit]
        return chart, {name: channel(f"{name}:T", timeUnit=unit, title=_title(column, how), axis=axis)}
    if isinstance(how, Span):
        axis = alt.Axis(
            grid=False, domain=False, ticks=False, labelOverlap=True, labelExpr="slice(datum.label, 0, 10)"
        )
        return chart, {name: channel(f"{name}:O", title=_title(column, how), axis=axis)}
    kind, order = ("O", "ascending") if column.whole else ("N", "ascending")
    return chart, {name: channel(f"{name}:{kind}", title=column.title, axis=axis, sort=order)}


def _box(plan: Plan) -> Any:
    """Quartiles as a bar, the 5th to the 95th percentile as a line through it."""
    import altair as alt

    column = plan.columns.x
    one = all(row["x"] == "" for row in plan.rows)
    side = alt.value(plan.request.height // 4) if one else _box_side(plan, column)
    y = alt.Y("low:Q", title=plan.request.y, scale=alt.Scale(zero=False))
    tips = _tips(plan, *(() if one else ("x",)), "low", "first", "middle", "third", "high", "n")
    base = _base(plan, **({"width": plan.request.height // 2} if one else {}))
    base = base.encode(x=side, tooltip=tips)
    line = base.mark_rule(color=theme.BLUE, strokeWidth=1.5).encode(y=y, y2="high:Q")
    size = max(4, min(28, plan.request.width // (2 * max(len(plan.rows), 1))))
    box = base.mark_bar(color=theme.BLUE, size=size, cornerRadius=2).encode(y="first:Q", y2="third:Q")
    middle = base.mark_tick(color="#ffffff", thickness=2, size=size).encode(y="middle:Q")
    return alt.layer(line, box, middle)


def _box_side(plan: Plan, column: Column) -> Any:
    import altair as alt

    if isinstance(plan.x, Span):
        return alt.X("x:T", title=_title(column, plan.x), axis=alt.Axis(grid=False), **_time_unit(plan.x))
    axis = alt.Axis(grid=False, labelOverlap=True, labelAngle=-40 if column.role == "category" else 0)
    return alt.X("x:O", title=column.title, axis=axis)


def _scatter(plan: Plan) -> Any:
    import altair as alt

    assert plan.columns.y is not None  # noqa: S101 - a scatter plot has both
    half = _half(plan)
    middle = _base(plan).transform_calculate(
        **{f"{name}m": f"datum.{name} + {half[name]:.10g}" for name in half}
    )
    names = {name: f"{name}m" if name in half else name for name in ("x", "y")}
    x = _point_axis(alt.X, names["x"], plan.columns.x)
    return _dots(middle if half else _base(plan), plan).encode(
        x=x, y=_point_axis(alt.Y, names["y"], plan.columns.y)
    )


def _half(plan: Plan) -> dict[str, float]:
    """Half the width of each bin: a bin's point lies in its middle."""
    return {name: how.width / 2 for name, how in (("x", plan.x), ("y", plan.y)) if isinstance(how, Bins)}


def _largest(plan: Plan) -> int:
    """The area of a circle that fills its bin."""
    sides = [
        size / how.count
        for how, size in ((plan.x, plan.request.width), (plan.y, plan.request.height))
        if isinstance(how, Bins)
    ]
    return round(0.75 * min([*sides, 18]) ** 2)


def _point_axis(channel: Any, name: str, column: Column) -> Any:
    import altair as alt

    kind = "T" if column.role == "moment" else "Q"
    return channel(
        f"{name}:{kind}", title=column.title, scale=alt.Scale(zero=False), axis=alt.Axis(labelOverlap=True)
    )


def _dots(chart: Any, plan: Plan) -> Any:
    """Circles: of one size for points, by their count where they are binned."""
    import altair as alt

    binned = bool(plan.rows) and "n" in plan.rows[0]
    names: list[str] = [name for name in ("x", "y", "c", "n", "v") if plan.rows and name in plan.rows[0]]
    size = (
        alt.Size("n:Q", title="rows", scale=alt.Scale(type="sqrt", range=[2, _largest(plan)]))
        if binned
        else alt.value(22)
    )
    shade = _shade(plan, names)
    return chart.mark_circle(opacity=0.75).encode(size=size, tooltip=_tips(plan, *names), **shade)


def _shade(plan: Plan, names: list[str]) -> dict[str, Any]:
    import altair as alt

    column = plan.columns.color
    if column is None:
        return {"color": alt.value(theme.BLUE)}
    if column.role != "number":
        return _colour(plan)
    title = plan.value_title if "v" in names else column.title
    scale = alt.Scale(range=["#3b6fd4", "#e0912f"])
    return {"color": alt.Color(f"{'v' if 'v' in names else 'c'}:Q", title=title, scale=scale)}


def _map(plan: Plan) -> Any:
    """Points on a map without a background from elsewhere: lines of latitude and longitude show where they lie."""
    import altair as alt

    places = _at_edges(plan)
    half = {"x": 0.0, "y": 0.0, **_half(plan)}
    ends = [
        [min(row[name] for row in places) - 1, max(row[name] for row in places) + 2 * half[name] + 1]
        for name in half
    ]
    box: dict[str, Any] = {"extent": [[ends[0][0], max(ends[1][0], -85)], [ends[0][1], min(ends[1][1], 85)]]}
    step = max(1, round(max(ends[0][1] - ends[0][0], ends[1][1] - ends[1][0]) / 10))
    ground = alt.Chart(alt.graticule(**box, step=[step, step])).mark_geoshape(
        filled=False, stroke="#7a849644", strokeWidth=0.8
    )
    middle = _base(plan).transform_calculate(
        longitude=f"datum.x + {half['x']:.10g}", latitude=f"datum.y + {half['y']:.10g}"
    )
    dots = _dots(middle, plan).encode(longitude="longitude:Q", latitude="latitude:Q")
    sizes = {"width": plan.request.width, "height": plan.request.height}
    return alt.layer(ground, dots).project("mercator").properties(**sizes)
