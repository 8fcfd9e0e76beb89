"""What may come next in SQL; what was used before comes first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from notehouse_sql import snippets
from notehouse_sql.helping.catalog import Catalog, Table
from notehouse_sql.helping.place import Place

MOST = 200
_KEYWORDS = """
SELECT DISTINCT FROM WHERE PREWHERE GROUP ORDER BY HAVING LIMIT OFFSET WITH AS JOIN LEFT INNER FULL ON USING AND OR NOT IN
BETWEEN LIKE ILIKE IS NULL CASE WHEN THEN ELSE END UNION ALL FINAL SAMPLE SETTINGS INTERVAL ASC DESC OVER PARTITION ROLLUP
""".split()  # noqa: SIM905 - a list of 48 strings is no easier to read
_RULES = ["rows", "no nulls in", "unique", "freshness("]
_COMPARED = re.compile(r"([A-Za-z_]\w*)\s*(?:=|!=|<>|IN\s*\((?:\s*'[^']*'\s*,)*)\s*('?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Offer:
    """What may be written, and what kind of thing it is."""

    text: str
    kind: str


def offers(catalog: Catalog, place: Place, variables: Iterable[str]) -> list[Offer]:
    """What may be written at a place: the likeliest first, each once."""
    found = dict.fromkeys(_suited(catalog.fresh(), place, variables))
    stem = place.fragment.lower()
    fitting = [one for one in found if one.text.lower().startswith(stem)] or [
        one for one in found if len(stem) > 2 and stem in one.text.lower()
    ]
    used = catalog.used()
    rank = {one: place for place, one in enumerate(fitting)}
    return sorted(fitting, key=lambda one: (-used[one.text.rpartition(".")[2].rstrip("(")], rank[one]))[:MOST]


def _suited(catalog: Catalog, place: Place, variables: Iterable[str]) -> Iterator[Offer]:
    if "{{" in place.fragment:
        yield from (Offer(f"{{{{{name}}}}}", "variable") for name in variables if not name.startswith("_"))
        return
    if place.follows(r"\bFROM|\bJOIN|\bDESCRIBE|\bTABLE|\bEXISTS"):
        yield from (Offer(name, "saved query") for name in snippets.names())
        yield from (Offer(one.written, "table") for one in catalog.tables)
        yield from (Offer(f"{one.database}.{one.name}", "table") for one in catalog.tables if one.here)
        return
    if place.follows(r"\bSETTINGS(?:\s+\w+\s*=\s*[\w']+\s*,)*"):
        yield from (Offer(f"{name} = ", "setting") for name in catalog.settings)
        return
    tables = {name: one for name, of in place.named().items() if (one := catalog.table(of))}
    if words := _words(place, tables.values()):
        yield from words
        return
    if place.follows(r"\bON"):
        yield from _joins(tables)
    if "." in place.fragment:
        yield from _dotted(catalog, place, tables)
        return
    yield from (
        Offer(name, "column")
        for one in dict.fromkeys(map(id, tables.values()))
        for name in _columns(tables, one)
    )
    if not tables and place.fragment:  # SELECT is written before FROM
        yield from (Offer(name, "column") for one in catalog.tables if one.here for name in one.columns)
    if place.magic == "expect" and not place.ahead.rpartition("\n")[2].strip():
        yield from (Offer(rule, "rule") for rule in _RULES)
    yield from (Offer(name, "table") for name in tables)
    yield from (Offer(word, "keyword") for word in _KEYWORDS)
    yield from (Offer(f"{name}(", "function") for name in catalog.functions if name[0].isalpha())


def _columns(tables: dict[str, Table], which: int) -> list[str]:
    return next(list(one.columns) for one in tables.values() if id(one) == which)


def _words(place: Place, tables: Iterable[Table]) -> list[Offer]:
    """The words of an Enum that a column is compared with."""
    found = _COMPARED.search(place.before[: len(place.before) - len(place.fragment)])
    if found is None:
        return []
    ends = "'" if found[2] else ""
    return [
        Offer(f"{word}'" if ends else f"'{word}'", "value")
        for one in tables
        if found[1] in one.columns
        for word in one.words(found[1])
    ]


def _joins(tables: dict[str, Table]) -> Iterator[Offer]:
    """Conditions over columns that two tables share, those of their keys first."""
    names = {id(one): name for name, one in reversed(tables.items())}
    distinct = list({id(one): one for one in tables.values()}.values())
    for left in distinct:
        for right in distinct[distinct.index(left) + 1 :]:
            shared = [name for name in left.columns if name in right.columns]
            shared.sort(key=lambda name: name not in left.key_columns and name not in right.key_columns)
            yield from (
                Offer(f"{names[id(left)]}.{name} = {names[id(right)]}.{name}", "join") for name in shared
            )


def _dotted(catalog: Catalog, place: Place, tables: dict[str, Table]) -> Iterator[Offer]:
    """Columns of the table before the dot, or tables of the database."""
    before = place.fragment.rpartition(".")[0]
    if one := tables.get(before) or catalog.table(before):
        yield from (Offer(f"{before}.{name}", "column") for name in one.columns)
    yield from (
        Offer(f"{one.database}.{one.name}", "table") for one in catalog.tables if one.database == before
    )
