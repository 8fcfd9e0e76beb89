"""Queries kept under a name, in jupysql's own memory: each can stand in front of another as a common table expression."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from IPython.core.error import UsageError

from notehouse_sql.errors import SqlError

_WITH = re.compile(r"\s*WITH\b(\s+RECURSIVE\b)?", re.IGNORECASE)


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
