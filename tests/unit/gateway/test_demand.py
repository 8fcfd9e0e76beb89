"""How long a notebook's template is kept follows from how often its notebook is asked for."""

from __future__ import annotations

import pytest

from notehouse_gateway.demand import REMEMBERED, Demand

LEAST, MOST = 900.0, 14_400.0


@pytest.mark.parametrize(
    ("visits", "kept"),
    [
        ([], LEAST),
        ([0], LEAST),
        ([0, 1, 2, 3], LEAST),  # one visit of several requests
        ([0, 60, 120], LEAST),
        ([0, 3600, 7200], 7200),
        ([0, 3600, 7200, 7201], 7200),
        ([0, 3600, 3600 + 1800], 2 * 2700),  # what was last counts for as much as all before
        ([0, 86_400], LEAST),  # too seldom to hold memory for it
    ],
)
def test_what_comes_back_now_and_again_is_kept_for_the_next_time(visits: list[float], kept: float) -> None:
    demand = Demand(LEAST, MOST)
    for at in visits:
        demand.asked("a", at)
    assert demand.kept_seconds("a") == kept


def test_only_so_many_are_remembered() -> None:
    demand = Demand(LEAST, MOST)
    for at in (0, 3600):
        demand.asked("a", at)
    for number in range(REMEMBERED - 1):
        demand.asked(str(number), 3600)
    assert demand.kept_seconds("a") == 7200
    demand.asked("one more", 3600)
    assert demand.kept_seconds("a") == LEAST
