"""What there is to name in SQL, as this kernel's rights show it: tables, columns, functions, settings. Kept for minutes."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from notehouse_sql.arguments import DEFAULT_SOURCE
from notehouse_sql.column_types import parsed
from notehouse_sql.errors import SqlError
from notehouse_sql.past import used_words
from notehouse_sql.session import Session

KEPT = 300.0  # seconds
_OWN = "('system', 'information_schema', 'INFORMATION_SCHEMA')"
_TABLES = (
    f"SELECT database, name, comment, sorting_key, database = currentDatabase() AS here FROM system.tables "
    f"WHERE database NOT IN {_OWN} ORDER BY here DESC, database, name"
)
_COLUMNS = (
    f"SELECT database, table, name, type, comment FROM system.columns WHERE database NOT IN {_OWN} "
    "ORDER BY database, table, position"
)
_FUNCTIONS = (
    "SELECT name, is_aggregate, syntax, description, arguments, returned_value FROM system.functions "
    "WHERE alias_to = '' OR case_insensitive ORDER BY name"
)
_SETTINGS = "SELECT name, type, description FROM system.settings WHERE NOT is_obsolete ORDER BY name"
_WORD = re.compile(r"[A-Za-z_]\w*")
_ENUM = re.compile(r"'((?:[^'\\]|\\.)*)' = -?\d+")


@dataclass(frozen=True)
class Table:
    """A table one may read; `here` says that its database is the one of unqualified names."""

    database: str
    name: str
    comment: str
    key: str
    here: bool
    columns: dict[str, tuple[str, str]] = field(default_factory=dict)  # name -> type and comment

    @property
    def written(self) -> str:
        """How a statement names it."""
        return self.name if self.here else f"{self.database}.{self.name}"

    @property
    def key_columns(self) -> list[str]:
        """Names in the key that its rows are ordered by."""
        return [name for name in _WORD.findall(self.key) if name in self.columns]

    def words(self, column: str) -> list[str]:
        """The words of a column that is an Enum."""
        kind = parsed(self.columns[column][0]).bare
        return _ENUM.findall(kind.text) if kind.name.startswith("Enum") else []


@dataclass
class Catalog:
    """Reads what there is when it is first asked for; without an answer there is nothing to offer."""

    session: Session
    _read_at: float = -KEPT
    tables: list[Table] = field(default_factory=list)
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    past: Counter[str] = field(default_factory=Counter)

    def fresh(self) -> Catalog:
        """Read again what is older than some minutes; a gateway that is away leaves what was known."""
        if time.monotonic() - self._read_at > KEPT:
            self._read_at = time.monotonic()
            try:
                self._read()
            except SqlError:
                self._read_at -= KEPT - 5  # tried again in a moment: writing goes on without help
        return self

    def table(self, name: str) -> Table | None:
        """The table that a statement names, quoted or not."""
        plain = name.replace("`", "").replace('"', "").lower()
        found = (
            one for one in self.tables if plain in {one.written.lower(), f"{one.database}.{one.name}".lower()}
        )
        return next(found, None)

    def function(self, name: str) -> dict[str, Any] | None:
        """What is known of a function, in whatever case it is written."""
        return self.functions.get(name) or next(
            (one for known, one in self.functions.items() if known.lower() == name.lower()), None
        )

    def used(self) -> Counter[str]:
        """How often each word stood in what was run, by oneself here and by all who read the same rows before."""
        here = [str(one["sql"]) for one in self.session.history]
        return self.past + Counter(word for sql in here for word in _WORD.findall(sql))

    def _read(self) -> None:
        self.tables = [
            Table(row["database"], row["name"], row["comment"], row["sorting_key"], bool(row["here"]))
            for row in self._rows(_TABLES)
        ]
        known = {(one.database, one.name): one for one in self.tables}
        for row in self._rows(_COLUMNS):
            if one := known.get((row["database"], row["table"])):
                one.columns[row["name"]] = (row["type"], row["comment"])
        if not self.functions:
            self.functions = {row["name"]: row for row in self._rows(_FUNCTIONS)}
            self.settings = {row["name"]: row for row in self._rows(_SETTINGS)}
        self.past = used_words(self.session)

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.session.ask(sql, DEFAULT_SOURCE).table.to_pylist()
        return rows
