"""How much memory does a process hold alone, and how much with others? As Linux counts it."""

from pathlib import Path


def private_megabytes(pid: int) -> float:
    """Return what ends with the process; 0 when it has ended."""
    return _sum(pid, "Private_Clean", "Private_Dirty")


def proportional_megabytes(pid: int) -> float:
    """Return the same with its share of what is shared; 0 when it has ended."""
    return _sum(pid, "Pss")


def _sum(pid: int, *names: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.split(":")[0] in names) / 1024
