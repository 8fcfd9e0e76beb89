"""What does a tile show with these filters? Its version's own SQL, run once through the query gateway for each class.

An answer is kept under version, tile, values, access class and watermark, so it is never shown to another class and
never outlives the data it was made from. However many ask at once, one question goes to the database.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from notehouse_core import errors
from notehouse_core.artifacts import ArtifactStore
from notehouse_core.control_plane import ControlPlane
from notehouse_core.plain_conditions import without_conditions
from notehouse_core.sql_cells import DEFAULT_SOURCE, Question, asked_by
from notehouse_core.sql_parameters import bind
from notehouse_core.store.models import DashboardVersion
from notehouse_core.store.viewing import View
from notehouse_core.tile_plan import PYTHON, TABLE, Plan, TilePlan
from notehouse_core.warehouse import Statement, Warehouse
from notehouse_dashboards.series import TILES
from notehouse_dashboards.tiles.tables import PAGE_ROWS, WHOLE_ROWS, Shown
from notehouse_dashboards.tiles.watermarks import Watermarks

MOST_ROWS = 100_000
KEPT_BYTES = 64 * 2**20
KEPT_SECONDS = 60.0  # a source without watermarks may have changed by then
TOKEN_SECONDS = 3600
_RENEW_BEFORE = 600
_VERSIONS = 100

Key = tuple[str, str, str, str, str]  # version, cell, values, class, watermark
Make = Callable[[Key], Coroutine[Any, Any, dict[str, Any]]]
UNTOUCHED = Shown()


@dataclass(frozen=True)
class Answer:
    """A tile's rows as compressed JSON: columns, rows, truncated, fresh_at; of a table total, page and whole too."""

    content: bytes
    made: float


