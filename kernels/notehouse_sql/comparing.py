"""`%sqlcmd test`: jupysql's way to say what every value of a column must be. `%%expect` says more."""

from __future__ import annotations

import argparse
import shlex
from typing import Any, NoReturn

from notehouse_sql.errors import SqlError
from notehouse_sql.relation import columns_of, quoted, relation
from notehouse_sql.session import Session

MOST = 10  # rows that are shown
_OFFENDS = {"greater": "<=", "greater_or_equal": "<", "less_than": ">=", "less_than_or_equal": ">"}
_HELP = (
    "It is written: %sqlcmd test --table NAME --column NAME [--greater N | --greater-or-equal N] "
    "[--less-than N | --less-than-or-equal N] [--no-nulls]"
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SqlError(f"{message}. {_HELP}")


def test(session: Session, rest: str) -> Any:
    """True when all rows hold; otherwise some that do not, as a frame. Raises SqlError."""
    asked = _parsed(rest)
    of = relation(f"{asked.schema}.{asked.table}" if asked.schema else asked.table)
    kind = columns_of(session, of).get(asked.column)
    if kind is None:
        raise SqlError(f"{of.title} has no column {asked.column}.")
    values = {name: value for name in _OFFENDS if (value := getattr(asked, name)) is not None}
    offends = [
        f"{quoted(asked.column)} {_OFFENDS[name]} toFloat64({{nh_{name}:String}})" for name in values
    ] + ([f"isNull({quoted(asked.column)})"] if asked.no_nulls else [])
    if not offends:
        raise SqlError(f"Say what must hold. {_HELP}")
    sql = f"SELECT * FROM {of.sql} WHERE {' OR '.join(offends)} LIMIT {MOST}"
    found = session.ask(sql, of.source, values={f"nh_{name}": value for name, value in values.items()})
    if not found.table.num_rows:
        return True
    print(f"The test failed: here are rows of {of.title} whose {asked.column} is not as it must be.")
    return found.frame()


def _parsed(rest: str) -> argparse.Namespace:
    parser = _Parser(add_help=False)
    parser.add_argument("-t", "--table", required=True)
    parser.add_argument("-s", "--schema")
    parser.add_argument("-c", "--column", required=True)
    parser.add_argument("-nn", "--no-nulls", action="store_true")
    for short, name in zip(("-g", "-goe", "-l", "-loe"), _OFFENDS, strict=True):
        parser.add_argument(short, f"--{name.replace('_', '-')}", type=_number)
    return parser.parse_args(shlex.split(rest))


def _number(text: str) -> str:
    float(text)
    return text
