"""What would a statement read, and for how long? Asked of the engine's indexes, without telling of others' rows.

EXPLAIN ESTIMATE counts rows before any row filter. So its counts are told only of tables that a class reads whole; of a
table with a filter at most as many rows are said to be read as the class has in it, and nothing of parts and marks.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from notehouse_core.access import TableGrant, clickhouse_password
from notehouse_core.sql_parameters import text_of
from notehouse_hub.service.query_gateway.canonical_request import Question, runs_as
from notehouse_hub.service.query_gateway.gate.gate import engines_words
from notehouse_hub.service.query_gateway.holder import Holder
from notehouse_hub.service.query_gateway.questions import Answer, Questions
from notehouse_hub.service.query_gateway.refusal import bad_argument, unavailable

_WHOLE = "1"  # the filter of a table that is read whole
_KEPT = 60.0  # seconds that a class's own count of rows is remembered
_TABLE = re.compile(r"\bTABLE id: (\d+), .*?table_name: (\S+?)(?:,|$)")
_COLUMN = re.compile(r"\bCOLUMN id: \d+, column_name: (.+?), result_type: .*, source_id: (\d+)$")
_PLAIN = {"default_format": "JSONCompact", "output_format_json_quote_64bit_integers": "0"}
_OWN_ROWS = b"SELECT count() FROM {database:Identifier}.{table:Identifier}"
_WIDTHS = b"""
    SELECT name, data_uncompressed_bytes / greatest((
        SELECT sum(rows) FROM system.parts WHERE active AND database = {database:String} AND table = {table:String}
    ), 1) FROM system.columns WHERE database = {database:String} AND table = {table:String}
"""
_SPEED = b"""
    SELECT
        countIf(statement_hash = normalizedQueryHash({sql:String})),
        quantileIf(0.5)(milliseconds, statement_hash = normalizedQueryHash({sql:String})),
        sum(milliseconds) / greatest(sum(rows_read), 1),
        count()
    FROM notehouse.query_metrics
    WHERE tenant = {tenant:String} AND time > now() - INTERVAL 14 DAY AND status = 'finished' AND NOT cached
        AND rows_read > 0 AND milliseconds > 0
