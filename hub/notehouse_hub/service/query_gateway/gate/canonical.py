"""What does the engine's canonical text of a statement say that its tree does not?

The tree prints a SETTINGS clause only as `Set`, `* APPLY(f)` without f, and nothing of SHOW ... WHERE. The
text that formatQuery writes has no comments and one spelling for everything, so a small tokenizer is enough.
"""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from notehouse_hub.service.query_gateway.gate.tree import NotUnderstoodError

_TOKEN = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\.|'')*')
      | (?P<quoted>`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")
      | (?P<number>\d[\w.]*(?:(?<=[eE])[+-]\d+)?)
      | (?P<word>[^\W\d][\w$]*)
      | (?P<mark>\S)""",
    re.VERBOSE | re.DOTALL,
)
_EXPLAIN_KINDS = {
    "AST", "SYNTAX", "QUERY", "TREE", "PLAN", "PIPELINE", "ESTIMATE", "TABLE", "OVERRIDE",
}  # fmt: skip
_SHOW_KINDS = {"FULL", "EXTENDED", "TEMPORARY", "CHANGED"}
_AFTER_SETTINGS = {
    "FORMAT", "UNION", "EXCEPT", "INTERSECT", "SETTINGS", "SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "EXISTS",
    "EXPLAIN",
}  # fmt: skip


@dataclass(frozen=True)
class Token:
    """One token; `text` of a quoted name is what stands between the quotes."""

    kind: str
    text: str

    @property
    def names(self) -> bool:
        """Say whether this can be a name, quoted or not."""
        return self.kind in {"word", "quoted"}

    def is_word(self, text: str) -> bool:
        """Say whether this is the unquoted word `text`."""
        return self.kind == "word" and self.text == text


END = Token("end", "")


@dataclass(frozen=True)
class Clause:
    """Settings given in one place of a statement: `of` is SETTINGS or EXPLAIN."""

    of: str
    names: tuple[str, ...]


class CanonicalText:
    """A statement as formatQuery prints it, in tokens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [_token(match) for match in _TOKEN.finditer(text)]

    def at(self, index: int) -> Token:
        """Return a token, or END past the last."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else END

    def begins(self, *words: str) -> bool:
        """Say whether the statement begins with these unquoted words."""
        return all(self.at(index).is_word(word) for index, word in enumerate(words))

    def after_parenthesis(self, index: int) -> int:
        """Return what follows the parenthesis that opens here."""
        depth = 0
        while self.at(index) is not END:
            token = self.at(index)
            depth += (token.kind == "mark") * ((token.text == "(") - (token.text == ")"))
            index += 1
            if not depth:
                break
        return index

    def after_settings(self, index: int) -> int:
        """Return what follows the SETTINGS that stand here, if they do."""
        if not self.at(index).is_word("SETTINGS"):
            return index
        index += 1
        while self.at(index).names and self.at(index + 1).text == "=":
            index = self._after_value(index + 2)
            if self.at(index).text != ",":
                break
            index += 1
        return index

    def has_word(self, *words: str) -> bool:
        """Say whether these unquoted words follow each other somewhere."""
        return any(
            all(self.at(start + offset).is_word(word) for offset, word in enumerate(words))
            for start in range(len(self.tokens))
        )

    def shows(self, what: Set[str]) -> bool:
        """Say whether this is SHOW of one of these."""
        index = 1
        while self.at(index).kind == "word" and self.at(index).text in _SHOW_KINDS:
            index += 1
        return self.at(0).is_word("SHOW") and self.at(index).kind == "word" and self.at(index).text in what

    def odd_name(self) -> str | None:
        """Return a quoted name with a line break or another control character in it, if there is one."""
        for token in self.tokens:
            if token.kind == "quoted" and re.search(r"[\x00-\x1f\x7f]|\\[^`\"\\]", token.text):
                return token.text
        return None

    def called(self, target: int = -1) -> Iterator[str]:
        """Yield each name that is followed by an opening parenthesis, or that APPLY applies; not `AS name(columns)`.

        The token `target` is a table's name before its columns.
        """
        for index, token in enumerate(self.tokens):
            if index == target:
                continue
            applied = self.at(index - 1).is_word("APPLY") or (
                self.at(index - 1).text == "(" and self.at(index - 2).is_word("APPLY")
            )
            lambda_argument = self.at(index + 1).text == "-" and self.at(index + 2).text == ">"
            named = self.at(index - 1).is_word("AS")
            if token.names and ((self._opens(index + 1) and not named) or (applied and not lambda_argument)):
                yield token.text

    def _opens(self, index: int) -> bool:
        token = self.at(index)
        return token.kind == "mark" and token.text == "("

    def clauses(self) -> list[Clause]:
        """Return every clause that gives settings; a word SETTINGS that opens none is a plain name."""
        found = []
        for index, token in enumerate(self.tokens):
            start = index + 1
            if token.is_word("EXPLAIN"):
                while self.at(start).kind == "word" and self.at(start).text in _EXPLAIN_KINDS:
                    start += 1
            elif not (token.is_word("SETTINGS") or (index == 0 and token.is_word("SET"))):
                continue
            names = self._assigned(start)
            if names:
                found.append(Clause("EXPLAIN" if token.is_word("EXPLAIN") else "SETTINGS", names))
        return found

    def _assigned(self, index: int) -> tuple[str, ...]:
        """Return the names of the list `name = value, name = value` that starts here.

        Raises NotUnderstoodError for a value that is no plain literal and for an end that is not one: a name
        that this loop did not see must not exist.
        """
        names: list[str] = []
        while self.at(index).names and self.at(index + 1).text == "=":
            names.append(self.at(index).text)
            index = self._after_value(index + 2)
            if self.at(index).text != ",":
                break
            index += 1
        if names and not self._ends_list(self.at(index)):
            raise NotUnderstoodError(f"settings end in {self.at(index).text!r}")
        return tuple(names)

    def _after_value(self, index: int) -> int:
        if self.at(index).kind == "mark" and self.at(index).text in {"-", "+"}:
            index += 1
        if self.at(index).kind not in {"number", "string", "word"}:
            raise NotUnderstoodError("a setting has a value that is not a plain number, text or word")
        return index + 1

    def _ends_list(self, token: Token) -> bool:
        return (
            token is END
            or (token.kind == "mark" and token.text in {"(", ")"})
            or (token.kind == "word" and token.text in _AFTER_SETTINGS)
        )


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup or "mark"
    text = match.group()
    return Token(kind, text[1:-1] if kind == "quoted" else text)
