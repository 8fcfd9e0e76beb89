"""Queries kept under a name, in jupysql's own memory: each can stand in front of another as a common table expression."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from IPython.core.error import UsageError

from notehouse_sql.errors import SqlError

_WITH = re.compile(r"\s*WITH\b(\s+RECURSIVE\b)?", re.IGNORECASE)
_READ = re.compile(r"\b(?:FROM|JOIN)\s+(?:`([^`.]+)`|([A-Za-z_]\w*)(?![\w.(]))", re.IGNORECASE)
_DEFINED = re.compile(r"`?(\w+)`?\s+AS\s+(?:MATERIALIZED\s+)?\(\s*(?:SELECT|WITH)", re.IGNORECASE)


def keep(name: str, sql: str, use: Sequence[str]) -> None:
    """Keep a query under a name. Raises SqlError for a name that jupysql refuses."""
    try:
        store().store(name, bare(sql), with_=list(use) or None)
    except UsageError as error:
        raise SqlError(str(error)) from None


def composed(sql: str, use: Sequence[str]) -> str:
    """The statement with the saved queries it uses in front of it. Raises SqlError for a name that is not known."""
    if not use:
        return bare(sql)
    main = bare(sql)
    own = _WITH.match(main)
    if own is not None:
        main = main[own.end() :]
    try:
        text = str(store().render(f"\n{main}", with_=list(dict.fromkeys(use))))
    except UsageError as error:
        raise SqlError(str(error)) from None
    return text if own is None else _joined(text, main, bool(own[1]))


def used_in(sql: str, but: str | None = None) -> tuple[str, ...]:
    """Saved queries that a statement reads by their names, as jupysql finds them; `but` is the one being saved."""
    kept = {name for name in names() if name != but}
    own = {name.lower() for name in _DEFINED.findall(sql)}  # the statement's own WITH comes first
    read = dict.fromkeys(name for found in _READ.findall(sql) for name in found if name)
    return tuple(name for name in read if name in kept and name.lower() not in own)


def text_of(name: str) -> str:
    """The text of a saved query. Raises SqlError for a name that is not known."""
    try:
        return str(store()[name]._query)
    except UsageError as error:
        raise SqlError(str(error)) from None


def forget(name: str, how: str = "alone") -> None:
    """Forget a saved query. Raises SqlError for a name that is not known.

    Where others are built on it: "alone" refuses, "anyway" leaves them behind, "with" forgets them too.
    """
    text_of(name)
    built = [other for other in names() if name in store()[other]._with_]
    if built and how == "alone":
        raise SqlError(
            f"{', '.join(built)} is built on {name}. --delete-force forgets {name} alone, --delete-force-all all of them."
        )
    if how == "with":
        for other in built:
            if other in names():
                forget(other, how)
    del store()[name]


def names() -> list[str]:
    """Names of everything kept."""
    return list(store())


def bare(sql: str) -> str:
    """A statement without what may follow its end."""
    return sql.strip().rstrip(";").rstrip()


def _joined(text: str, main: str, recursive: bool) -> str:
    """A statement may have one WITH: what it begins with itself goes on behind the saved queries."""
    front = text[: len(text) - len(main)].rstrip()
    return f"{front.replace('WITH', 'WITH RECURSIVE', 1) if recursive else front},{main}"


def store() -> Any:
    """Jupysql's own memory of saved queries; imported late, because it is slow to import."""
    from sql.connection import ConnectionManager
    from sql.store import store as kept

    ConnectionManager.current = _ClickHouseNames()
    return kept


class _ClickHouseNames:
    """All that jupysql's memory asks of a connection: how names are quoted. Statements go another way."""

    def is_use_backtick_template(self) -> bool:
        """ClickHouse takes backticks."""
        return True
