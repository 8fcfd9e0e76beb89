"""May this statement run? Asks the engine for its tree and its canonical text, and applies the rules.

Both questions are put as a ClickHouse user of the gate's own that may read nothing, so a text that is not what
it seems finds nothing to take.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from notehouse_hub.service.query_gateway.gate import functions, statement_rules, tree
from notehouse_hub.service.query_gateway.gate.canonical import CanonicalText
from notehouse_hub.service.query_gateway.gate.writing import Verdict
from notehouse_hub.service.query_gateway.questions import Answer, Questions
from notehouse_hub.service.query_gateway.refusal import (
    ACCESS_DENIED,
    SYNTAX_ERROR,
    Refusal,
    too_large,
    unavailable,
)

_EXPLAIN = b"EXPLAIN AST "
_KNOWN_FUNCTIONS = b"SELECT name FROM system.functions WHERE lower(name) IN {names:Array(String)}"
_REMEMBERED = 4096  # statements
_LONGEST_REMEMBERED = 16 * 2**10  # bytes of one
_MOST_NODES = 100_000
_POSITION = re.compile(r"failed at position (\d+)")
_COLUMN = re.compile(r"\(line 1, col (\d+)\)")


@dataclass(frozen=True)
class Statement:
    """What is to be judged: the text, the values of its parameters, the default database."""

    text: bytes
    parameters: Mapping[str, str]
    database: str

    def key(self) -> tuple[object, ...]:
        """Say what the verdict depends on; values only where they can name something."""
        values: object = tuple(sorted(self.parameters))
        if b"identifier" in self.text.lower():
            values = tuple(sorted(self.parameters.items()))
        return self.text, values, self.database


class Gate:
    """The gate, with a memory of statements that passed."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._passed: OrderedDict[tuple[object, ...], Verdict] = OrderedDict()

    async def check(self, statement: Statement) -> Verdict:
        """Say what the statement does. Raise Refusal unless it may run."""
        key = statement.key()
        if key in self._passed:
            self._passed.move_to_end(key)
            return self._passed[key]
        if b"\0" in statement.text:
            raise Refusal(SYNTAX_ERROR, 400, "The statement has a zero byte in it. Remove it.")
        try:
            verdict = await self._judge(statement)
        except tree.NotUnderstoodError as error:
            raise statement_rules.not_understood(error) from error
        if len(statement.text) <= _LONGEST_REMEMBERED:
            self._passed[key] = verdict
        if len(self._passed) > _REMEMBERED:
            self._passed.popitem(last=False)
        return verdict

    async def _judge(self, statement: Statement) -> Verdict:
        """The text comes first: a setting that is not allowed must not even act on the gate's own question."""
        answer = await self._canonical(statement.text)
        if answer.status != 200:
            raise await self._why_unreadable(statement, answer)
        text = CanonicalText(json.loads(answer.body.decode(errors="replace"))[0])  # literals hold any bytes
        statement_rules.check_settings(text)
        shown = await self._tree(statement)
        if shown.status != 200:
            raise engines_words(shown)
        lines = shown.body.decode(errors="replace").splitlines()
        if len(lines) > _MOST_NODES:
            raise too_large("The statement has too many parts. Put long lists of values into a parameter.")
        root = tree.parse([json.loads(line)[0] for line in lines])
        verdict, own = statement_rules.check(root, text)
        await self._check_own(own)
        return verdict

    async def _check_own(self, names: frozenset[str]) -> None:
        """A function that a statement defines must not have the name of one of the engine's that is on no list yet."""
        if not names:
            return
        known = sorted({base.lower() for name in names for base in functions.without_combinators(name)})
        listed = "[" + ",".join(f"'{name}'" for name in known if name.isidentifier()) + "]"
        answer = await self._questions.as_gate(_KNOWN_FUNCTIONS, {"param_names": listed})
        if answer.status != 200:
            raise engines_words(answer)
        if answer.body.strip():
            raise statement_rules.refused_function(answer.body.decode(errors="replace").splitlines()[0])

    async def _why_unreadable(self, statement: Statement, answer: Answer) -> Refusal:
        """Return the engine's words on the statement itself; the quoted text has other positions."""
        shown = await self._tree(statement)
        return engines_words(answer if shown.status == 200 else shown)

    async def _tree(self, statement: Statement) -> Answer:
        settings = {"default_format": "JSONCompactStringsEachRow", "database": statement.database}
        parameters = {f"param_{name}": value for name, value in statement.parameters.items()}
        return await self._questions.as_gate(_EXPLAIN + statement.text, {**settings, **parameters})

    async def _canonical(self, text: bytes) -> Answer:
        literal = text.replace(b"\\", b"\\\\").replace(b"'", b"\\'")
        question = b"SELECT formatQuery('" + literal + b"')"
        return await self._questions.as_gate(question, {"default_format": "JSONCompactStringsEachRow"})


def engines_words(answer: Answer, before: int = len(_EXPLAIN)) -> Refusal:
    """Pass on why the engine could not read a statement, positions as its author counts them: `before` bytes were ours."""
    if not answer.code:
        return unavailable("ClickHouse does not answer. Try again in a moment.")
    text = answer.body.decode(errors="replace").strip()
    text = re.sub(r"^Code: \d+\. DB::Exception: ", "", text)
    text = re.sub(r" \([A-Z_]+\) \(version [^)]*\)$", "", text)
    text = _POSITION.sub(lambda found: f"failed at position {max(1, int(found[1]) - before)}", text)
    text = _COLUMN.sub(lambda found: f"(line 1, col {max(1, int(found[1]) - before)})", text)
    return Refusal(answer.code, 403 if answer.code == ACCESS_DENIED else 400, text)
