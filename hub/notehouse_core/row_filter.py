"""Which rows may a role read? A small language of conditions on columns, compiled to ClickHouse. Pure.

    carrier = 'UA' AND (origin IN {user.airports} OR toYear(day) >= 2013)

Columns, comparisons, literals and attributes of the user, joined by AND, OR and NOT: no sub-query, no column against
a column, no function but those in FUNCTIONS. What does not parse grants nothing.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from notehouse_core.errors import Invalid

ALL_ROWS = "1"
FUNCTIONS = ("lower", "upper", "toDate", "toYear", "toMonth", "toHour")  # of one column each
MOST_CHARACTERS = 4000
_DEEPEST = 20
_COMPARISONS = ("=", "!=", "<=", ">=", "<", ">")
_KEYWORDS = {"AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL", "LIKE", "TRUE", "FALSE"}
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.|'')*')
    | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    | (?P<slot>\{user\.[A-Za-z_]\w{0,62}\})
    | (?P<quoted>`[^`\\\x00-\x1f\x7f]+`)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign><>|!=|<=|>=|[=<>(),])
    )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", "'": "'"}

Fill = Callable[[Mapping[str, object]], str]


@dataclass(frozen=True)
class RowFilter:
    """A filter that has been read: the columns and user attributes it names, and how it is filled in."""

    columns: frozenset[str]
    attributes: frozenset[str]
    _fill: Fill

    def sql(self, attributes: Mapping[str, object]) -> str:
        """The condition for one user. Raises KeyError naming an attribute that the user lacks: no value, no rows."""
        return self._fill(attributes)

    def conditions(self, attributes: Mapping[str, object]) -> frozenset[str]:
        """The conditions that must all hold, filled in for one user; none for every row. Raises KeyError as `sql`."""
        return frozenset(one(attributes) for one in _all_of(self._fill)) - {ALL_ROWS}


@dataclass(frozen=True)
class _Joined:
    """Conditions joined by one word."""

    word: str
    parts: tuple[Fill, ...]

    def __call__(self, given: Mapping[str, object]) -> str:
        return f" {self.word} ".join(one(given) for one in self.parts)


@dataclass(frozen=True)
class _Grouped:
    """A condition in parentheses."""

    inner: Fill

    def __call__(self, given: Mapping[str, object]) -> str:
        return f"({self.inner(given)})"


class _Slots(dict[str, object]):
    """Attributes of nobody: each has a value that stands for it and for nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = secrets.token_hex(8)

    def __missing__(self, name: str) -> str:
        return f"{self._mark}.{name}"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: int

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind == "word" else self.text


def parse(text: str) -> RowFilter:
    """Read a row filter; `1` stands for every row. Raises Invalid saying where and why it cannot be read."""
    if text.strip() == ALL_ROWS:
        return RowFilter(frozenset(), frozenset(), lambda _: ALL_ROWS)
    if len(text) > MOST_CHARACTERS:
        raise Invalid(f"A row filter may have {MOST_CHARACTERS} characters; this one has {len(text)}.")
    return _Parser(text).whole()


def narrows(wanted: str, held: str, attributes: Mapping[str, object]) -> bool:
    """Does `wanted` leave, of what `held` leaves to somebody with these attributes, all or a part, whoever reads it?

    Told by their form: every condition that `held` joins by AND stands in `wanted` too, as it is or filled in.
    Raises Invalid for a filter that cannot be read.
    """
    slots = _Slots()
    asked, ours = parse(wanted), parse(held)
    given = asked.conditions(slots)
    if ours.conditions(slots) <= given:
        return True
    return ours.attributes <= attributes.keys() and ours.conditions(attributes) <= given


def literal(value: object) -> str:
    """A ClickHouse literal of a JSON scalar, or of a list of them. Raises KeyError for what is none."""
    if isinstance(value, list | tuple):
        return "(" + ", ".join(_scalar(item) for item in value) + ")"
    return _scalar(value)


def _all_of(condition: Fill) -> tuple[Fill, ...]:
    """The conditions that are joined by AND, through parentheses."""
    match condition:
        case _Grouped(inner):
            return _all_of(inner)
        case _Joined("AND", parts):
            return tuple(found for one in parts for found in _all_of(one))
    return (condition,)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and abs(value) < float("inf")):
        return repr(value)
    if not isinstance(value, str):
        raise KeyError(str(value))
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + re.sub(r"[\x00-\x1f\x7f]", lambda one: f"\\x{ord(one[0]):02x}", escaped) + "'"


