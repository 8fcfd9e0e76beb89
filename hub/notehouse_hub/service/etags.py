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

    def __init__(
        self,
        answer: Response,
        if_match: Annotated[
            str | None,
            Header(max_length=1000, description="the ETag that was told; 412 when it changed since"),
        ] = None,
    ) -> None:
        self._answer = answer
        self._wanted = if_match

    def check(self, present: BaseModel) -> None:
        """Raise PreconditionFailed when the caller saw something else than what is there now."""
        if self._wanted is None:
            return
        wanted = {one.strip().removeprefix("W/") for one in self._wanted.split(",")}
        if not wanted & {"*", etag_of(present)}:
            raise errors.PreconditionFailed(
                "Somebody else has changed this since. Load it again, then repeat."
            )

    def tag(self, shown: Out) -> Out:
        """Tell the mark of what is shown, and return that."""
        self._answer.headers["ETag"] = etag_of(shown)
        return shown


def etag_of(shown: BaseModel) -> str:
    """What changes whenever the content does."""
    return f'"{hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:32]}"'


VersionedDep = Annotated[Versioned, Depends()]
