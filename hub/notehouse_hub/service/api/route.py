"""What all routes of the API have in common: parameters nobody knows are refused, answers of repeated requests kept."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from notehouse_core import errors

ANY_PARAMETER = {"x-any-parameter": True}  # for addresses whose parameters are named by what they show


def as_file(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Say in the document that an address answers with files of these types, too."""
    content = {one: {"schema": {"type": "string", "format": "binary"}} for one in media_types}
    return {200: {"content": content}}


class ApiRoute(APIRoute):
    """A route of the API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request, within its transaction."""
        answer_to = super().get_route_handler()
        known = {one.alias for one in get_flat_params(self.dependant) if isinstance(one.field_info, Query)}
        takes_any = bool((self.openapi_extra or {}).get("x-any-parameter"))

        async def handle(request: Request) -> Response:
            if not takes_any:
                _check_parameters(request, known)
            answer = await answer_to(request)
            if pending := getattr(request.state, "pending_answer", None):
                await pending.keep(answer)
            return answer

        return handle


class ApiRouter(APIRouter):
    """The routes of one noun."""

    def __init__(self, *, prefix: str = "", tags: list[str]) -> None:
        super().__init__(prefix=prefix, tags=[*tags], route_class=ApiRoute)


def _check_parameters(request: Request, known: set[str]) -> None:
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        there = f"only {', '.join(sorted(known))}" if known else "none"
        raise errors.Invalid(
            f"This address takes no parameter {unknown[0][:100]!r}, {there}.",
            fields=[{"field": name[:100], "message": "is not known here"} for name in unknown[:20]],
        )
