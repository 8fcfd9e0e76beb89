"""What a platform's logs say last, for the report of a test that failed while it ran."""

from __future__ import annotations

import json
from pathlib import Path

LINES = 12  # of each log; reports are read by people
_TAIL = 60_000  # bytes
_TROUBLE = ("warning", "error", "critical")


def excerpt(logs: Path) -> str:
    """Return the last lines of the dashboards' log, and the last troubles that all of them tell of."""
    parts = [f"== {logs / 'dashboards.log'}", *_last(logs / "dashboards.log", trouble=False)]
    for log in sorted(logs.rglob("*.log")):
        if troubles := _last(log, trouble=True):
            parts += [f"== troubles in {log}", *troubles]
    return "\n".join(parts)


def _last(log: Path, *, trouble: bool) -> list[str]:
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        lines = file.read().decode(errors="replace").splitlines()
    return [_short(line) for line in lines if not trouble or _is_trouble(line)][-LINES:]


def _is_trouble(line: str) -> bool:
    return any(f'"level": "{level}"' in line for level in _TROUBLE) and "XSRF" not in line


def _short(line: str) -> str:
    try:
        told = json.loads(line)
    except ValueError:
        return line[:300]
    return f"{told.get('time', '')[11:19]} {told.get('logger', '')}: {told.get('message', '')}"[:300]
