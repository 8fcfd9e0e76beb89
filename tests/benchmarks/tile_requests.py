"""The table of a published dashboard, as a page asks for it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from benchmarks.stage import Stage
from notehouse_core.paths import shared

PAGE = "/services/dashboards/united/punctuality"
SQL = """SELECT dest AS destination, count() AS flights, round(avg(arr_delay), 1) AS mean_delay,
    round(quantile(0.95)(arr_delay)) AS one_in_twenty
FROM flights.flights
WHERE carrier = 'UA' AND arr_delay IS NOT NULL AND month BETWEEN {first_month:Int64} AND {last_month:Int64}
    AND ({origin:String} = 'all' OR origin = {origin:String})
GROUP BY dest HAVING flights >= 100 ORDER BY mean_delay DESC LIMIT 12"""


@dataclass(frozen=True)
class TileRequests:
    """Addresses of one tile for one page view."""

    stage: Stage
    tile: str
    token: str

    @classmethod
    def of(cls, stage: Stage) -> TileRequests:
        """Publish the dashboard anew, and open it as a viewer."""
        stage.publish(
            "united-analyst", "united:punctuality", shared("notebooks") / "examples" / "punctuality.ipynb"
        )
        with stage.api("united-analyst") as api:
            newest = api.get("dashboards/united:punctuality/versions").raise_for_status().json()["items"][0]
        tile = next(one["id"] for one in newest["tiles"] if one["is_table"] and not one["needs_python"])
        page = stage.person("united-viewer").get(PAGE).raise_for_status().text
        found = re.search(r'<iframe[^>]*\ssrc="([^"]+)"', page)
        if found is None:
            raise ValueError("the page shows no dashboard")
        return cls(stage, tile, parse_qs(urlsplit(html.unescape(found[1])).query)["token"][0])

    def path(self, **filters: object) -> str:
        """Where the tile's rows are with these filters."""
        return f"{PAGE}/tiles/{self.tile}?{urlencode({'token': self.token, **filters})}"

    def asked(self) -> float:
        """How many tiles went to the database so far."""
        url = f"http://127.0.0.1:{self.stage.port + 5}/services/dashboards/metrics"
        text = httpx.get(url, timeout=30, trust_env=False).text
        found = re.search(r'^notehouse_dashboards_tiles_total\{source="asked"\} (\S+)$', text, re.MULTILINE)
        return float(found[1]) if found else 0.0
