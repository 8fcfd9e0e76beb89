"""Parameters of kept queries: found in the SQL, declared, and filled with values or defaults."""

from __future__ import annotations

import pytest

from notehouse_core.errors import Invalid
from notehouse_core.query_parameters import QueryParameter, declared, filled, places_of, typed

SQL = "SELECT * FROM f WHERE a = {a:String} AND b >= { b : DateTime64(3, 'UTC') } AND c = {{c}} AND d = '{e:x}' -- {f:Int8}"


def test_places_are_found_outside_of_texts_and_comments() -> None:
    assert places_of(SQL) == {"a": "String", "b": "DateTime64(3, 'UTC')", "c": ""}
    assert places_of("SELECT 'it''s {x:Int8}', {y:Array(Nullable(Int8))} /* {z:Int8} */") == {
        "y": "Array(Nullable(Int8))"
    }


def test_what_is_declared_joins_what_is_found() -> None:
    given = [QueryParameter("c", "UInt8", 3), QueryParameter("b", "DateTime64(3,'UTC')")]
    found = {one.name: one for one in declared(SQL, given)}
    assert found["a"] == QueryParameter("a", "String")
    assert (found["c"].default, found["c"].is_required, found["b"].is_required) == (3, False, True)
    assert typed(SQL, list(found.values())).count("{c:UInt8}") == 1
    assert filled(list(found.values()), {"a": "x", "b": "y"}) == {"c": 3, "a": "x", "b": "y"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "Say the type of c"),
        ([("x", "Int8")], "does not use a parameter x"),
        ([("c", "Int8"), ("c", "Int8")], "each once"),
        ([("c", "Int8; DROP TABLE f")], "no type"),
        ([("c", "Int8"), ("a", "Int8")], "a is String in the SQL, and Int8"),
    ],
)
def test_what_does_not_fit_is_refused(given: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        declared(SQL, [QueryParameter(*one) for one in given])


def test_values_that_lack_or_are_too_many_are_named() -> None:
    parameters = [QueryParameter("a", "String"), QueryParameter("b", "Nullable(Int8)")]
    assert filled(parameters, {"a": "x"}) == {"a": "x", "b": None}
    with pytest.raises(Invalid, match="needs a value for a"):
        filled(parameters, {"b": 1})
    with pytest.raises(Invalid, match="no parameter c; it has: a, b"):
        filled(parameters, {"a": "x", "c": 1})
    with pytest.raises(Invalid, match="larger than"):
        filled(parameters, {"a": "x" * 1_000_001})
