"""Statements made of other statements: tokens changed, parts nested, harmful parts put where harmless ones stood."""

import random
import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"""'(?:[^'\\]|\\.|'')*' | `(?:[^`\\]|\\.)*` | "(?:[^"\\]|\\.)*" | --[^\n]* | /\*.*?\*/ | \w+ | \s+ | .""",
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z_]\w*")

# Put in the place of a token, or between two.
_HARMFUL = (
    "file('{secret}')", "`file`('{secret}')", "FILE /**/ ('{secret}')", "(SELECT file('{secret}'))",
    "SETTINGS readonly = 0", "SETTINGS max_threads = 1, allow_ddl = 1", "FORMAT CSV SETTINGS allow_ddl = 1",
    "INTO OUTFILE '{secret}.out'", "; DROP TABLE flights", "; SELECT 2", "PARALLEL WITH SELECT 1",
    "UNION ALL SELECT file('{secret}')", "system.users", "system.tables", "total_rows", "vault.hidden",
    "url('http://127.0.0.1:1/', 'LineAsString')", "merge('flights', '.*')", "dictGet('d', 'a', 1)", "hostName()",
    "getClientHTTPHeader('X-Notehouse-Key')", "* APPLY(file)", "APPLY(x -> file(x))", "WITH x -> file(x) AS f",
    "values('a String DEFAULT file(\\'{secret}\\')', ('x'))", "loop(flights)", "EXPLAIN ESTIMATE", "EXPLAIN indexes = 1",
    "default.`{secret}`", "INSERT INTO flights", "WHERE file('{secret}') != ''", "AS file", "AS `settings`",
)  # fmt: skip
_BREAKING = (
    "'", '"', "`", "\\", "\\'", "--", "/*", "*/", "#", "$$", "$a$", ";", "(", ")", "{", "}", "{x:Identifier}",
    "\0", "\r", "\n",
    "\u00a0", "\u2028", "\ufeff", "\u2019", "\uff07", "\U0001f680", "0x", "1e", "..", "::", "->", "?", ":",
    ",", "=", "\\x27", "''", "\x1b", "\x7f",
)  # fmt: skip
_HARMLESS = (
    "1", "NULL", "'a'", "lower('A')", "(1, 'x')", "[1, 2]", "{x:UInt8}", "origin", "count()", "1 + 1", "today()",
    "SETTINGS max_threads = 1",
    "FORMAT JSON", "LIMIT 1", "/* c */", "-- c\n", "AS a", "NOT", "DISTINCT", "numbers(3)", "(SELECT 1)", "x -> x",
    "map('a', 1)",
    "CAST(1 AS String)", "1 BETWEEN 0 AND 2", "SETTINGS join_use_nulls = 1", "arrayMap(x -> x + 1, [1])",
)  # fmt: skip


class Mutations:
    """Makes statements from a corpus; the same seed makes the same ones."""

    def __init__(self, seed: int, passing: list[str], refused: list[str], secret: str) -> None:
        self._random = random.Random(seed)
        self._passing, self._refused, self._secret = passing, refused, secret
        self._changes: list[Callable[[str], str]] = [
            self._spell_otherwise, self._replace, self._insert, self._break, self._delete, self._swap, self._nest,
            self._combine, self._splice, self._quote_names,
        ]  # fmt: skip

    def one(self) -> str:
        """Return the next statement; most come of such that pass."""
        source = self._passing if self._random.random() < 0.8 else self._refused
        text = self._random.choice(source)
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3, 5))):
            text = self._random.choice(self._changes)(text)
        return text[:20_000]

    def _tokens(self, text: str) -> list[str]:
        return _TOKEN.findall(text) or [""]

    def _place(self, tokens: list[str]) -> int:
        return self._random.randrange(len(tokens))

    def _piece(self) -> str:
        kind = self._random.random()
        pieces = _HARMLESS if kind < 0.6 else _HARMFUL
        return self._random.choice(pieces).replace("{secret}", self._secret)

    def _spell_otherwise(self, text: str) -> str:
        """Change what means nothing: white space, comments, the case of words."""
        spaces = (" ", "\n", "\t", " /* c */ ", " -- c\n", "\r\n", "/**/")
        return "".join(
            self._random.choice(spaces)
            if token.isspace() and self._random.random() < 0.4
            else token.swapcase()
            if token.isupper() and self._random.random() < 0.3
            else token
            for token in self._tokens(text)
        )

    def _replace(self, text: str) -> str:
        tokens = self._tokens(text)
        tokens[self._place(tokens)] = self._piece()
        return "".join(tokens)

    def _insert(self, text: str) -> str:
        tokens = self._tokens(text)
        tokens.insert(self._random.randrange(len(tokens) + 1), f" {self._piece()} ")
        return "".join(tokens)

    def _break(self, text: str) -> str:
        place = self._random.randrange(len(text) + 1)
        return text[:place] + self._random.choice(_BREAKING) + text[place:]

    def _delete(self, text: str) -> str:
        tokens = self._tokens(text)
        del tokens[self._place(tokens)]
        return "".join(tokens)

    def _swap(self, text: str) -> str:
        tokens = self._tokens(text)
        one, other = self._place(tokens), self._place(tokens)
        tokens[one], tokens[other] = tokens[other], tokens[one]
        return "".join(tokens)

    def _nest(self, text: str) -> str:
        inner = text.strip().rstrip(";")
        form = self._random.choice(
            ("SELECT * FROM ({})", "WITH q AS ({}) SELECT * FROM q", "({}) UNION ALL ({})", "SELECT 1 IN ({})", "EXPLAIN {}",
             "EXPLAIN SYNTAX {}", "SELECT * FROM view({})", "SELECT ({})", "DESCRIBE ({})", "EXPLAIN AST {}", "({})", "{};",
             "EXPLAIN QUERY TREE {}")
        )  # fmt: skip
        return form.replace("{}", inner)

    def _combine(self, text: str) -> str:
        other = self._random.choice(self._passing if self._random.random() < 0.7 else self._refused)
        return f"{text.rstrip(';')} {self._random.choice(('UNION ALL', 'EXCEPT', 'INTERSECT', ',', ';'))} {other}"

    def _splice(self, text: str) -> str:
        """The head of one, the tail of another."""
        head, tail = self._tokens(text), self._tokens(self._random.choice(self._passing + self._refused))
        return "".join(head[: self._place(head)]) + " " + "".join(tail[self._place(tail) :])

    def _quote_names(self, text: str) -> str:
        mark = self._random.choice('`"')
        return "".join(
            f"{mark}{token}{mark}"
            if _WORD.fullmatch(token) and not token.isupper() and self._random.random() < 0.3
            else token
            for token in self._tokens(text)
        )
