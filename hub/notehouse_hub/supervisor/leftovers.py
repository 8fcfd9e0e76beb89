"""What did an earlier supervisor leave behind when it was killed?

While it runs, the supervisor writes down every process below it. After a `kill -9` the next start finds
those that still are the same processes (number and start time agree), and everything below them, and ends
them.
"""

import json
import os
from pathlib import Path

from notehouse_hub.supervisor import process_table, reaper
from notehouse_hub.supervisor.process_table import Entry


class Register:
    """The file that remembers what runs."""

    def __init__(self, run: Path) -> None:
        self._file = run / "processes.json"
        self._written: list[tuple[int, int]] | None = None

    def write(self, table: dict[int, Entry]) -> None:
        """Write down all processes of a table that are below us, if that has changed."""
        below = process_table.descendants([os.getpid()], table)
        now = sorted(entry.identity for entry in below if not entry.zombie)
        if now == self._written:
            return
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps({"machine": machine_start(), "processes": now}))
        draft.replace(self._file)
        self._written = now

    def clear(self) -> None:
        """Forget: everything has ended."""
        self._file.unlink(missing_ok=True)

    def survivors(self) -> list[Entry]:
        """Return what still runs of what an earlier supervisor wrote down, and all that is below it."""
        if not self._file.exists():
            return []
        content = json.loads(self._file.read_text())
        if content["machine"] != machine_start():
            return []
        table = process_table.everything()
        known = {(pid, started) for pid, started in content["processes"]}
        roots = [entry for entry in table.values() if entry.identity in known]
        sessions = {entry.pid for entry in roots}
        found = {e.pid: e for e in [*roots, *process_table.descendants([e.pid for e in roots], table)]}
        found |= {e.pid: e for e in table.values() if e.session in sessions}
        return [entry for entry in found.values() if not entry.zombie and entry.pid != os.getpid()]


def machine_start() -> str:
    """Return what tells this run of the machine from others: pids and start times begin anew with it."""
    file = Path("/proc/sys/kernel/random/boot_id")
    return file.read_text().strip() if file.exists() else ""


async def end_survivors(register: Register, patience: float = 5.0) -> int:
    """End what an earlier supervisor left; return how many processes that were."""
    found = register.survivors()
    if found:
        await reaper.end(found, patience)
    register.clear()
    return len(found)
