"""Charts by a line of words, in the forms that people write."""

from __future__ import annotations

import pytest

from notehouse_sql.charting.request import ChartRequest, parse
from notehouse_sql.errors import SqlError
from notehouse_sql.expecting.rules import rules_of


@pytest.mark.parametrize(
    "line", ["x=delay kind=histogram", "--x delay --kind histogram", "--x=delay kind=histogram"]
)
def test_words_and_options_say_the_same(line: str) -> None:
    assert parse(line) == ("", ChartRequest(x="delay", kind="histogram"))
    assert parse(f"flights {line}")[0] == "flights"


def test_what_no_chart_has_is_named() -> None:
    with pytest.raises(SqlError, match="flavour=sweet is not known here"):
        parse("--x delay --flavour sweet")


def test_a_rule_of_another_tool_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(SqlError, match=r"'not_null: carrier' is no rule.*no nulls in x"):
        rules_of("not_null: carrier", "`flights`")
    assert rules_of("carrier::String != ''", "`flights`")[0].text == "carrier::String != ''"
