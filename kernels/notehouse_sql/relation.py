"""Something that may stand after FROM: a table, a saved query, a statement. What charts, checks and explorers ask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notehouse_sql import snippets
from notehouse_sql.arguments import DEFAULT_SOURCE
from notehouse_sql.errors import SqlError

if TYPE_CHECKING:
    from notehouse_sql.session import Session

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?")
_STATEMENT = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Relation:
    """Rows of a source by the words that name them in SQL; `title` is what a person calls them."""

    source: str
    sql: str
    title: str


def relation(of: Any, source: str = DEFAULT_SOURCE) -> Relation:
    """What a person means by the name of a table or a saved query, by SQL or a result. Raises SqlError."""
    if hasattr(of, "as_relation"):
        found: Relation = of.as_relation()
        return found
    if not isinstance(of, str):
        raise SqlError(
            f"A {type(of).__name__} has its rows here already. Name the query instead, so that the database counts "
            "them: %%sql --as NAME, or the name of a table, or SELECT … as a text."
        )
    if _STATEMENT.match(of):
        return Relation(source, f"({snippets.bare(of)}\n)", "the query")
    if of in snippets.names():
        return Relation(source, f"({snippets.composed(f'SELECT * FROM {quoted(of)}', (of,))}\n)", of)
    if not _NAME.fullmatch(of.strip()):
        raise SqlError(f"{of[:60]!r} is neither the name of a table nor a SELECT.")
    return Relation(source, ".".join(quoted(part) for part in of.strip().split(".")), of.strip())


def quoted(name: str) -> str:
    """A name as SQL reads it, whatever is in it."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def shown_name(name: str) -> str:
    """A name as a person would write it: quoted only where it must be."""
    return name if _PLAIN.fullmatch(name) else quoted(name)


def literal(text: str) -> str:
    """A text as SQL reads it, whatever is in it."""
    return (
        "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\0", "\\0") + "'"
    )


def columns_of(session: Session, one: Relation) -> dict[str, str]:
    """Names of the columns, each with what ClickHouse calls its type. Raises SqlError."""
    described = session.ask(f"DESCRIBE TABLE (SELECT * FROM {one.sql})", one.source).table
    names, types = described.column("name").to_pylist(), described.column("type").to_pylist()
    return dict(zip(map(str, names), map(str, types), strict=True))
