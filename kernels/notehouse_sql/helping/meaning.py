"""What a name in SQL means: a function's signature, a table's columns, a column's type."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from notehouse_sql.helping.catalog import Catalog, Table
from notehouse_sql.helping.place import Place

_MOST_COLUMNS = 60


def meaning(catalog: Catalog, place: Place) -> str:
    """What is known of the name at a place, in lines of text; nothing where nothing is."""
    word = place.word()
    if not word:
        return ""
    catalog.fresh()
    named = place.named()
    if one := catalog.table(named.get(word, word)):
        return _of_table(one)
    of, _, column = word.rpartition(".")
    tables = [found for name in ([of] if of else named) if (found := catalog.table(named.get(name, name)))]
    for one in tables:
        if column in one.columns:
            kind, comment = one.columns[column]
            key = f"\nIn the key: {one.key}" if column in one.key_columns else ""
            return f"{one.written}.{column}  {kind}{key}{_line(comment)}"
    if function := catalog.function(word):
        return _of_function(function)
    setting = catalog.settings.get(word)
    return f"{word}  {setting['type']}{_line(_plain(setting['description']))}" if setting else ""


def as_page(text: str) -> str:
    """The same as HTML."""
    return f"<pre>{escape(text)}</pre>"


def _of_table(one: Table) -> str:
    columns = list(one.columns.items())
    width = max((len(name) for name, _ in columns), default=0)
    lines = [
        f"  {name:<{width}}  {kind}{f'  {comment}' if comment else ''}" for name, (kind, comment) in columns
    ]
    more = f"\n  and {len(lines) - _MOST_COLUMNS} more" if len(lines) > _MOST_COLUMNS else ""
    key = f"\nOrdered by {one.key}: conditions on it read less" if one.key else ""
    return f"{one.database}.{one.name}{_line(one.comment)}{key}\n" + "\n".join(lines[:_MOST_COLUMNS]) + more


def _of_function(one: dict[str, Any]) -> str:
    kind = "aggregate function" if one["is_aggregate"] else "function"
    parts = [str(one["syntax"]).strip() or f"{one['name']}(…)", kind, _plain(one["description"])]
    parts += [
        _plain(one["arguments"]),
        f"Returns: {_plain(one['returned_value'])}" if one["returned_value"] else "",
    ]
    return "\n".join(part for part in parts if part.strip())


def _line(text: str) -> str:
    return f"\n{text}" if text.strip() else ""


def _plain(text: Any) -> str:
    """Markdown's links and quotes as words."""
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", str(text)).replace("`", "").strip()
