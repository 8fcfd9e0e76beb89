"""Tables that come with a request: rows that a statement may read like any other, and nobody else.

A structure is SQL, so its words are those of names and plain types only; a format is one that computes nothing.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from notehouse_hub.service.query_gateway.form import Part
from notehouse_hub.service.query_gateway.refusal import bad_argument

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_TYPES = re.compile(r"[A-Za-z0-9_ ,()'=.`+/-]{1,10000}")  # + - / of time zones and of numbers in enums
_COMPUTES = re.compile(
    r"\b(DEFAULT|MATERIALIZED|ALIAS|EPHEMERAL|CODEC|TTL|SETTINGS|COMMENT|CONSTRAINT|INDEX|PROJECTION|STATISTICS)\b",
    re.IGNORECASE,
)
_MOST = 16

# Formats that are data alone: Values and Template hold expressions, others ask for schemas.
_FORMATS = re.compile(
    r"(TabSeparated|TSV|CSV)(Raw)?(WithNames|WithNamesAndTypes)?|JSON(EachRow|Compact|Columns|CompactEachRow"
    r"|CompactEachRowWithNames|CompactEachRowWithNamesAndTypes|StringsEachRow|AsString)?|Native|RowBinary(WithNames"
    r"|WithNamesAndTypes)?|Arrow(Stream)?|Parquet|ORC|LineAsString|MsgPack"
)


def is_format(name: str) -> bool:
    """Say whether rows in this format are data alone."""
    return _FORMATS.fullmatch(name) is not None


@dataclass(frozen=True)
class ExternalTable:
    """A table that comes with a request; `described` is its format and its structure or types, as ClickHouse has them."""

    name: str
    described: Mapping[str, str]
    data: bytes


def taken(parts: list[Part], given: dict[str, str]) -> tuple[ExternalTable, ...]:
    """Take the tables of a form, and what describes them out of the parameters. Raises Refusal."""
    files = [one for one in parts if one.file]
    if len(files) > _MOST or len({one.name for one in files}) != len(files):
        raise bad_argument(f"A request brings at most {_MOST} external tables, each with a name of its own.")
    return tuple(_table(one, given) for one in files)


def _table(part: Part, given: dict[str, str]) -> ExternalTable:
    if not _NAME.fullmatch(part.name):
        raise bad_argument(
            f"{part.name[:60]!r} is no name of an external table: letters, digits and _ alone."
        )
    kinds = [kind for kind in ("format", "types", "structure") if f"{part.name}_{kind}" in given]
    described = {f"{part.name}_{kind}": given.pop(f"{part.name}_{kind}") for kind in kinds}
    output = described.get(f"{part.name}_format", "TabSeparated")
    if not is_format(output):
        raise bad_argument(
            f"External tables are not read as {output[:40]!r}. Use TabSeparated, CSV, JSONEachRow or Native."
        )
    for kind in kinds[kinds[:1] == ["format"] :]:
        text = described[f"{part.name}_{kind}"]
        if not _TYPES.fullmatch(text) or _COMPUTES.search(text):
            raise bad_argument(
                f"{part.name}_{kind} takes names and plain types only, for example: id UInt32, name String."
            )
    return ExternalTable(part.name, described, bytes(part.data))


def form(tables: tuple[ExternalTable, ...]) -> tuple[str, bytes]:
    """Write tables as a form: its content type, and its bytes."""
    boundary = secrets.token_hex(16)
    lines = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n'
        % (boundary.encode(), one.name.encode(), one.name.encode(), one.data)
        for one in tables
    ]
    return f"multipart/form-data; boundary={boundary}", b"".join([*lines, f"--{boundary}--\r\n".encode()])
