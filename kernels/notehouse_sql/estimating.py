"""What a statement would cost, told before it runs; above a tenant's threshold whoever runs the cell is asked."""

from __future__ import annotations

import time
from typing import Any

from notehouse_sql.errors import SqlError
from notehouse_sql.gateway import Statement
from notehouse_sql.progress import log_of, size
from notehouse_sql.session import Session

KEPT = 60.0  # seconds that the threshold is remembered


class Threshold:
    """Asks before a statement runs that would read more rows than the tenant wants read unasked."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read_at = -KEPT
        self._rows: int | None = None

    def check(self, statement: Statement, shell: Any) -> None:
        """Let a statement through, or ask. Raises SqlError when the answer is no."""
        most = self._most()
        if most is None:
            return
        try:
            found = self._session.gateway.estimate(statement)
        except SqlError:
            return  # a statement that cannot be estimated is judged where it runs
        if found["rows"] is not None and found["rows"] > most and not _agreed(shell, found):
            raise SqlError(
                "Not run. A condition on the table's key, or a sample (LIMIT, SAMPLE), reads less."
            )

    def _most(self) -> int | None:
        if time.monotonic() - self._read_at > KEPT:
            self._rows = self._session.gateway.limits()["ask_above_rows"]
            self._read_at = time.monotonic()
        return self._rows


def _agreed(shell: Any, found: dict[str, Any]) -> bool:
    """Ask whoever runs the cell; a notebook that runs alone goes on, and says so in its log."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None and not getattr(kernel, "_allow_stdin", False):
        log_of(kernel).info("%s; it runs, since there is nobody to ask", told(found))
        return True
    return input(f"{told(found)}. Run it? [y/N] ").strip().lower() in {"y", "yes"}


def told(found: dict[str, Any]) -> str:
    """An estimate in a sentence."""
    if found["rows"] is None:
        return "How much this query reads cannot be told before it runs"
    about = "about" if found["exact"] else "at most"
    parts = [f"This query reads {about} {found['rows']:,} rows"]
    if found["bytes"] is not None:
        parts.append(size(found["bytes"]))
    if found["parts"] is not None and found["tables"]:
        parts.append(f"{found['marks']:,} marks of {found['parts']:,} parts")
    if found["seconds"] is not None:
        parts.append(f"about {found['seconds']:.1f} s")
    said = ", ".join(parts)
    over = [_LIMITS[name].format(found["limits"][name]) for name in found["exceeds"]]
    return f"{said}. It would be stopped: {' and '.join(over)}" if over else said


_LIMITS = {
    "rows_to_read": "at most {:,} rows may be read (rows_to_read)",
    "execution_seconds": "it may run {:,} s (execution_seconds)",
}
