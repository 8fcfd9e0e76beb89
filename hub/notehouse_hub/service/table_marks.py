"""Which state of its tables is a notebook's data in? What their parts hold, asked as ClickHouse's administrator.

A merge, a replica that fetched its parts later, or a server started again changes files, and no rows: so no time of a file
is looked at. An insert takes a higher block number; a mutation names its version in its parts (data_version is a block's
number where there was none, and merges change it); a table made anew has another UUID, which its path names (system.tables
would ask the foreign databases of a class for theirs).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence, Set

from notehouse_core.access import AccessClass
from notehouse_core.sql_cells import DEFAULT_SOURCE
from notehouse_hub.rights.grants import EVERYTHING
from notehouse_hub.rights.server import Server

_PARTS = """
SELECT database, table, toString(groupBitXor(cityHash64(made, partition_id, rows, block, version))) FROM (
    SELECT database, table, partition_id, extract(path, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}') AS made,
        sum(rows) AS rows, max(max_block_number) AS block,
        max(toUInt64OrZero(extract(name, '(?:_[0-9]+){3}_([0-9]+)$'))) AS version
    FROM system.parts WHERE active AND database IN {databases:Array(String)}
    GROUP BY database, table, partition_id, made
) GROUP BY database, table ORDER BY database, table"""
_WORD = re.compile(rb"\w+")


def words_of(notebook: bytes) -> frozenset[str]:
    """All words of a notebook: which tables it may read is asked for often, and it never changes."""
    return frozenset(word.decode(errors="replace") for word in _WORD.findall(notebook))


async def mark_of(server: Server, access_class: AccessClass, words: Set[str]) -> str:
    """A fingerprint (16 hex characters) of the tables that a class reads and that notebooks of these words name."""
    return (await marks_of(server, [(access_class, words)]))[0]


async def marks_of(server: Server, asked: Sequence[tuple[AccessClass, Set[str]]]) -> list[str]:
    """The fingerprints of many, by one question to the database."""
    reads = [_reads(access_class, words) for access_class, words in asked]
    databases = sorted({database for each in reads for database, _ in each})
    quoted = ", ".join("'" + one.replace("\\", "").replace("'", "") + "'" for one in databases)
    rows = await server.rows(_PARTS, databases=f"[{quoted}]") if databases else []
    return [
        _fingerprint(
            [row for row in rows if row[1] in words and each & {(row[0], row[1]), (row[0], EVERYTHING)}]
        )
        for each, (_, words) in zip(reads, asked, strict=True)
    ]


def _reads(access_class: AccessClass, words: Set[str]) -> set[tuple[str, str]]:
    """What a class may read of the source that cells ask unless they name another, and of those that are named.

    A table elsewhere that is called like a word of a text (`delays`) would have pages made anew for nothing.
    """
    return {
        (one.database, one.table)
        for one in access_class.grants
        if one.source == DEFAULT_SOURCE or words & {one.source, one.database}
    }


def _fingerprint(found: list[list[str]]) -> str:
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]
