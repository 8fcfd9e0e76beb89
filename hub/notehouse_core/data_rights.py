"""What a role reads, in words people use: rows and columns of one table of a source. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from notehouse_core.errors import Invalid
from notehouse_core.row_filter import ALL_ROWS, narrows, parse

PREFIX = "data:"
_NAME = re.compile(r"[A-Za-z_]\w{0,205}", re.ASCII)
_SOURCE = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)
MOST_COLUMNS = 1000


@dataclass(frozen=True, order=True)
class DataRight:
    """SELECT on a table, for the rows that `row_filter` leaves; `columns` None means all of them.

    `insert` adds the right to write rows, only together with the right to read every row and column.
    """

    data_source: str
    database: str
    table: str
    columns: tuple[str, ...] | None = None
    row_filter: str = ALL_ROWS
    insert: bool = False

    @property
    def resource(self) -> str:
        """How a permission names its table."""
        return f"{PREFIX}{self.data_source}/{self.database}.{self.table}"

    @property
    def conditions(self) -> dict[str, Any]:
        """What a permission says besides."""
        columns = {} if self.columns is None else {"columns": list(self.columns)}
        insert = {"insert": True} if self.insert else {}
        return {"row_filter": self.row_filter, **columns, **insert}

    @classmethod
    def of(cls, resource: str, conditions: Mapping[str, Any]) -> DataRight:
        """Read a permission as it is stored."""
        source, _, path = resource.removeprefix(PREFIX).partition("/")
        database, _, table = path.partition(".")
        columns = conditions.get("columns")
        row_filter = str(conditions.get("row_filter") or ALL_ROWS)
        insert = conditions.get("insert") is True
        return cls(source, database, table, tuple(columns) if columns else None, row_filter, insert)

    def check(self) -> None:
        """Raise Invalid unless names are plain and the filter can be read, using columns that names allow."""
        if not _SOURCE.fullmatch(self.data_source):
            raise _wrong("data_source", f"{self.data_source[:60]!r} is no name of a data source.")
        for field, name in (("database", self.database), ("table", self.table)):
            if not _NAME.fullmatch(name):
                raise _wrong(field, f"{name[:60]!r} is no name of a {field}: letters, digits and _ alone.")
        if self.columns is not None and not 1 <= len(self.columns) <= MOST_COLUMNS:
            raise _wrong("columns", f"Name 1 to {MOST_COLUMNS} columns, or leave them out for all.")
        for column in self.columns or ():
            if not column or re.search(r"[`\\\x00-\x1f\x7f]", column):
                raise _wrong("columns", f"{column[:60]!r} is no name of a column.")
        parse(self.row_filter)
        if self.insert and (self.columns is not None or self.row_filter.strip() != ALL_ROWS):
            raise _wrong(
                "insert",
                f"A role may write to {self.database}.{self.table} only if it reads every row and column of it: "
                "ClickHouse holds no row filter against what is written.",
            )

    def within(self, held: DataRight, attributes: Mapping[str, object]) -> bool:
        """Does this give nothing that `held` does not give already to somebody with these attributes?"""
        if self.resource != held.resource or not narrows(self.row_filter, held.row_filter, attributes):
            return False
        if self.insert and not held.insert:
            return False
        if held.columns is None:
            return True
        # A filter on a column that is not shown would tell its values by how many rows it leaves.
        asked = parse(self.row_filter).columns - parse(held.row_filter).columns
        return self.columns is not None and asked.union(self.columns) <= set(held.columns)


def not_held(
    wanted: Iterable[DataRight], held: Iterable[DataRight], attributes: Mapping[str, object]
) -> DataRight | None:
    """The first wanted right that no held one contains; None when whoever holds them may give them all."""
    mine = list(held)
    return next((one for one in wanted if not any(one.within(each, attributes) for each in mine)), None)


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(message, fields=[{"field": f"permissions.{field}", "message": message}])
