"""Shares: small questions of one tenant weigh in full, however many large ones another asks."""

from contextlib import ExitStack

import pytest

from notehouse_hub.service.query_gateway.shares import FORGIVEN, IN_FULL, Shares


def weights(shares: Shares, *asked: tuple[str, str]) -> list[bool]:
    """Whether each of these, all running at once, weighs in full."""
    with ExitStack() as running:
        return [not running.enter_context(shares.share(*one)) for one in asked]


def test_a_tenant_runs_a_few_in_full_and_the_rest_lightly_and_others_do_not_notice() -> None:
    shares = Shares(swift=0.0)
    many = [("a", f"large {number}") for number in range(IN_FULL + 3)]
    assert weights(shares, *many, ("b", "one")) == [True] * IN_FULL + [False] * 3 + [True]
    assert weights(shares, *many)[:IN_FULL] == [True] * IN_FULL  # their places are free again


def test_what_was_swift_runs_in_full_however_often() -> None:
    shares = Shares()
    small = [("a", "small")] * (IN_FULL + 3)
    assert weights(shares, *small) == [True] * IN_FULL + [False] * 3
    assert weights(shares, *small) == [True] * (IN_FULL + 3)
    assert (
        weights(shares, *[("b", "small")] * (IN_FULL + 1))[-1] is False
    )  # one tenant's word is not another's


def test_what_was_swift_once_and_is_no_more_weighs_little_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shares, now = Shares(), [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    weights(shares, ("a", "grows"))
    with pytest.raises(TimeoutError), shares.share("a", "grows"):
        _runs_out(now)
    assert weights(shares, *[("a", "grows")] * (IN_FULL + 1))[-1] is False


def test_one_slow_run_among_swift_ones_is_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    shares, now = Shares(), [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    weights(shares, ("a", "small"))
    with shares.share("a", "small"):
        now[0] += 2
    assert all(weights(shares, *[("a", "small")] * (IN_FULL + 1)))
    with shares.share("a", "small"):
        now[0] += FORGIVEN
    assert weights(shares, *[("a", "small")] * (IN_FULL + 1))[-1] is False


def test_what_went_wrong_at_once_proves_nothing() -> None:
    shares = Shares()
    with pytest.raises(ValueError), shares.share("a", "wrong"):
        raise ValueError
    assert weights(shares, *[("a", "wrong")] * (IN_FULL + 1))[-1] is False


def _runs_out(now: list[float]) -> None:
    now[0] += 60
    raise TimeoutError
