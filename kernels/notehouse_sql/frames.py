"""An Arrow stream becomes a frame, up to a number of rows; what is beyond is never fetched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from notehouse_sql import table_frames
from notehouse_sql.errors import SqlError, explain

if TYPE_CHECKING:
    import pandas as pd

_TAIL = 16_384  # bytes kept to find the words of a failure in the middle of an answer


@dataclass(frozen=True)
class Result:
    """A table, and whether there was more than the limit."""

    table: pa.Table
    truncated: bool

    def frame(self) -> pd.DataFrame:
        """The rows as a pandas frame."""
        return table_frames.pandas_frame(self.table)


class _Stream(io.RawIOBase):
    """Chunks as a file that can be read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self.tail = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            self._rest = next(self._chunks, b"")
            if not self._rest:
                return 0
            self.tail = (self.tail + self._rest)[-_TAIL:]
        count = min(len(target), len(self._rest))
        target[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def read(chunks: Iterator[bytes], limit: int, sql: str) -> Result:
    """Read at most `limit` rows. Raises SqlError when the query fails after it has begun to answer."""
    raw = _Stream(chunks)
    batches: list[pa.RecordBatch] = []
    rows = 0
    try:
        source = pa.PythonFile(io.BufferedReader(raw, 1 << 20), mode="r")
        reader = pa.ipc.open_stream(source)
        for batch in reader:
            batches.append(batch)
            rows += batch.num_rows
            if rows > limit:
                break
    except (pa.ArrowInvalid, OSError) as error:
        raise _failure(raw.tail, sql) from error
    table = pa.Table.from_batches(batches, reader.schema)
    return Result(table.slice(0, limit), rows > limit)


def _failure(tail: bytes, sql: str) -> SqlError:
    text = tail.decode(errors="replace")
    start = text.rfind("Code: ")
    if start < 0:
        return SqlError("The answer broke off before its end. Run the cell again.")
    return explain(text[start:].split("\r\n")[0], sql)