"""


@dataclass(frozen=True)
class TableEstimate:
    """What would be read of one table; `basis` says how that is known: index, own rows or unknown."""

    table: str
    basis: str
    rows: int | None = None
    bytes: int | None = None
    parts: int | None = None
    marks: int | None = None


class Estimates:
    """Estimates statements of holders; each must have passed the gate."""

    def __init__(self, questions: Questions, class_secret: str) -> None:
        self._questions = questions
        self._secret = class_secret
        self._own: dict[tuple[str, str], tuple[float, int | None]] = {}

    async def of(self, asked: Question, holder: Holder, source: str) -> dict[str, Any]:
        """Return rows, bytes, parts, marks and seconds, by table and in all. Raises Refusal."""
        read = await self._read(asked, holder)
        columns = await self._columns(asked, holder)
        others = (name for name in columns if name not in read and not name.startswith("system."))
        names = [*read, *others]
        tables = [
            await self._table(name, read.get(name), columns.get(name), holder, source) for name in names
        ]
        rows = _sum(one.rows for one in tables)
        return {
            "rows": rows,
            "bytes": _sum(one.bytes for one in tables),
            "parts": _sum(one.parts for one in tables),
            "marks": _sum(one.marks for one in tables),
            "exact": all(one.basis == "index" for one in tables),
            "seconds": await self._seconds(asked, holder, rows),
            "tables": [asdict(one) for one in tables],
        }

    async def _read(self, asked: Question, holder: Holder) -> dict[str, tuple[int, int, int]]:
        """Parts, rows and marks that the indexes leave, by table; as the class itself, so that its grants hold."""
        answer = await self._ask(b"EXPLAIN ESTIMATE " + asked.statement, asked, holder)
        try:
            found = json.loads(answer.body)["data"]
            return {f"{row[0]}.{row[1]}": (int(row[2]), int(row[3]), int(row[4])) for row in found}
        except (ValueError, KeyError, TypeError) as error:
            raise bad_argument("Leave FORMAT out of a statement that is to be estimated.") from error

    async def _columns(self, asked: Question, holder: Holder) -> dict[str, set[str]]:
        """The columns that a statement needs, by table; a view's are those of the view."""
        answer = await self._ask(b"EXPLAIN QUERY TREE " + asked.statement, asked, holder)
        tables: dict[str, str] = {}
        columns: list[tuple[str, str]] = []
        for (line,) in json.loads(answer.body)["data"]:
            if table := _TABLE.search(line):
                tables[table[1]] = table[2]
            elif column := _COLUMN.search(line):
                columns.append((column[2], column[1]))
        found: dict[str, set[str]] = {name: set() for name in tables.values()}
        for source, name in columns:
            if source in tables:
                found[tables[source]].add(name)
        return found

    async def _table(
        self,
        name: str,
        read: tuple[int, int, int] | None,
        columns: set[str] | None,
        holder: Holder,
        source: str,
    ) -> TableEstimate:
        database, _, table = name.partition(".")
        grant = _grant(holder, source, database, table)
        if grant is None or read is None:
            return TableEstimate(name, "unknown")
        parts, rows, marks = read
        widths = await self._widths(database, table)
        width = sum(widths.get(column, 0.0) for column in columns) if columns else None
        if grant.row_filter == _WHOLE:
            return TableEstimate(name, "index", rows, _bytes(rows, width), parts, marks)
        own = await self._own_rows(name, holder)
        return TableEstimate(name, "own rows", own, _bytes(own, width))

    async def _own_rows(self, name: str, holder: Holder) -> int | None:
        """How many rows a class has in a table, as it could count them itself; None if that takes long."""
        key = (holder.access_class.id, name)
        counted_at, count = self._own.get(key, (-_KEPT, None))
        if time.monotonic() - counted_at < _KEPT:
            return count
        database, _, table = name.partition(".")
        values = {"param_database": database, "param_table": table, "max_execution_time": "2"}
        answer = await self._as_class(_OWN_ROWS, {**_PLAIN, **values}, holder)
        count = int(json.loads(answer.body)["data"][0][0]) if answer.status == 200 else None
        self._own[key] = (time.monotonic(), count)
        return count

    async def _widths(self, database: str, table: str) -> dict[str, float]:
        """Mean bytes of a value, by column."""
        parameters = {**_PLAIN, "param_database": database, "param_table": table}
        answer = await self._questions.as_admin(_WIDTHS, parameters)
        return dict(json.loads(answer.body)["data"]) if answer.status == 200 else {}

    async def _seconds(self, asked: Question, holder: Holder, rows: int | None) -> float | None:
        """Seconds: of the same statement as it ran before, or else by what the tenant's queries take a row."""
        parameters = {**_PLAIN, "param_tenant": holder.claims.tenant}
        parameters["param_sql"] = text_of(asked.statement.decode(errors="replace"))
        answer = await self._questions.as_admin(_SPEED, parameters)
        if answer.status != 200:
            return None  # usage is not collected on this ClickHouse
        same, milliseconds, a_row, any_ran = json.loads(answer.body)["data"][0]
        if same:
            return round(float(milliseconds) / 1000, 3)
        return round(rows * float(a_row) / 1000, 3) if any_ran and rows is not None else None

    async def _ask(self, statement: bytes, asked: Question, holder: Holder) -> Answer:
        """Explain as the class, with the statement's own parameters. Raises Refusal in the engine's words."""
        values = {f"param_{name}": value for name, value in asked.arguments.items()}
        answer = await self._as_class(statement, {**_PLAIN, "database": asked.database, **values}, holder)
        if answer.status != 200:
            raise engines_words(answer, before=len(statement) - len(asked.statement))
        return answer

    async def _as_class(self, statement: bytes, settings: Mapping[str, str], holder: Holder) -> Answer:
        account = (runs_as(holder), clickhouse_password(self._secret, holder.access_class.id))
        try:
            return await self._questions.as_user(statement, settings, account)
        except (OSError, TimeoutError) as error:
            raise unavailable("ClickHouse does not answer. Try again in a moment.") from error


def _grant(holder: Holder, source: str, database: str, table: str) -> TableGrant | None:
    """What a class may read of a table of a source."""
    return next(
        (
            one
            for one in holder.access_class.grants
            if one.source == source and one.database == database and one.table in {table, "*"}
        ),
        None,
    )


def _bytes(rows: int | None, width: float | None) -> int | None:
    return None if rows is None or width is None else round(rows * width)


def _sum(values: Any) -> int | None:
    """The sum of what is known; None where something is not."""
    known = list(values)
    return None if None in known else sum(known)
