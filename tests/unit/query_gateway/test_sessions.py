"""How many sessions a holder keeps, and how much is in them."""

import pytest

from notehouse_hub.service.query_gateway.refusal import Refusal
from notehouse_hub.service.query_gateway.sessions import Session, Sessions


def session(name: str, holder: str = "ann", *, closes: bool = False, seconds: int = 60) -> Session:
    return Session(holder, name, seconds, closes=closes)


def test_a_holder_keeps_so_many() -> None:
    sessions = Sessions(most=2)
    for name in ("a", "b", "a"):
        sessions.enter(session(name), leaves=True)
    sessions.enter(session("c", "bob"), leaves=True)
    with pytest.raises(Refusal) as caught:
        sessions.enter(session("c"), leaves=True)
    assert caught.value.status == 429
    sessions.left(session("a", closes=True), 0)
    sessions.enter(session("c"), leaves=True)


def test_those_that_are_only_read_in_take_nothing_from_the_others() -> None:
    sessions = Sessions(most=1, most_empty=2)
    for name in ("a", "b"):
        sessions.enter(session(name), leaves=False)
    with pytest.raises(Refusal):
        sessions.enter(session("c"), leaves=False)
    sessions.enter(session("a"), leaves=True)
    sessions.enter(session("c"), leaves=False)
    sessions.enter(session("a"), leaves=False)
    with pytest.raises(Refusal):
        sessions.enter(session("b"), leaves=True)


def test_those_that_are_not_used_go() -> None:
    sessions = Sessions(most=1)
    sessions.enter(session("a", seconds=0), leaves=True)
    sessions.enter(session("b"), leaves=True)
    assert len(sessions) == 1


def test_temporary_tables_are_so_large() -> None:
    sessions = Sessions(most_bytes=100)
    sessions.enter(session("a"), leaves=True)
    sessions.check_room(session("a"))
    sessions.left(session("a"), 100)
    for name in ("a", "b"):
        with pytest.raises(Refusal) as caught:
            sessions.check_room(session(name))
        assert "Close the session" in caught.value.text
    sessions.check_room(session("a", "bob"))
    sessions.left(session("a", closes=True), 0)
    sessions.check_room(session("a"))
