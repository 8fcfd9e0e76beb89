"""Statements that the query gateway must pass, and such that it must refuse; one file a theme.

Statements are parted by empty lines; the first part of a file says what it holds. SECRET stands for the path of a file
that nobody may read.
"""

from collections.abc import Iterator
from pathlib import Path

_HERE = Path(__file__).parent

# What is refused for this holder alone, by grants or by the gateway, after the gate has let it pass.
REFUSED_BY_GRANTS = {"rows_of_others", "writes_without_right"}

# Values of the parameters that the statements name.
PARAMETERS = {
    "x": "3",
    "a$b": "3",
    "s": "a",
    "injection": "'; DROP TABLE flights --",
    "origin": "EWR",
    "origins": "['EWR','JFK']",
    "start": "2013-01-01",
    "m": "{'a':1}",
    "n": "\\N",
    "pair": "(1,'a')",
    "ts": "2013-01-01 00:00:00.123",
    "f": "1.5",
    "price": "1.25",
    "u": "61f0c404-5cb3-11e7-907b-a6006ad3dba0",
    "table": "flights",
    "database": "flights",
    "column": "origin",
    "d": "system",
    "t": "processes",
    "st": "system.users",
    "hidden": "total_rows",
    "vault": "vault",
    "hiddentable": "hidden",
}


def themes(kind: str) -> list[str]:
    """Return the names of the files of `pass` or `refuse`."""
    return sorted(path.stem for path in (_HERE / kind).glob("*.sql"))


def statements(kind: str, theme: str, secret: str = "/etc/passwd") -> Iterator[str]:
    """Yield the statements of one file."""
    _, *parts = (_HERE / kind / f"{theme}.sql").read_text().split("\n\n")
    for part in parts:
        yield part.strip("\n").replace("SECRET", secret)
