"""Is what somebody changes still what they saw? A mark of each thing's content, told with it and asked for again."""

from __future__ import annotations

import hashlib
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Response
from pydantic import BaseModel

from notehouse_core import errors

Out = TypeVar("Out", bound=BaseModel)


class Versioned:
    """The ETag of one thing in one request; the thing is locked between `check` and the change."""

    def __init__(self, answer: Response, if_match: str | None) -> None:
        self._answer = answer
        self._wanted = if_match

    def check(self, present: BaseModel, *more: object) -> None:
        """Raise PreconditionFailed when the caller saw something else than what is there now.

        `more` is what counts besides and is not shown, such as when a secret was changed.
        """
        if self._wanted is None:
            return
        wanted = {one.strip().removeprefix("W/") for one in self._wanted.split(",")}
        if not wanted & {"*", etag_of(present, *more)}:
            raise errors.PreconditionFailed(
                "Somebody else has changed this since. Load it again, then repeat."
            )

    def tag(self, shown: Out, *more: object) -> Out:
        """Tell the mark of what is shown, and return that."""
        self._answer.headers["ETag"] = etag_of(shown, *more)
        return shown


def etag_of(shown: BaseModel, *more: object) -> str:
    """What changes whenever the content does; a model's PASSING fields change by themselves, and do not count."""
    content = shown.model_dump_json(exclude=set(getattr(shown, "PASSING", ())))
    return f'"{hashlib.sha256("|".join((content, *map(str, more))).encode()).hexdigest()[:32]}"'


_IfMatch = Annotated[
    str | None, Header(max_length=1000, description="the ETag that was told; 412 when it changed since")
]


async def _versioned(answer: Response, if_match: _IfMatch = None) -> Versioned:
    return Versioned(answer, if_match)


VersionedDep = Annotated[Versioned, Depends(_versioned)]
