"""The processes of a platform as a table for people."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from notehouse_hub.supervisor.status import READY, STOPPED, STOPPING, Status, now

_STYLES = {READY: "green", STOPPED: "dim", STOPPING: "dim"}


def table_of(status: Status) -> Table:
    """Return a line for each process; in a narrow terminal its last message gives way."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("  process", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("pid", "up", "memory", "restarts"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("last message")
    for one in status.processes:
        up = duration(now() - one.since) if one.since and one.pid else ""
        memory = f"{one.memory / 1e6:,.0f} MB" if one.memory and one.pid else ""
        said = Text(one.message, style="dim", no_wrap=True, overflow="ellipsis")
        table.add_row(
            f"  {one.name}", Text(one.state, style=_STYLES.get(one.state, "yellow")),
            str(one.pid or ""), up, memory, str(one.restarts or ""), said,
        )  # fmt: skip
    return table


def duration(seconds: float) -> str:
    """Return a duration in its two largest units."""
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} m"
    return f"{minutes} m {whole % 60} s" if minutes else f"{whole} s"
