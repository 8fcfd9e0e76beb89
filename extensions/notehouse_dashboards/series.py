"""The numbers this process counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

PAGES = Histogram("notehouse_dashboards_page_seconds", "Time to answer a page", ["page", "status"])
SNAPSHOTS = Counter("notehouse_dashboards_snapshots_total", "Snapshots made, by how it ended", ["outcome"])
WAITING = Gauge(
    "notehouse_dashboards_snapshots_waiting",
    "Snapshots that wait or are made now, of all servers together",
    ["status"],
)
LIVE = Gauge("notehouse_dashboards_live_pages", "Pages with a live kernel now")
TILES = Counter(
    "notehouse_dashboards_tiles_total", "Tiles answered by SQL, by where the answer came from", ["source"]
)
OPEN = Gauge("notehouse_dashboards_open_pages", "Pages that wait for news now")
