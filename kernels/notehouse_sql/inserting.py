"""Rows of a frame into a table: `insert(frame, "landing")`. They travel as Arrow, in parts, and every part counts once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from notehouse_sql.arguments import DEFAULT_SOURCE
from notehouse_sql.errors import SqlError
from notehouse_sql.relation import quoted
from notehouse_sql.session import current

LARGEST_PART = 16 * 2**20  # bytes of rows in memory that go in one statement


def insert(frame: Any, table: str, *, source: str = DEFAULT_SOURCE, once: str = "") -> int:
    """Add the rows of a frame (pandas, polars or Arrow) to a table; return how many there were. Raises SqlError.

    With a name for these rows in `once`, sending the same rows under it again writes nothing more, as far back as the table
    keeps what it has seen (`non_replicated_deduplication_window`).
    """
    rows = arrow_table(frame)
    names = ", ".join(quoted(name) for name in rows.column_names)
    place = ".".join(quoted(part) for part in table.split("."))
    sql = f"INSERT INTO {place} ({names}) FORMAT ArrowStream"
    session = current()
    for number, part in enumerate(_parts(rows)):
        settings = {"insert_deduplication_token": _named(once, number)} if once else {}
        session.write(session.bound(sql, source, settings), _packed(part))
    return int(rows.num_rows)


def arrow_table(frame: Any) -> pa.Table:
    """A frame as an Arrow table. Raises SqlError for what is no frame."""
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if hasattr(frame, "to_arrow"):  # polars
        return frame.to_arrow()
    if hasattr(frame, "iloc"):
        return pa.Table.from_pandas(frame, preserve_index=False)
    raise SqlError(f"insert() takes a frame of pandas, polars or Arrow, not {type(frame).__name__}.")


def _parts(rows: pa.Table) -> Iterator[pa.Table]:
    each = max(1, rows.num_rows * LARGEST_PART // max(rows.nbytes, 1))
    for begin in range(0, rows.num_rows, each):
        yield rows.slice(begin, each)


def _packed(rows: pa.Table) -> bytes:
    output = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(output, rows.schema, options=options) as stream:
        stream.write_table(rows)
    return output.getvalue()


def _named(once: str, part: int) -> str:
    return hashlib.sha256(f"{once}\0{part}".encode()).hexdigest()
