"""An Arrow stream becomes a frame, up to a number of rows; what is beyond is never fetched."""

from __future__ import annotations

import io
from dataclasses import dataclass
from http.client import IncompleteRead
from typing import TYPE_CHECKING, BinaryIO

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
    """An answer's body, and its last bytes; one that is cut ends where it was cut."""

    def __init__(self, body: BinaryIO) -> None:
        self._body = body
        self.tail = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Read as many bytes, or up to the end."""
        try:
            data = self._body.read(size)
        except IncompleteRead as error:
            data = error.partial
        self.tail = data[-_TAIL:] if len(data) >= _TAIL else (self.tail + data)[-_TAIL:]
        return data


def read(body: BinaryIO, limit: int, sql: str) -> Result:
    """Read at most `limit` rows. Raises SqlError when the query fails after it has begun to answer."""
    raw = _Stream(body)
    batches: list[pa.RecordBatch] = []
    rows = 0
    try:
        reader = pa.ipc.open_stream(pa.PythonFile(raw, mode="r"))
        for batch in reader:
            batches.append(batch)
            rows += batch.num_rows
            if rows > limit:
                break
        else:
            raw.read()  # the end of the answer, behind that of the rows: who leaves before it has the query ended
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
