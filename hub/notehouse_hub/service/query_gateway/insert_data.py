"""Where does an INSERT end, and where do its rows begin? `INSERT INTO t (a, b) FORMAT CSV`, then rows.

This only finds the place: what stands before it is judged by the engine's own reading and is sent up as the engine
writes it, so a place that is found wrongly makes rows that cannot be read, and nothing worse.
"""

import re

_PIECE = re.compile(
    rb"""(?P<blank>\s+|--[^\n]*(?:\n|\Z)|\#[!\ ][^\n]*(?:\n|\Z)|/\*.*?\*/)
      | (?P<string>'(?:[^'\\]|\\.|'')*')
      | (?P<name>`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")
      | (?P<word>[^\W\d][\w$]*|\d[\w.]*)
      | (?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_BEGINS = re.compile(rb"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(insert|with)\b", re.IGNORECASE | re.DOTALL)
_OPENS, _CLOSES = {b"(", b"[", b"{"}, {b")", b"]", b"}"}
_SELECTS = {b"SELECT", b"WITH", b"WATCH"}
_LINE_END = re.compile(rb"[ \t\f]*\r?\n?")


def is_insert(text: bytes) -> bool:
    """Say whether a text begins as an INSERT does; names may stand before it: WITH 1 AS one INSERT INTO t."""
    begins = _BEGINS.match(text)
    return begins is not None and (begins[1].lower() == b"insert" or _into(text, begins.end()) is not None)


def _into(text: bytes, position: int) -> int | None:
    """Return where, behind WITH, an INSERT begins; None where it is a SELECT or anything else."""
    depth, before = 0, b""
    while piece := _PIECE.match(text, position):
        kind, word = piece.lastgroup, piece.group().upper()
        depth += (kind == "mark") * ((word in _OPENS) - (word in _CLOSES))
        if kind == "word" and not depth and before != b"AS" and word in {b"INSERT", b"SELECT"}:
            return position if word == b"INSERT" else None
        before = before if kind == "blank" else word
        position = piece.end()
    return None


def split(text: bytes) -> tuple[bytes, bytes | None]:
    """Return a statement and the rows that follow it; None for one that brings no rows with it."""
    if not is_insert(text):
        return text, None
    begins = _BEGINS.match(text)
    position = (_into(text, begins.end()) or 0) if begins else 0
    depth, after_name = 0, False
    while piece := _PIECE.match(text, position):
        position = piece.end()
        kind, word = piece.lastgroup, piece.group().upper()
        if kind == "blank":
            continue
        depth += (kind == "mark") * ((word == b"(") - (word == b")"))
        if kind == "word" and not depth and after_name:
            if word == b"VALUES":
                return text[:position], text[position:]
            if word == b"FORMAT":
                return _after_format(text, position)
            if word in _SELECTS:
                return text, None
        after_name = after_name or (kind in {"word", "name"} and word not in {b"INSERT", b"INTO", b"TABLE"})
    return text, None


def _after_format(text: bytes, position: int) -> tuple[bytes, bytes | None]:
    """The format's name is the last word; rows begin on the next line, or after blanks."""
    while piece := _PIECE.match(text, position):
        position = piece.end()
        if piece.lastgroup == "word":
            begin = _LINE_END.match(text, position)
            return text[:position], text[begin.end() if begin else position :]
        if piece.lastgroup != "blank":
            break
    return text, None
