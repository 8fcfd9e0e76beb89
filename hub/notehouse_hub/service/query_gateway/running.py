"""Which statements run through this process now, how far are they, and how are they ended?"""

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from notehouse_hub.service.query_gateway.canonical_request import runs_as
from notehouse_hub.service.query_gateway.holder import Holder, still_opens
from notehouse_hub.service.query_gateway.questions import Questions
from notehouse_hub.service.query_gateway.refusal import QUERY_WAS_CANCELLED, TIMEOUT, Refusal
from notehouse_hub.service.query_gateway.relay import Relay
from notehouse_hub.service.query_gateway.rights import Rights

_PROGRESS = b"""
    SELECT query_id, read_rows, read_bytes, total_rows_approx AS total_rows, toUInt64(elapsed * 1000) AS elapsed_ms
    FROM system.processes WHERE query_id = {id:String} AND user = {user:String} FORMAT JSONEachRow
"""
_KILL = b"KILL QUERY WHERE query_id = {id:String} AND user = {user:String} ASYNC FORMAT Null"
_GRACE = 2.0  # seconds that ClickHouse has to end by its own limit

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Running:
    """A statement on its way; `sent` once ClickHouse has it, `relay` passes its answer on."""

    query_id: str
    holder: Holder
    task: asyncio.Task[Any] | None
    sent: bool = False
    relay: Relay | None = None
    stopped: Refusal | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def milliseconds(self) -> int:
        """How long it has been under way."""
        return int((time.monotonic() - self.began) * 1000)


class RunningQueries:
    """The statements of this process, and the way to those of ClickHouse."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._all: set[Running] = set()
        self._background: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, query_id: str, holder: Holder) -> Running:
        """Remember a statement that the current task carries."""
        one = Running(query_id, holder, asyncio.current_task())
        self._all.add(one)
        return one

    def remove(self, one: Running) -> None:
        """Forget a statement."""
        self._all.discard(one)

    async def progress(self, query_id: str, holder: Holder) -> dict[str, Any] | None:
        """Return how far a statement of this holder is; None if it does not run."""
        answer = await self._questions.as_admin(_PROGRESS, _of(query_id, holder))
        if answer.status == 200 and answer.body.strip():
            found: dict[str, Any] = json.loads(answer.body.splitlines()[0])
            return found
        waiting = self._find(query_id, holder)
        if waiting is None:
            return None
        nothing = {"read_rows": 0, "read_bytes": 0, "total_rows": 0}
        return {"query_id": query_id, **nothing, "elapsed_ms": waiting.milliseconds}

    async def stop(self, query_id: str, holder: Holder) -> dict[str, Any] | None:
        """End a statement of this holder; return how far it was, None if it does not run."""
        seen = await self.progress(query_id, holder)
        waiting = self._find(query_id, holder)
        if waiting is not None:
            self._stop(waiting, Refusal(QUERY_WAS_CANCELLED, 500, "The query was cancelled."))
        if seen is not None:
            await self._kill(query_id, holder)
        return seen

    def kill_soon(self, query_id: str, holder: Holder) -> None:
        """End a statement in ClickHouse without waiting for it."""
        task = asyncio.get_running_loop().create_task(self._kill(query_id, holder))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    @contextmanager
    def limited(self, one: Running, seconds: float) -> Iterator[None]:
        """End a statement that goes on beyond its time.

        ClickHouse looks at its limit between blocks: one that waits for rows of a foreign database would go on.
        """
        timer = asyncio.get_running_loop().call_later(seconds + _GRACE, self._overdue, one, seconds)
        try:
            yield
        finally:
            timer.cancel()

    def _overdue(self, one: Running, seconds: float) -> None:
        if one.task is None or (one.relay is not None and one.relay.begun):
            self.kill_soon(one.query_id, one.holder)
            return
        one.stopped = Refusal(
            TIMEOUT,
            408,
            f"Timeout exceeded: a statement of yours may run for {seconds:g} s (the limit execution_seconds, or the setting "
            "max_execution_time), and this one still waited for rows. Ask for less, or ask an admin of your tenant to raise "
            "the limit.",
        )
        one.task.cancel()

    async def end_unentitled(self, rights: Rights) -> None:
        """End what runs with rights that are gone."""
        gone = [one for one in self._all if not still_opens(one.holder, rights)]
        for one in gone:
            self._stop(
                one, Refusal(QUERY_WAS_CANCELLED, 403, "The query was cancelled: your rights have changed.")
            )
            self.kill_soon(one.query_id, one.holder)

    def _find(self, query_id: str, holder: Holder) -> Running | None:
        mine = (one for one in self._all if one.holder.name == holder.name)
        return next((one for one in mine if one.query_id == query_id), None)

    def _stop(self, one: Running, why: Refusal) -> None:
        """What still waits here is ended here; what ClickHouse has, ClickHouse ends with a message of its own."""
        if not one.sent and one.task is not None:
            one.stopped = why
            one.task.cancel()

    async def _kill(self, query_id: str, holder: Holder) -> None:
        try:
            await self._questions.as_admin(_KILL, _of(query_id, holder))
        except (OSError, TimeoutError) as error:
            log.warning("query %s could not be ended: %s", query_id, type(error).__name__)


def _of(query_id: str, holder: Holder) -> dict[str, str]:
    """Return the parameters that name one query; only its own ClickHouse user's."""
    quoting = {"output_format_json_quote_64bit_integers": "0"}
    return {"param_id": query_id, "param_user": runs_as(holder), **quoting}
