"""What is the work at hand? Its request id and other facts, for every line logged on the way and every call made for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from notehouse_core.ids import uuid7

HEADER = "X-Request-ID"
REQUEST_ID = "request_id"

_HARMLESS = re.compile(r"[A-Za-z0-9_-]{8,64}")
_facts: ContextVar[Mapping[str, str]] = ContextVar("facts", default=MappingProxyType({}))


@contextmanager
def about(**facts: str) -> Iterator[None]:
    """Add these facts to all that is logged inside the block, also by tasks begun there."""
    token = _facts.set({**_facts.get(), **facts})
    try:
        yield
    finally:
        _facts.reset(token)


def begin(**facts: str) -> None:
    """Add facts for the rest of this task, where no block can be put around it."""
    _facts.set({**_facts.get(), **facts})


def facts() -> Mapping[str, str]:
    """Return what is known of the work at hand."""
    return _facts.get()


def request_id() -> str:
    """Return the id of the request being served; empty outside of one."""
    return _facts.get().get(REQUEST_ID, "")


def taken_over(offered: str | None) -> str:
    """Return the id of a caller that follows a chain of requests if it is harmless in a log, else a new one."""
    return offered if offered and _HARMLESS.fullmatch(offered) else str(uuid7())


def passed_on() -> dict[str, str]:
    """Return the header by which a call made for this request is known as part of it."""
    identifier = request_id()
    return {HEADER: identifier} if identifier else {}
