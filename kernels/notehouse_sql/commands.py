"""`%sqlcmd`: what there is, what it costs, what it looks like; jupysql's words and our own."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from notehouse_sql import snippets
from notehouse_sql.arguments import DEFAULT_SOURCE
from notehouse_sql.comparing import test
from notehouse_sql.errors import SqlError
from notehouse_sql.estimating import told
from notehouse_sql.past import past_queries
from notehouse_sql.profiling import profile
from notehouse_sql.relation import relation
from notehouse_sql.session import Session

_SOURCES = "SELECT DISTINCT name AS database, comment FROM system.databases ORDER BY name"
_TABLES = (
    "SELECT database, name AS table, comment FROM system.tables "
    "WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') "
    "AND {database:String} IN ('', database) ORDER BY ALL"
)
_COLUMNS = (
    "SELECT name, type, comment FROM system.columns "
    "WHERE database = {database:String} AND table = {table:String} ORDER BY position"
)
_OF_HISTORY = ["time", "sql", "rows", "seconds", "read", "cached", "notebook", "status"]
_HELP = (
    "It is written: %sqlcmd sources | tables | columns TABLE | history [WORD] | estimate SELECT … | profile TABLE | "
    "snippets [NAME] [--delete NAME] | explore TABLE | test --table NAME --column NAME --less-than N"
)


def run(session: Session, line: str, cell: str | None) -> Any:
    """Answer one command. Raises SqlError that says how commands are written."""
    name, _, rest = line.strip().partition(" ")
    if name not in _COMMANDS:
        raise SqlError(f"There is no command {name!r}. {_HELP}" if name else _HELP)
    return _COMMANDS[name](session, f"{rest.strip()}\n{cell}" if cell else rest.strip())


def _sources(session: Session, _: str) -> Any:
    return session.ask(_SOURCES).frame()


def _tables(session: Session, rest: str) -> Any:
    words = [word for word in shlex.split(rest) if word not in {"--schema", "-s"}]
    if len(words) > 1:
        raise SqlError("Name one database: %sqlcmd tables [--schema NAME]")
    return session.ask(_TABLES, values={"database": words[0] if words else ""}).frame()


def _columns(session: Session, rest: str) -> Any:
    database, _, table = _table_of(rest).rpartition(".")
    if not database:
        database = session.ask("SELECT currentDatabase() AS d").table.to_pylist()[0]["d"]
    return session.ask(_COLUMNS, values={"database": database, "table": table}).frame()


def _history(session: Session, rest: str) -> Any:
    """One's own queries wherever they ran, with a word only those that have it; else what this kernel has run."""
    import pandas as pd

    past = past_queries(session, rest.strip())
    if past is None:
        return pd.DataFrame(session.history, columns=["sql", "rows", "seconds"])
    lines = [
        {
            "time": pd.Timestamp(one["time"]),
            "sql": one["statement"],
            "rows": one["result_rows"],
            "seconds": one["milliseconds"] / 1000,
            "read": one["rows_read"],
            **{name: one[name] for name in ("cached", "notebook", "status")},
        }
        for one in past
    ]
    return pd.DataFrame(lines, columns=_OF_HISTORY)


def _estimate(session: Session, rest: str) -> Any:
    """What a statement, a table or a saved query would cost: a sentence, and a line for each table."""
    import pandas as pd

    if not rest.strip():
        raise SqlError("Say what to estimate: %sqlcmd estimate SELECT …, or the name of a saved query")
    text = rest.strip()
    if " " not in text and "\n" not in text:
        text = f"SELECT * FROM {relation(text).sql}"
    found = session.gateway.estimate(
        session.bound(snippets.composed(text, snippets.used_in(text)), DEFAULT_SOURCE)
    )
    print(f"{told(found)}.")
    columns = ["table", "rows", "bytes", "marks", "parts", "basis"]
    return pd.DataFrame(found["tables"], columns=columns).convert_dtypes()


def _profile(session: Session, rest: str) -> Any:
    return profile(session, relation(_table_of(rest)))


def _snippets(session: Session, rest: str) -> Any:
    """Names and texts of what is saved; with a name, that one's text."""
    import pandas as pd

    words = shlex.split(rest)
    if words[:1] and words[0] in _DELETING:
        for name in words[1:]:
            snippets.forget(name, _DELETING[words[0]])
        words = []
    if words:
        print(snippets.text_of(words[0]))
        return None
    kept = [{"name": name, "sql": snippets.text_of(name)} for name in snippets.names()]
    return pd.DataFrame(kept, columns=["name", "sql"])


_DELETING = {
    "-d": "alone", "-D": "anyway", "-A": "with",
    "--delete": "alone", "--delete-force": "anyway", "--delete-force-all": "with",
}  # fmt: skip


def _explore(session: Session, rest: str) -> Any:
    from notehouse_sql.exploring.widget import widget

    return widget(relation(_table_of(rest)), session)


def _refused(why: str) -> Callable[[Session, str], Any]:
    def refuse(session: Session, rest: str) -> Any:
        raise SqlError(why)

    return refuse


def _table_of(rest: str) -> str:
    """The table that a command is about, also as jupysql writes it: --table NAME [--schema NAME]."""
    words = [word for word in shlex.split(rest) if word not in {"--table", "-t"}]
    schema = ""
    for option in ("--schema", "-s"):
        if option in words[:-1]:
            place = words.index(option)
            schema = words[place + 1] + "."
            del words[place : place + 2]
    if len(words) != 1:
        raise SqlError(f"Name one table. {_HELP}")
    return schema + words[0]


_COMMANDS: dict[str, Callable[[Session, str], Any]] = {
    "sources": _sources,
    "tables": _tables,
    "columns": _columns,
    "history": _history,
    "estimate": _estimate,
    "profile": _profile,
    "snippets": _snippets,
    "explore": _explore,
    "connect": _refused(
        "Sources are connected already, with your own rights: %sqlcmd sources lists them. A new one is connected by an "
        "administrator in the portal, under Data sources, so that no password stands in a notebook."
    ),
    "test": test,
}
