"""`notehouse status`: how is the platform that runs on this machine?"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from notehouse_hub.supervisor.status import StatusFile, now
from notehouse_hub.supervisor.status_table import duration, table_of

NOT_RUNNING = 3  # as service managers say it


def show(data: Path, *, as_json: bool) -> int:
    """Print it; return 0 when every process is ready, 1 when one is not, 3 when nothing runs."""
    found = StatusFile(data).read()
    if found is None:
        said = f"No Notehouse of yours runs on {data}. Start one with: notehouse up --data {data}"
        print(json.dumps({"running": False}) if as_json else said)
        return NOT_RUNNING
    if as_json:
        print(json.dumps({"running": True, "ready": found.all_ready, **asdict(found)}, indent=1))
    else:
        console = Console(highlight=False)
        console.print(f"Notehouse is at {found.url}, up for {duration(now() - found.since)}", soft_wrap=True)
        console.print(table_of(found))
    return 0 if found.all_ready else 1
