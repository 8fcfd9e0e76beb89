"""Which state of its tables is a notebook's data in? Their rows and newest changes, asked as ClickHouse's administrator."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence, Set

from notehouse_core.access import AccessClass
from notehouse_hub.rights.server import Server

_PARTS = """
SELECT database, table, sum(rows), toString(max(modification_time)) FROM system.parts
WHERE active AND database IN {databases:Array(String)} GROUP BY database, table ORDER BY database, table"""
_WORD = re.compile(rb"\w+")


def words_of(notebook: bytes) -> frozenset[str]:
    """All words of a notebook: which tables it may read is asked for often, and it never changes."""
    return frozenset(word.decode(errors="replace") for word in _WORD.findall(notebook))


async def mark_of(server: Server, access_class: AccessClass, words: Set[str]) -> str:
    """A fingerprint (16 hex characters) of the tables that a class reads and that notebooks of these words name."""
    return (await marks_of(server, [(access_class, words)]))[0]


async def marks_of(server: Server, asked: Sequence[tuple[AccessClass, Set[str]]]) -> list[str]:
    """The fingerprints of many, by one question to the database."""
    tables = [_tables(access_class, words) for access_class, words in asked]
    databases = sorted({database for each in tables for database, _ in each})
    quoted = ", ".join("'" + one.replace("\\", "").replace("'", "") + "'" for one in databases)
    rows = await server.rows(_PARTS, databases=f"[{quoted}]") if databases else []
    return [_fingerprint([row for row in rows if (row[0], row[1]) in each]) for each in tables]


def _tables(access_class: AccessClass, words: Set[str]) -> set[tuple[str, str]]:
    return {(one.database, one.table) for one in access_class.grants if one.table in words}


def _fingerprint(found: list[list[str]]) -> str:
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]
