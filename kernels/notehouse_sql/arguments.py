"""The line after `%%sql`: which source, how many rows, under which name."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notehouse_sql.errors import SqlError

DEFAULT_SOURCE = "warehouse"
DEFAULT_LIMIT = 100_000
_ASSIGNED = re.compile(r"^\s*([A-Za-z_]\w*)\s*<<\s*")
_SOURCE = re.compile(r"^[A-Za-z_][\w-]*$")
_STATEMENT = re.compile(
    r"^\s*(SELECT|WITH|SHOW|DESCRIBE|DESC|EXPLAIN|EXISTS|INSERT|CREATE|ALTER|DROP|\()", re.IGNORECASE
)
_HELP = (
    "%%sql [source] [name <<] [--as NAME | --save NAME [--no-execute]] [--with NAME] [--limit N | --all] [--no-cache] "
    "[--polars | --arrow] [--file PATH] [--interact NAME]"
)
_SHORT = {"-w": "--with", "-S": "--save", "-N": "--no-execute", "-f": "--file"}
_TEXTS = {"--as": "keep", "--save": "save", "--file": "file"}
_LISTS = {"--with": "use", "--interact": "interact"}
_FLAGS: dict[str, tuple[str, Any]] = {
    "--no-execute": ("execute", False), "--all": ("limit", None), "--no-cache": ("cache", False),
    "--polars": ("form", "polars"), "--arrow": ("form", "arrow"),
}  # fmt: skip
_WITH_VALUE = {*_TEXTS, *_LISTS, "--limit", "-w", "-S", "-f"}
_CONNECTED = (
    "Sources are connected already, with your own rights: %sqlcmd sources lists them, and %%sql NAME asks one of "
    "them."
)
_READ_ONLY = (
    "No table is made of a frame: tables are made by the platform's admin. Rows go into one that your role writes to by "
    'insert(frame, "table"); or along with a statement, as external data of the ClickHouse protocol.'
)
_OF_CONNECTIONS = [
    "-l",
    "--connections",
    "-x",
    "--close",
    "-c",
    "--creator",
    "-s",
    "--section",
    "-A",
    "--alias",
]
_OF_WRITING = ["-p", "--persist", "-P", "--persist-replace", "-n", "--no-index", "--append"]
_REFUSED = {
    **dict.fromkeys([*_OF_CONNECTIONS, "-a", "--connection_arguments"], _CONNECTED),
    **dict.fromkeys(_OF_WRITING, _READ_ONLY),
}


@dataclass
class Arguments:
    """What one cell asks for; `assign` gets the frame, in the form of `form` (pandas, polars or arrow)."""

    source: str = DEFAULT_SOURCE
    assign: str | None = None
    save: str | None = None  # --save: as jupysql's, the query runs too
    keep: str | None = None  # --as: the query is kept, and nothing fetched
    use: tuple[str, ...] = ()
    limit: int | None = DEFAULT_LIMIT
    cache: bool = True
    execute: bool = True
    form: str = "pandas"
    interact: tuple[str, ...] = ()  # variables that get a control each
    file: str = ""
    sql: str = ""


def parse(line: str, cell: str | None) -> Arguments:
    """Read a line magic's or a cell magic's arguments. Raises SqlError that shows how they are written."""
    found = Arguments()
    rest = _take_assignment(line, found)
    words = _words(rest) if cell is not None else _leading(rest)
    used = _options(words, found)
    typed = cell if cell is not None else _after(rest, used)
    if found.file and typed.strip():
        raise SqlError("A statement stands in a file, or here; not in both.")
    found.sql = _read(found.file) if found.file else typed
    if assigned := _ASSIGNED.match(found.sql):
        found.assign, found.sql = assigned[1], found.sql[assigned.end() :]
    if not found.sql.strip():
        raise SqlError(f"There is no SQL in this cell. Write it below the line {_HELP}")
    return found


def _take_assignment(line: str, found: Arguments) -> str:
    matched = _ASSIGNED.match(line)
    if matched is None:
        return line
    found.assign = matched[1]
    return line[matched.end() :]


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise SqlError(f"This line cannot be read ({error}). It is written: {_HELP}") from error


def _leading(line: str) -> list[str]:
    """The options in front of a statement on the same line; a statement is never split into words."""
    words: list[str] = []
    for word in line.split():
        takes_value = bool(words) and words[-1] in _WITH_VALUE
        is_source = not words and _SOURCE.match(word) and not _STATEMENT.match(word)
        if not (word.startswith("--") or word in _SHORT or word in _REFUSED or takes_value or is_source):
            break
        words.append(word)
    return words


def _after(line: str, used: int) -> str:
    return re.sub(rf"^\s*(?:\S+(?:\s+|$)){{{used}}}", "", line)


def _options(words: list[str], found: Arguments) -> int:
    """Fill in what words say, and return how many there were."""
    rest, before = iter(words), DEFAULT_SOURCE
    for given in rest:
        word = _SHORT.get(given, given)
        if word in _FLAGS:
            setattr(found, *_FLAGS[word])
        elif word in _TEXTS:
            setattr(found, _TEXTS[word], _needed(next(rest, None), given))
        elif word in _LISTS:
            setattr(found, _LISTS[word], (*getattr(found, _LISTS[word]), _needed(next(rest, None), given)))
        elif word == "--limit":
            found.limit = _number(_needed(next(rest, None), given))
        elif word == "<<":
            found.assign, found.source = found.source, before
        elif matched := _ASSIGNED.match(f"{word} <<"):
            before, found.source = found.source, matched[1]
        else:
            raise SqlError(_REFUSED.get(word, f"{word} is not known here. It is written: {_HELP}"))
    return len(words)


def _needed(value: str | None, option: str) -> str:
    if value is None:
        raise SqlError(f"{option} needs a value. It is written: {_HELP}")
    return value


def _read(path: str) -> str:
    try:
        return Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SqlError(f"{path} cannot be read: {reason}.") from error


def _number(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise SqlError(f"--limit needs a number of rows, not {text}.")
    return int(text)
