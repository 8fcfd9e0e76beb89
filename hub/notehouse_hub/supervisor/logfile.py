"""Where does what a process prints go?"""

from pathlib import Path

_LARGEST = 20_000_000  # bytes
_KEPT = 3


def rotate(log: Path, largest: int = _LARGEST, kept: int = _KEPT) -> None:
    """Move a log that has grown too large aside; called before a start, when nobody writes to it."""
    if not log.exists() or log.stat().st_size < largest:
        return
    for number in range(kept - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    log.replace(log.with_name(f"{log.name}.1"))


def tail(log: Path, lines: int = 12) -> str:
    """Return the last lines of a log, for a message that must say why."""
    if not log.exists():
        return ""
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - 16_384))
        text = handle.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
