"""What the kernel of P11 runs: charts and their aggregates raw, in turns; times in milliseconds."""

from __future__ import annotations

import re
import time
import urllib.request
from typing import Any

from benchmarks.direct import arrow_client
from notehouse_sql import chart
from notehouse_sql.session import Session, current

TURNS = 3
# What a chart is asked, and the same as somebody would write it who knows the bins.
CHARTS: dict[str, tuple[dict[str, str], str]] = {
    "histogram": (
        {"x": "delay", "kind": "histogram"},
        "SELECT intDiv(delay, 20) AS a, count() AS v FROM {} GROUP BY a ORDER BY a",
    ),
    "time series": (
        {"x": "at", "y": "delay", "kind": "line"},
        "SELECT toStartOfMonth(at) AS a, avg(delay) AS v FROM {} GROUP BY a ORDER BY a",
    ),
    "heat map": (
        {"x": "minute", "y": "delay", "kind": "heatmap"},
        "SELECT intDiv(minute, 50) AS a, intDiv(delay, 50) AS b, count() AS v FROM {} GROUP BY a, b ORDER BY a, b",
    ),
}
_METRIC = r"^notehouse_query_gateway_{} (\d+)$"


def charts(table: str, gateway: str, url: str, key: str) -> dict[str, Any]:
    """Return what each chart cost, what its aggregate costs raw, and the bytes of a million rows in a page."""
    raw = arrow_client(url, {"X-Notehouse-Key": key})
    found: dict[str, Any] = {
        name: _one(table, request, statement.format(table), gateway, raw)
        for name, (request, statement) in CHARTS.items()
    }
    rows = raw(f"SELECT delay FROM {table} LIMIT 1000000").to_pandas()
    found["inline"] = len(rows.to_json(orient="records"))
    return found


def _one(table: str, request: dict[str, str], statement: str, gateway: str, raw: Any) -> dict[str, Any]:
    answers = _listen(current())
    chart(table, **request)  # type: ignore[arg-type]
    mine, theirs = answers[-1], raw(statement)
    drawn, alone, sent = [], [], []
    for _ in range(TURNS):
        before, began = _answered(gateway), time.perf_counter()
        chart(table, **request)  # type: ignore[arg-type]
        drawn.append((time.perf_counter() - began) * 1000)
        sent.append(_answered(gateway) - before)
        began = time.perf_counter()
        raw(statement)
        alone.append((time.perf_counter() - began) * 1000)
    del current().fetch
    same = mine.column("nh_v").to_pylist() == theirs.column("v").to_pylist()
    return {"chart": drawn, "raw": alone, "sent": min(sent), "rows": mine.num_rows, "same": same}


def _listen(session: Session) -> list[Any]:
    """Note the answer of every statement of a session."""
    answers: list[Any] = []
    fetch = session.fetch

    def noting(statement: Any, limit: int | None) -> Any:
        found = fetch(statement, limit)
        answers.append(found.table)
        return found

    session.fetch = noting  # type: ignore[method-assign]
    return answers


def _answered(gateway: str) -> int:
    """Bytes of all answers, once none is on its way: one that is whole for its reader is counted a moment later."""
    while True:
        with urllib.request.urlopen(f"{gateway}/metrics", timeout=10) as answer:
            said = answer.read().decode()
        if not _metric(said, "running"):
            return _metric(said, "answer_bytes_total")
        time.sleep(0.01)


def _metric(said: str, name: str) -> int:
    return int(re.findall(_METRIC.format(name), said, re.MULTILINE)[0])
