"""Which statements that change something pass? Rows into a table, and what is kept in a session; each of one plain form.

The tree says nothing of much that these statements may hold (`AS other_table`, OR REPLACE, INFILE), so the engine's
canonical text must have the whole form that is known here, and the tree nothing but what that form needs.
"""

from dataclasses import dataclass
from enum import Enum

from notehouse_hub.service.query_gateway.external_tables import is_format
from notehouse_hub.service.query_gateway.gate.canonical import END, CanonicalText
from notehouse_hub.service.query_gateway.gate.tree import Node
from notehouse_hub.service.query_gateway.refusal import Refusal, denied

_SELECT = "SelectWithUnionQuery"
_EXPRESSIONS = "Values"  # a format whose values the engine is told not to compute
_TYPES = {"DataType", "EnumDataType", "TupleDataType"}
_IN_TYPES = _TYPES | {"ExpressionList", "Literal", "NameTypePair", "Identifier"}


class Kind(Enum):
    """What a statement does."""

    READ = "read"
    INSERT = "insert"
    SESSION = "session"  # changes nothing outside its session


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a statement that may run.

    Of an INSERT: its target as it is named there, whether rows come with it, and the text to send up with them.
    Of a statement on a temporary table: that table. `place` is the token of the table's name.
    """

    kind: Kind = Kind.READ
    database: str = ""
    table: str = ""
    brings_rows: bool = False
    text: str = ""
    place: int = -1
    removes: bool = False  # a temporary table, or its rows


READS = Verdict()
ROOTS = {"InsertQuery", "CreateQuery", "DropQuery", "TruncateQuery", "Set"}


def check(root: Node, text: CanonicalText) -> tuple[Verdict, list[Node]]:
    """Judge a statement of one of these kinds; return the SELECT in it too, which has rules of its own. Raises Refusal."""
    verdict = _JUDGES[root.kind](root, text)
    return verdict, [child for child in root.children if child.kind == _SELECT]


def _insert(root: Node, text: CanonicalText) -> Verdict:
    if not (text.at(1).is_word("INTO") and text.at(2).names) or text.at(2).is_word("FUNCTION"):
        raise _not_plain_insert()
    index, database, table = 3, "", text.at(2).text
    if text.at(3).text == ".":
        index, database, table = 5, table, text.at(4).text
    place = index - 1
    if text.at(index).text == "(" and not text.at(index + 1).is_word("SELECT"):
        index = _after_columns(text, index)
    index = text.after_settings(index)
    brings_rows = text.at(index).is_word("FORMAT") and text.at(index + 2) is END
    if brings_rows and not _is_readable(text.at(index + 1).text):
        raise denied(
            f"Rows are not read as {text.at(index + 1).text[:40]!r} here. Use Native, RowBinary, CSV, TabSeparated, "
            "JSONEachRow, Parquet, Arrow, ORC or Values."
        )
    selects = any(child.kind == _SELECT for child in root.children)
    begins = text.at(index).is_word("SELECT") or text.at(index).is_word("WITH") or text.at(index).text == "("
    if brings_rows == selects or (selects and not begins):
        raise _not_plain_insert()
    if any(child.kind not in {"Identifier", "ExpressionList", "Set", _SELECT} for child in root.children):
        raise _not_plain_insert()
    return Verdict(Kind.INSERT, database, table, brings_rows, text.text, place)


def _after_columns(text: CanonicalText, index: int) -> int:
    """Step over a list of plain names."""
    index += 1
    while text.at(index).names or text.at(index).text in {",", "."}:
        index += 1
    if text.at(index).text != ")":
        raise _not_plain_insert()
    return index + 1


def _is_readable(name: str) -> bool:
    return name == _EXPRESSIONS or is_format(name)


def _create(root: Node, text: CanonicalText) -> Verdict:
    """CREATE TEMPORARY TABLE [IF NOT EXISTS] name [(columns)] [ENGINE = Memory] [AS SELECT ...]."""
    index, name = _temporary(text, "CREATE", ("IF", "NOT", "EXISTS"))
    place = index - 1
    if text.at(index).text == "(":
        index = text.after_parenthesis(index)
    if text.at(index).is_word("ENGINE"):
        if not (text.at(index + 1).text == "=" and text.at(index + 2).is_word("Memory")):
            raise _not_plain_temporary()
        index += 3
    selects = any(child.kind == _SELECT for child in root.children)
    begins = text.at(index).is_word("AS") and (
        text.at(index + 1).is_word("SELECT")
        or text.at(index + 1).is_word("WITH")
        or text.at(index + 1).text == "("
    )
    if selects != begins or (not selects and text.at(index) is not END):
        raise _not_plain_temporary()
    for child in root.children:
        _check_part(child)
    return Verdict(Kind.SESSION, table=name, place=place)


def _check_part(part: Node) -> None:
    if part.kind == "Columns":
        for node in part.walk():
            _check_column(node)
    elif part.kind == "Storage":
        plain = (
            len(part.children) == 1 and part.children[0].name == "Memory" and not part.children[0].children
        )
        if not plain:
            raise _not_plain_temporary()
    elif part.kind not in {"Identifier", _SELECT}:
        raise _not_plain_temporary()


def _check_column(node: Node) -> None:
    if node.kind == "ColumnDeclaration":
        if any(child.kind not in _TYPES for child in node.children):
            raise _not_plain_temporary()
    elif node.kind != "Columns" and (node.kind not in _IN_TYPES or "AggregateFunction" in node.text):
        raise _not_plain_temporary()


def _drop(root: Node, text: CanonicalText) -> Verdict:
    """DROP or TRUNCATE of a TEMPORARY TABLE [IF EXISTS] name."""
    verb = "DROP" if root.kind == "DropQuery" else "TRUNCATE"
    index, name = _temporary(text, verb, ("IF", "EXISTS"))
    if text.at(index) is not END:
        raise _not_plain_temporary()
    return Verdict(Kind.SESSION, table=name, removes=True)


def _temporary(text: CanonicalText, verb: str, condition: tuple[str, ...]) -> tuple[int, str]:
    """Return where the rest begins, and the name of the temporary table."""
    if not text.begins(verb, "TEMPORARY", "TABLE"):
        raise denied(
            f"Of {verb} only {verb} TEMPORARY TABLE passes, within a session (session_id). Tables that stay are made by "
            "the platform's admin."
        )
    index = 3
    if all(text.at(index + offset).is_word(word) for offset, word in enumerate(condition)):
        index += len(condition)
    if not text.at(index).names or text.at(index + 1).text == ".":
        raise _not_plain_temporary()
    return index + 1, text.at(index).text


def _set(root: Node, text: CanonicalText) -> Verdict:
    """The names were looked at already, with those of all clauses."""
    if not text.clauses():
        raise denied("SET takes names and plain values, for example: SET max_threads = 2.")
    return Verdict(Kind.SESSION)


_JUDGES = {
    "InsertQuery": _insert,
    "CreateQuery": _create,
    "DropQuery": _drop,
    "TruncateQuery": _drop,
    "Set": _set,
}


def _not_plain_insert() -> Refusal:
    return denied(
        "Of INSERT these pass: INSERT INTO table (columns) FORMAT name or VALUES with the rows, and INSERT INTO table "
        "(columns) SELECT. No INFILE, no FUNCTION, columns by their names."
    )


def _not_plain_temporary() -> Refusal:
    return denied(
        "A temporary table has plain columns, or those of a SELECT, in memory: CREATE TEMPORARY TABLE name (id UInt32, "
        "name String), or CREATE TEMPORARY TABLE name AS SELECT."
    )
