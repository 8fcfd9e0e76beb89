"""Waiting after failures, as Postgres keeps it: for every Hub at once."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from notehouse_core.store.database import Database
from notehouse_core.store.login_attempts import Limit, begin, network_of, succeeded


async def _fail(database: Database, *limits: Limit) -> tuple[float, float]:
    async with database.session() as session:
        attempt = await begin(session, limits)
    return round(attempt.wait), round(attempt.locks_for)


async def _let_time_pass(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("UPDATE login_attempts SET free_at = now() - interval '1 s'"))


def _limit(free: int) -> Limit:
    return Limit((uuid4().hex,), free)


async def test_waits_double_after_the_free_tries(database: Database) -> None:
    limit = _limit(3)
    locks = []
    for _ in range(13):
        wait, lock = await _fail(database, limit)
        assert wait == 0
        locks.append(lock)
        if lock:
            assert await _fail(database, limit) == (lock, 0)  # refused, and not counted
        await _let_time_pass(database)
    assert locks == [0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert await _fail(database, _limit(3)) == (0, 0)


async def test_many_tries_at_once_gain_nothing(database: Database) -> None:
    limit = _limit(5)
    answers = await asyncio.gather(*(_fail(database, limit) for _ in range(10)))
    assert sum(wait == 0 for wait, _ in answers) == 6


async def test_success_forgets_ones_own_failures_and_leaves_the_others(database: Database) -> None:
    own, shared = _limit(2), _limit(2)
    for _ in range(2):
        await _fail(database, own, shared)
    async with database.session() as session:
        attempt = await begin(session, [own, shared])
        assert attempt.locks_for == pytest.approx(2, abs=0.01)
        await succeeded(session, [own, shared], forgiven=[own])
    assert await _fail(database, own) == (0, 0)
    assert await _fail(database, shared) == (0, 2)  # the third failure, as if the success had not been


async def test_failures_are_forgotten_after_a_day(database: Database) -> None:
    limit = _limit(1)
    for _ in range(3):
        await _fail(database, limit)
        await _let_time_pass(database)
    async with database.session() as session:
        await session.execute(text("UPDATE login_attempts SET last_at = now() - interval '25 h'"))
    assert await _fail(database, limit) == (0, 0)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("x", "x"),
        ("", ""),
    ],
)
def test_an_attacker_has_a_whole_ipv6_network(address: str, network: str) -> None:
    assert network_of(address) == network
