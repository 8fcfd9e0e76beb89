"""Is a process number still the process it was? Numbers come back, the moment of a start does not."""

from pathlib import Path

_START_TIME = 19  # field 22 of /proc/<pid>/stat, counted after the name


def start_mark(pid: int) -> str | None:
    """Return what tells this process from others of its number; None when it is gone or cannot be told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else fields[_START_TIME - 1]
