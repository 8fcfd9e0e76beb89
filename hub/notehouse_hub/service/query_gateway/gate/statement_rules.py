"""Which statements pass? The rules, over the engine's tree and canonical text of one statement."""

import re
from collections.abc import Set

from notehouse_hub.service.query_gateway.gate import functions, settings_allowed, system_tables, writing
from notehouse_hub.service.query_gateway.gate.canonical import CanonicalText
from notehouse_hub.service.query_gateway.gate.tree import Node, NotUnderstoodError
from notehouse_hub.service.query_gateway.gate.writing import Verdict
from notehouse_hub.service.query_gateway.refusal import READONLY, SYNTAX_ERROR, Refusal, denied

_QUERIES = {"SelectWithUnionQuery", "SelectQuery", "SelectIntersectExceptQuery"}
_SHOWS = {
    "ShowTables", "ShowColumns", "ShowIndexes", "ShowFunctions", "ShowSetting", "ShowEngineQuery",
    "ShowCreateTableQuery", "ShowCreateViewQuery", "ShowCreateDatabaseQuery",
}  # fmt: skip
_SHOWN = {"TABLES", "DATABASES", "SETTINGS"}  # of what the tree calls ShowTables
_EXISTS = {"ExistsTableQuery", "ExistsDatabaseQuery", "ExistsViewQuery"}
STATEMENTS = _QUERIES | _SHOWS | _EXISTS | {"DescribeQuery", "Explain"}
_EXPLAINS = {"EXPLAIN", "EXPLAIN AST", "EXPLAIN SYNTAX", "EXPLAIN QUERY TREE", "EXPLAIN PIPELINE"}

# Every kind of node whose meaning the tree shows in full (or whose rest the canonical text shows, see below).
_PARTS = {
    "ExpressionList", "Function", "Identifier", "TableIdentifier", "Literal", "Asterisk", "QualifiedAsterisk",
    "ColumnsRegexpMatcher", "ColumnsListMatcher", "QualifiedColumnsRegexpMatcher", "QualifiedColumnsListMatcher",
    "ColumnsTransformerList", "ColumnsExceptTransformer", "ColumnsReplaceTransformer",
    "ColumnsReplaceTransformer::Replacement", "ColumnsApplyTransformer", "TablesInSelectQuery",
    "TablesInSelectQueryElement", "TableExpression", "TableJoin", "ArrayJoin", "Subquery", "WithElement",
    "OrderByElement", "WindowDefinition", "WindowListElement", "InterpolateElement", "SampleRatio", "Set",
}  # fmt: skip
_KNOWN = STATEMENTS | _PARTS

_INSTEAD = {
    "UseQuery": "USE is not needed: the database is chosen by the address; write database.table for others.",
    "SYSTEM": "SYSTEM statements are for the platform's operators.",
    "KillQueryQuery": "Stop a query by closing its connection or interrupting its cell.",
    "ExecuteAsQuery": "Statements run as the holder of the token.",
}

# A column structure is SQL itself: DEFAULT, ALIAS and the like hold expressions that the tree does not show.
_STRUCTURE_KEYWORDS = re.compile(
    r"\b(DEFAULT|MATERIALIZED|ALIAS|EPHEMERAL|CODEC|TTL|SETTINGS)\b", re.IGNORECASE
)
_WORDS_BEFORE_PARENTHESIS = {
    "select", "from", "where", "in", "and", "or", "not", "on", "using", "as", "over", "by", "with", "array", "join",
    "having", "then", "when", "else", "case", "between", "like", "ilike", "union", "all", "distinct", "except",
    "replace", "limit", "values", "exists", "interpolate", "prewhere", "sets", "columns", "apply", "any", "strict",
    "rollup", "cube", "qualify", "intersect", "explain", "is", "null", "recursive", "materialized",
}  # fmt: skip


def check(root: Node, text: CanonicalText) -> tuple[Verdict, frozenset[str]]:
    """Raise Refusal if the statement may not run.

    Return what it does, and names that it calls as functions of its own (`WITH x -> x + 1 AS f`); they must not be the
    engine's.
    """
    if root.kind not in writing.ROOTS:
        return writing.READS, _check_query(root, text)
    verdict, queries = writing.check(root, text)
    _check_text(text, list(root.walk()), verdict.place)
    _check_clauses(text, list(root.walk()))
    return verdict, frozenset().union(*(_check_rows(each) for each in queries))


def _check_query(root: Node, text: CanonicalText) -> frozenset[str]:
    nodes = list(root.walk())
    called = _check_rows(root)
    _check_text(text, nodes)
    _check_clauses(text, nodes)
    return called


def _check_rows(root: Node) -> frozenset[str]:
    """Judge a query by its tree alone."""
    nodes = list(root.walk())
    own = {node.alias for node in nodes if node.kind == "Function" and node.name == "lambda" and node.alias}
    _check_kind(root)
    called = frozenset(name for node in nodes for name in _check_node(node, own))
    system_tables.check(nodes)
    return called