class TileAnswers:
    """Answers tiles; one a process."""

    def __init__(
        self, warehouse: Warehouse, control: ControlPlane, artifacts: ArtifactStore, marks: Watermarks
    ) -> None:
        self._warehouse, self._control, self._artifacts, self._marks = warehouse, control, artifacts, marks
        self._kept: OrderedDict[Key, Answer] = OrderedDict()
        self._bytes = 0
        self._making: dict[Key, asyncio.Task[Answer]] = {}
        self._cells: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._tokens: dict[tuple[str, str], tuple[float, str]] = {}

    async def of(self, view: View, tile: str, shown: Shown = UNTOUCHED) -> Answer:
        """The answer of a tile for a view whose rights were just asked, of a table what is `shown`.

        Raises NotFound, Invalid or what the query says.
        """
        version = view.dashboard.published_version
        planned = _planned(version, tile)
        assert version is not None  # noqa: S101 - it has a plan
        source = await self._source(version, planned.statement)
        if shown.whole:
            return await self._whole(view, version, planned, source)
        question = asked_by(source, view.parameters)
        if planned.kind != TABLE:
            return await self._answered(view, version, planned.statement, question)

        async def make(key: Key) -> dict[str, Any]:
            return await self._table(key, question, shown)

        return await self._answered(view, version, f"{planned.statement}:{shown}", question, make)

    async def _whole(self, view: View, version: DashboardVersion, planned: TilePlan, source: str) -> Answer:
        """The rows that a browser filters itself; none when there are too many for one."""
        question = asked_by(without_conditions(source, planned.filters), view.parameters)

        async def make(key: Key) -> dict[str, Any]:
            found = await self._rows(key, question, MOST_ROWS)
            return {**found, "rows": []} if found["truncated"] else found

        return await self._answered(view, version, f"{planned.statement}:whole", question, make)

    async def choices(self, view: View, name: str) -> Answer:
        """What a filter offers whose choices a SELECT answers, as rows of one column. Raises as `of` does."""
        version = view.dashboard.published_version
        found = next((one for one in view.filters if one.name == name and one.query), None)
        if version is None or found is None:
            raise errors.NotFound("This dashboard has no such filter.")
        sql, values = bind(found.query.strip().rstrip(";"), view.parameters)
        return await self._answered(view, version, f"filter:{name}", Question(DEFAULT_SOURCE, sql, values))

    async def _answered(
        self, view: View, version: DashboardVersion, cell: str, question: Question, make: Make | None = None
    ) -> Answer:
        """The answer that is kept, or one that is made for all who ask meanwhile."""
        identifier = str(version.id)
        mark = await self._marks.of((identifier, view.access_class))
        key = (identifier, cell, _values(question), view.access_class, mark)
        found = self._kept.get(key)
        if found is not None and time.monotonic() - found.made < KEPT_SECONDS:
            self._kept.move_to_end(key)
            TILES.labels("kept").inc()
            return found
        if key not in self._making:
            rows = make or (lambda key: self._rows(key, question, MOST_ROWS))
            made = self._making[key] = asyncio.create_task(self._made(key, rows))
            made.add_done_callback(lambda _: self._making.pop(key, None))
        else:
            TILES.labels("joined").inc()
        return await asyncio.shield(self._making[key])

    async def _made(self, key: Key, make: Make) -> Answer:
        TILES.labels("asked").inc()
        content = await make(key)
        body = gzip.compress(json.dumps(content, separators=(",", ":")).encode(), 1, mtime=0)
        return self._keep(key, Answer(body, time.monotonic()))

    async def _rows(self, key: Key, question: Question, most: int) -> dict[str, Any]:
        """The first rows that a question answers."""
        token = await self._token(key[0], key[3])
        statement = Statement(question.source, question.sql, dict(question.values), most)
        fresh_at = datetime.now(UTC).isoformat()
        answer = await self._warehouse.run(statement, "json", token)
        table = answer.table()
        return {
            "columns": [{"name": one["name"], "type": one["type"]} for one in table["meta"]],
            "rows": table["data"][:most],
            "truncated": len(table["data"]) > most,
            "fresh_at": fresh_at,
        }

    async def _table(self, key: Key, question: Question, shown: Shown) -> dict[str, Any]:
        """A small table whole, or one page of a large one, with the number of rows of all its pages."""
        if not shown.page:
            found = await self._rows(key, question, WHOLE_ROWS)
            if not found["truncated"]:
                return {**found, "total": len(found["rows"]), "page": 1, "whole": True}
        else:
            found = await self._rows(key, shown.rows_of(question), PAGE_ROWS)
        rows = found["rows"][:PAGE_ROWS]
        total = shown.offset + len(rows)
        if found["truncated"] or len(rows) == PAGE_ROWS or (shown.page > 1 and not rows):
            total = int((await self._rows(key, shown.size_of(question), 1))["rows"][0][0])
        return {
            **found,
            "rows": rows,
            "truncated": False,
            "total": total,
            "page": shown.page or 1,
            "whole": False,
        }

    def _keep(self, key: Key, answer: Answer) -> Answer:
        if old := self._kept.pop(key, None):
            self._bytes -= len(old.content)
        self._kept[key] = answer
        self._bytes += len(answer.content)
        while self._bytes > KEPT_BYTES:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= len(gone.content)
        return answer

    async def _source(self, version: DashboardVersion, cell: str) -> str:
        """The SQL that the published version has in a cell."""
        identifier = str(version.id)
        if identifier not in self._cells:
            notebook = json.loads(await asyncio.to_thread(self._artifacts.get, version.notebook))
            self._cells[identifier] = {one["id"]: one["source"] for one in notebook["cells"] if "id" in one}
            while len(self._cells) > _VERSIONS:
                self._cells.popitem(last=False)
        try:
            return self._cells[identifier][cell]
        except KeyError:
            raise errors.NotFound("This dashboard has no such tile.") from None

    async def _token(self, version: str, access_class: str) -> str:
        """A token of a class to read for a version, used by all who look."""
        ends, token = self._tokens.get((version, access_class), (0.0, ""))
        if ends - time.monotonic() < _RENEW_BEFORE:
            about = f"dashboard-version:{version}"
            token = (await self._control.mint_token("view", access_class, about, TOKEN_SECONDS)).token
            self._tokens[version, access_class] = (time.monotonic() + TOKEN_SECONDS, token)
        return token


def _planned(version: DashboardVersion | None, tile: str) -> TilePlan:
    """The plan of a tile. Raises NotFound, or Invalid for one that Python makes."""
    plan = Plan.of_json(version.layout.get("plan")) if version else None
    found = plan.tiles.get(tile) if plan else None
    if found is None:
        raise errors.NotFound("This dashboard has no such tile.")
    if found.kind == PYTHON:
        raise errors.Invalid(f"This tile is made by Python. {found.reason}")
    return found


def _values(question: Question) -> str:
    about = json.dumps([question.sql, question.values], sort_keys=True)
    return hashlib.sha256(about.encode()).hexdigest()
