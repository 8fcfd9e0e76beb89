"""Which parameters a run takes: names become code, so nothing but a plain name passes."""

from __future__ import annotations

from typing import Any

import pytest

from notehouse_core import errors
from notehouse_core.parameters import check_parameters


@pytest.mark.parametrize(
    "value",
    [1, -1.5, True, None, "O'Hare", '"; import os #', "ß\n\\", [1, [2, "x"]], {"a": {"b": [None]}}],
)
def test_json_values_pass(value: Any) -> None:
    assert check_parameters({"x": value, "_y9": value}) == {"x": value, "_y9": value}


@pytest.mark.parametrize(
    "name",
    [
        "x=__import__('os').system('id');b",
        "",
        "9x",
        "a b",
        "a.b",
        "class",
        "None",
        "x" * 65,
        "é",
        "x\n",
        "{x}",
    ],
)
def test_names_that_are_not_plain_names_are_refused(name: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        check_parameters({name: 1, "fine": 2})
    (detail,) = caught.value.details["fields"]
    assert detail["field"].startswith("parameters.")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: 2}, {"x"}, b"x", object(), [float("nan")]])
def test_values_that_json_has_not_are_refused(value: Any) -> None:
    with pytest.raises(errors.Invalid, match="'x'"):
        check_parameters({"x": value})


def test_deep_and_large_values_are_refused() -> None:
    deep: Any = 1
    for _ in range(2000):
        deep = [deep]
    with pytest.raises(errors.Invalid, match="nested deeper"):
        check_parameters({"x": deep})
    with pytest.raises(errors.TooLarge, match="at most"):
        check_parameters({"x": "y" * 2**20})
