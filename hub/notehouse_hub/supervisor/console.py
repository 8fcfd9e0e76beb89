"""What does the person who started the platform see?"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console as RichConsole
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_LINE_EVERY = 5.0  # seconds between lines about a long step, where no bar can be drawn


class Console:
    """Lines for logs and people alike; bars only on a terminal."""

    def __init__(self, output: TextIO = sys.stdout) -> None:
        self._rich = RichConsole(file=output, highlight=False)
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """Print one line."""
        self._rich.print(text, markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print one line that wants attention."""
        self._rich.print(f"! {text}", markup=False, style="yellow", soft_wrap=True)

    def started(self, name: str, seconds: float, *, again: bool = False) -> None:
        """Say that a process is ready."""
        self.say(f"  {name:<16} {'back' if again else 'ready'} in {seconds:5.1f} s")

    def died(self, name: str, code: int, delay: float) -> str:
        """Say that a process ended and when it is started again; return what was said of it."""
        when = "at once" if delay == 0 else f"in {delay:.1f} s"
        said = f"ended ({_words(code)}); starting it again {when}"
        self.warn(f"{name} {said}")
        return said

    def show(self, picture: RenderableType | None) -> None:
        """Keep a picture below all lines, on a terminal; None takes it away."""
        if not self._rich.is_terminal:
            return
        if picture is None:
            if self._live is not None:
                self._live.stop()
            self._live = None
            return
        if self._live is None:
            self._live = Live(console=self._rich, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(Group("", picture), refresh=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say how long a step took that is not a process."""
        began = time.monotonic()
        yield
        self.say(f"  {name:<16} done  in {time.monotonic() - began:5.1f} s")

    def follow_bytes(self, name: str, arriving: Iterator[int], total: int) -> None:
        """Show a download until it is complete."""
        if self._rich.is_terminal:
            self._bar(name, arriving, total)
        else:
            self._lines(name, arriving, total)

    def _bar(self, name: str, arriving: Iterator[int], total: int) -> None:
        columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, TimeRemainingColumn(), console=self._rich, transient=True) as progress:
            task = progress.add_task(name, total=total)
            for done in arriving:
                progress.update(task, completed=min(done, total))

    def _lines(self, name: str, arriving: Iterator[int], total: int) -> None:
        said = 0.0
        for done in arriving:
            if time.monotonic() - said > _LINE_EVERY:
                said = time.monotonic()
                self.say(f"  {name}: {min(done, total) / 1e6:.0f} of {total / 1e6:.0f} MB")


def _words(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
