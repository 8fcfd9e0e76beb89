"""Which state of its tables is a notebook's data in? Their rows and newest changes, asked as ClickHouse's administrator."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence

from notehouse_core.access import AccessClass
from notehouse_hub.rights.server import Server

_PARTS = """
SELECT database, table, sum(rows), toString(max(modification_time)) FROM system.parts
WHERE active AND database IN {databases:Array(String)} GROUP BY database, table ORDER BY database, table"""
_WORD = re.compile(rb"\w+")


async def mark_of(server: Server, access_class: AccessClass, notebooks: Iterable[bytes]) -> str:
    """A fingerprint (16 hex characters) of the tables that a class reads and one of the notebooks names."""
    return (await marks_of(server, [(access_class, notebooks)]))[0]


async def marks_of(server: Server, asked: Sequence[tuple[AccessClass, Iterable[bytes]]]) -> list[str]:
    """The fingerprints of many, by one question to the database."""
    tables = [_tables(access_class, notebooks) for access_class, notebooks in asked]
    databases = sorted({database for each in tables for database, _ in each})
    quoted = ", ".join("'" + one.replace("\\", "").replace("'", "") + "'" for one in databases)
    rows = await server.rows(_PARTS, databases=f"[{quoted}]") if databases else []
    return [_fingerprint([row for row in rows if (row[0], row[1]) in each]) for each in tables]


def _tables(access_class: AccessClass, notebooks: Iterable[bytes]) -> set[tuple[str, str]]:
    named = {word.decode(errors="replace") for one in notebooks for word in _WORD.findall(one)}
    return {(one.database, one.table) for one in access_class.grants if one.table in named}


def _fingerprint(found: list[list[str]]) -> str:
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]