class _Parser:
    """Recursive descent over a filter's tokens; the last one has the kind `end`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._columns: set[str] = set()
        self._attributes: set[str] = set()

    def whole(self) -> RowFilter:
        fill = self._either(0)
        if self._now.kind != "end":
            self._wrong("AND, OR, or nothing more")
        return RowFilter(frozenset(self._columns), frozenset(self._attributes), fill)

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> str | None:
        """Move on if the next token is one of these, and return it."""
        if self._now.kind in {"word", "sign"} and self._now.upper in texts:
            self._at += 1
            return self._tokens[self._at - 1].upper
        return None

    def _need(self, text: str) -> None:
        if not self._take(text):
            self._wrong(text)

    def _wrong(self, wanted: str) -> NoReturn:
        found = repr(self._now.text) if self._now.kind != "end" else "the end"
        raise _invalid(f"at character {self._now.place + 1} stands {found}, but {wanted} is expected")

    def _either(self, depth: int) -> Fill:
        return self._joined("OR", self._all, depth)

    def _all(self, depth: int) -> Fill:
        return self._joined("AND", self._maybe_not, depth)

    def _joined(self, word: str, part: Callable[[int], Fill], depth: int) -> Fill:
        parts = [part(depth)]
        while self._take(word):
            parts.append(part(depth))
        return parts[0] if len(parts) == 1 else _Joined(word, tuple(parts))

    def _maybe_not(self, depth: int) -> Fill:
        if not self._take("NOT"):
            return self._condition(depth)
        inner = self._maybe_not(self._deeper(depth))
        return lambda given: f"NOT ({inner(given)})"

    def _deeper(self, depth: int) -> int:
        if depth == _DEEPEST:
            raise _invalid(f"it is nested more than {_DEEPEST} deep")
        return depth + 1

    def _condition(self, depth: int) -> Fill:
        if self._take("("):
            inner = self._either(self._deeper(depth))
            self._need(")")
            return _Grouped(inner)
        return self._comparison(self._operand())

    def _comparison(self, column: str) -> Fill:
        if sign := self._take(*_COMPARISONS, "<>"):
            return self._against(column, "!=" if sign == "<>" else sign)
        if self._take("IS"):
            words = "IS NOT NULL" if self._take("NOT") else "IS NULL"
            self._need("NULL")
            return lambda _: f"{column} {words}"
        negated = "NOT " if self._take("NOT") else ""
        match self._take("IN", "LIKE", "BETWEEN"):
            case "IN":
                return self._among(column, f"{negated}IN")
            case "LIKE":
                return self._against(column, f"{negated}LIKE")
            case "BETWEEN":
                return self._within(column, f"{negated}BETWEEN")
        self._wrong("a comparison (=, !=, <, <=, >, >=, IN, LIKE, BETWEEN, IS NULL)")

    def _against(self, column: str, sign: str) -> Fill:
        value = self._value()
        return lambda given: f"{column} {sign} {value(given)}"

    def _within(self, column: str, sign: str) -> Fill:
        least = self._value()
        self._need("AND")
        most = self._value()
        return lambda given: f"{column} {sign} {least(given)} AND {most(given)}"

    def _among(self, column: str, sign: str) -> Fill:
        if self._now.kind == "slot":
            name = self._slot()
            return lambda given: _membership(column, sign, given[name])
        self._need("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._need(")")
        return lambda given: f"{column} {sign} ({', '.join(one(given) for one in values)})"

    def _value(self) -> Fill:
        if self._now.kind == "slot":
            name = self._slot()
            return lambda given: _scalar(given[name])
        found, self._at = self._now, self._at + 1
        if found.kind == "string":
            text = literal(_unescaped(found))
        elif found.kind == "number" or found.upper in {"TRUE", "FALSE"}:
            text = found.text.lower()
        else:
            self._at -= 1
            self._wrong("a literal or {user.attribute}")
        return lambda _: text

    def _slot(self) -> str:
        name = self._now.text.removeprefix("{user.").removesuffix("}")
        self._attributes.add(name)
        self._at += 1
        return name

    def _operand(self) -> str:
        """A column, or a function of one."""
        following = self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        if self._now.kind != "word" or following.text != "(":
            return self._column()
        name = self._now.text
        if name not in FUNCTIONS:
            raise _invalid(
                f"it calls {name}; a row filter may call only {', '.join(FUNCTIONS)}, on one column"
            )
        self._at += 2
        column = self._column()
        self._need(")")
        return f"{name}({column})"

    def _column(self) -> str:
        found = self._now
        if found.kind not in {"word", "quoted"} or found.upper in _KEYWORDS:
            self._wrong("a column")
        self._at += 1
        name = found.text.strip("`")
        self._columns.add(name)
        return name if found.kind == "word" else f"`{name}`"


def _tokens(text: str) -> list[_Token]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            raise _invalid(f"character {start + 1}, {text[start]!r}, cannot stand there")
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        place = match.end()
    return [*found, _Token("end", "", len(text))]


def _unescaped(token: _Token) -> str:
    """The value of a string as it is written: '' and \\' are a quote."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "''":
            return "'"
        if match[1] not in _ESCAPES:
            raise _invalid(
                f"the string at character {token.place + 1} has an escape that is not known: {match[0]}"
            )
        return _ESCAPES[match[1]]

    return re.sub(r"''|\\(.)", value, token.text[1:-1], flags=re.DOTALL)


def _membership(column: str, sign: str, values: object) -> str:
    """A list attribute in an IN; an empty one is in no list, and everything is outside of it."""
    if not isinstance(values, list | tuple):
        values = [values]
    if not values:
        return "1" if sign.startswith("NOT") else "0"
    return f"{column} {sign} {literal(values)}"


def _invalid(why: str) -> Invalid:
    message = f"This row filter cannot be used: {why}."
    return Invalid(message, fields=[{"field": "row_filter", "message": message}])