def _check_kind(root: Node) -> None:
    if root.kind not in STATEMENTS:
        instead = _INSTEAD.get(
            root.kind,
            "Only SELECT, SHOW, DESCRIBE, EXISTS, EXPLAIN and INSERT pass; SET and temporary tables in a session.",
        )
        raise Refusal(READONLY, 403, f"This statement changes something or is not a query. {instead}")
    for child in root.children:
        if child.kind == "Literal":
            raise denied(
                "INTO OUTFILE is refused: it would write on the server. Save the answer on your side."
            )


def _check_node(node: Node, own: Set[str]) -> list[str]:
    """Judge one node; return the function of the statement's own that it calls, if it is one."""
    if node.kind not in _KNOWN:
        raise denied(
            f"The statement has a part that is not known to be safe here ({node.kind}). Write it as a plain SELECT."
        )
    if node.kind == "Explain" and node.name not in _EXPLAINS:
        raise denied(
            f"{node.name} is refused: it counts rows before the row filter. Use EXPLAIN, EXPLAIN AST, EXPLAIN SYNTAX, "
            "EXPLAIN QUERY TREE or EXPLAIN PIPELINE."
        )
    if node.kind == "TableIdentifier" and re.search(r"[/\\]", node.name):
        raise denied(
            f"There is no table {node.name!r}: a name with a slash would be a file. Files are not read."
        )
    if node.kind != "Function":
        return []
    if node.name in own and not functions.is_allowed(node.name) and not functions.is_denied(node.name):
        return [node.name]
    _check_function(node)
    return []


def _check_function(node: Node) -> None:
    if node.parent is not None and node.parent.kind == "TableExpression":
        if node.name.lower() not in functions.TABLE_FUNCTIONS:
            raise _refused_function(node.name, "table function")
        if node.name.lower() == "values":
            _check_structure(node)
    elif not functions.is_allowed(node.name):
        raise refused_function(node.name)


def refused_function(name: str) -> Refusal:
    """Refuse a function that is on no list."""
    return _refused_function(name, "function")


def _refused_function(name: str, kind: str) -> Refusal:
    if name.lower() == "viewexplain":
        return denied("EXPLAIN inside a SELECT is refused. Run the EXPLAIN as a statement of its own.")
    return denied(
        f"The {kind} {name} is refused here: it is not on the list of those that read nothing but your own "
        "rows. Read tables you were granted, or ask the platform's admin for the data."
    )


def _check_structure(node: Node) -> None:
    """The first argument of values() may give columns and types, as a literal, and nothing that computes."""
    arguments = node.children[0].children if node.children else []
    first = arguments[0] if arguments else None
    plain = first is not None and (
        first.kind == "Literal" or (first.kind == "Function" and first.name == "tuple")
    )
    if not plain or (first is not None and _STRUCTURE_KEYWORDS.search(first.text)):
        raise denied(
            "values() takes columns with plain types only, for example: values('a Int8, b String', (1, 'x'))."
        )


def _check_text(text: CanonicalText, nodes: list[Node], target: int = -1) -> None:
    """`target`: the token that names the table a statement writes to, before its columns."""
    if odd := text.odd_name():
        raise denied(
            f"The name {odd!r} has a line break or another control character in it. Choose a plain name."
        )
    if text.has_word("INTO", "OUTFILE"):
        raise denied("INTO OUTFILE is refused: it would write on the server. Save the answer on your side.")
    if nodes[0].kind == "ShowTables" and not text.shows(_SHOWN):
        raise denied(
            "Of SHOW these pass: TABLES, DATABASES, COLUMNS, FUNCTIONS, SETTINGS, ENGINES and CREATE."
        )
    if nodes[0].kind in _SHOWS and text.has_word("WHERE"):
        raise denied("SHOW ... WHERE is refused. Use LIKE, or SELECT from system.tables or system.columns.")
    applies = any(node.kind == "ColumnsApplyTransformer" for node in nodes)
    for name in text.called(target):
        if name.lower() in functions.DENIED_ANYWHERE:
            raise _refused_function(name, "function")
        if applies and name.lower() not in _WORDS_BEFORE_PARENTHESIS and not functions.is_allowed(name):
            raise _refused_function(name, "function")


def check_settings(text: CanonicalText) -> None:
    """Raise Refusal if a clause of the statement gives a setting that is not a caller's to give."""
    for clause in text.clauses():
        for name in clause.names:
            explained = clause.of == "EXPLAIN"
            if not (
                name in settings_allowed.EXPLAIN_OPTIONS if explained else settings_allowed.is_allowed(name)
            ):
                raise denied(
                    f"The setting {name} cannot be given here. Leave it out; limits of your role are raised by an admin."
                )


def _check_clauses(text: CanonicalText, nodes: list[Node]) -> None:
    """The tree says how many clauses there are, the text what they name; both must agree."""
    if len(text.clauses()) != sum(node.kind == "Set" for node in nodes):
        raise NotUnderstoodError("the settings of the statement could not be told")


def not_understood(error: NotUnderstoodError) -> Refusal:
    """Say that a statement was refused because it could not be judged."""
    return Refusal(
        SYNTAX_ERROR, 400, f"The statement could not be judged and was not run: {error}. Simplify it."
    )
