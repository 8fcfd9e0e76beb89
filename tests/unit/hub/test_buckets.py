"""A bucket of requests: a minute's worth at once, then as fast as it fills."""

from __future__ import annotations

import pytest

from notehouse_core.access import effective_requests
from notehouse_hub.service.buckets import Buckets


def test_a_minutes_worth_goes_at_once_and_the_rest_waits() -> None:
    now = [0.0]
    buckets = Buckets(lambda: now[0])
    assert [buckets.take("ann", 60) for _ in range(60)] == [0.0] * 60
    assert buckets.take("ann", 60) == pytest.approx(1.0)
    assert buckets.take("bea", 60) == 0.0
    now[0] = 0.5
    assert buckets.take("ann", 60) == pytest.approx(0.5)
    now[0] = 1.1
    assert buckets.take("ann", 60) == 0.0
    now[0] = 10_000.0
    assert [buckets.take("ann", 60) for _ in range(61)].count(0.0) == 60


def test_a_limit_that_was_lowered_holds_at_once() -> None:
    buckets = Buckets(lambda: 0.0)
    assert buckets.take("ann", 1000) == 0.0
    assert [buckets.take("ann", 2) for _ in range(3)][2] == pytest.approx(30.0)
    assert buckets.take("ann", 1000) == 0.0  # and one that was raised again


def test_a_role_lowers_what_its_tenant_allows_and_the_best_one_counts() -> None:
    assert effective_requests(100, []) == 100
    assert effective_requests(100, [({}, {})]) == 100
    assert effective_requests(100, [({"requests_a_minute": 50}, {"requests_a_minute": 80})]) == 50
    assert effective_requests(100, [({}, {"requests_a_minute": 10}), ({}, {"requests_a_minute": 20})]) == 20
    assert effective_requests(100, [({"requests_a_minute": 500}, {})]) == 500
