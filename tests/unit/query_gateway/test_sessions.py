"""How many sessions a holder keeps, and how much is in them."""

import pytest

from notehouse_hub.service.query_gateway.refusal import Refusal
from notehouse_hub.service.query_gateway.sessions import Session, Sessions


def session(name: str, holder: str = "ann", *, closes: bool = False, seconds: int = 60) -> Session:
    return Session(holder, name, seconds, closes=closes)


def test_a_holder_keeps_so_many() -> None:
    sessions = Sessions(most=2)
    for name in ("a", "b", "a"):
        sessions.enter(session(name))
    sessions.enter(session("c", "bob"))
    with pytest.raises(Refusal) as caught:
        sessions.enter(session("c"))
    assert caught.value.status == 429
    sessions.left(session("a", closes=True), 0)
    sessions.enter(session("c"))


def test_those_that_are_not_used_go() -> None:
    sessions = Sessions(most=1)
    sessions.enter(session("a", seconds=0))
    sessions.enter(session("b"))
    assert len(sessions) == 1


def test_temporary_tables_are_so_large() -> None:
    sessions = Sessions(most_bytes=100)
    sessions.enter(session("a"))
    sessions.check_room(session("a"))
    sessions.left(session("a"), 100)
    for name in ("a", "b"):
        with pytest.raises(Refusal) as caught:
            sessions.check_room(session(name))
        assert "Close the session" in caught.value.text
    sessions.check_room(session("a", "bob"))
    sessions.left(session("a", closes=True), 0)
    sessions.check_room(session("a"))
