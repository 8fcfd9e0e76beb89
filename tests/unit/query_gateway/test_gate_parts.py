"""The gate's readers: the engine's tree, its canonical text, and the lists of names."""

import pytest

from notehouse_hub.service.query_gateway.gate import functions, settings_allowed
from notehouse_hub.service.query_gateway.gate.canonical import CanonicalText
from notehouse_hub.service.query_gateway.gate.tree import NotUnderstoodError, parse


def test_a_tree_is_read() -> None:
    root = parse(
        [
            "SelectQuery (children 2)",
            " Function f (children 1)",
            "  Literal 'a (children 9)'",
            " Identifier x (alias y)",
        ]
    )
    kinds = [(node.kind, node.name) for node in root.walk()]
    assert kinds == [
        ("SelectQuery", ""),
        ("Function", "f"),
        ("Literal", "'a (children 9)'"),
        ("Identifier", "x"),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["A (children 1)"],
        ["A", " B"],
        ["A (children 1)", "  B"],
        ["A", "B"],
        [" A"],
        ["A (children 1)", " B", " C"],
    ],
)
def test_a_tree_that_does_not_add_up_is_refused(lines: list[str]) -> None:
    with pytest.raises(NotUnderstoodError):
        parse(lines)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT 1 SETTINGS max_threads = 1, `readonly` = 0", [("max_threads", "readonly")]),
        ("SELECT 'SETTINGS readonly = 0'", []),
        ("SELECT `SETTINGS readonly = 0`", []),
        ("SELECT * FROM (SELECT 1 SETTINGS a = -1) SETTINGS b = 'x'", [("a",), ("b",)]),
        ("EXPLAIN AST optimize = 1 SELECT 1", [("optimize",)]),
        ("SELECT SETTINGS FROM t", []),
        ("SELECT 1 SETTINGS a = 1 FORMAT CSV", [("a",)]),
    ],
)
def test_the_names_of_settings_are_found(text: str, names: list[tuple[str, ...]]) -> None:
    assert [clause.names for clause in CanonicalText(text).clauses()] == names


@pytest.mark.parametrize(
    "text", ["SELECT 1 SETTINGS a = {'x': 'y'}", "SELECT 1 SETTINGS a = 1 b = 2", "SELECT 1 SETTINGS a = (1)"]
)
def test_settings_that_are_no_plain_values_are_refused(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        CanonicalText(text).clauses()


def test_called_names_are_found_however_written() -> None:
    text = "SELECT `file`('x'), lower(a), * APPLY(upper), * APPLY trim, 'url(1)', x -> y"
    assert set(CanonicalText(text).called()) >= {"file", "lower", "upper", "trim"}
    assert "url" not in set(CanonicalText(text).called())


def test_functions() -> None:
    assert functions.is_allowed("sumIf")
    assert functions.is_allowed("uniqMergeState")
    for name in ("file", "FILE", "fileIf", "getServerSetting", "nowhere", "dictGet", "catboostEvaluate"):
        assert not functions.is_allowed(name), name
    assert not functions.ALLOWED & functions.DENIED
    assert not functions.TABLE_FUNCTIONS & functions.DENIED_TABLE_FUNCTIONS


def test_settings_that_decide_about_rights_are_on_no_list() -> None:
    for name in (
        "readonly", "allow_ddl", "additional_table_filters", "additional_result_filter", "profile", "role", "dialect",
        "log_comment", "quota_key", "format_schema", "http_response_headers", "max_query_size", "implicit_select",
        "output_format_schema", "readonly ", "", "SQL_tenant",
    ):  # fmt: skip
        assert not settings_allowed.is_allowed(name), name
