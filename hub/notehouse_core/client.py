"""The REST API for holders of a token: kernels, servers and the command line. Sync, as the kernel side is."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from notehouse_core import errors

_BY_STATUS: dict[int, type[errors.NotehouseError]] = {
    kind.status: kind
    for kind in (
        errors.Invalid, errors.Unauthenticated, errors.Forbidden, errors.NotFound, errors.Conflict,
        errors.PreconditionFailed, errors.TooLarge, errors.QueryRefused, errors.TooMany, errors.SourceDown,
        errors.Unavailable, errors.SourceTimeout,
    )
}  # fmt: skip


class ApiClient:
    """Calls the API under one token and turns its error envelope back into our errors."""

    def __init__(self, url: str, token: str, *, timeout_seconds: float = 60) -> None:
        scheme = "Bearer" if token.count(".") == 2 else "token"
        self._http = httpx.Client(
            base_url=url.rstrip("/") + "/", headers={"Authorization": f"{scheme} {token}"},
            timeout=timeout_seconds, trust_env=False,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._http.close()

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One call; the decoded answer, or None for an empty one.

        Raises the NotehouseError of the answer's status, SourceDown when the API cannot be reached.
        """
        try:
            answer = self._http.request(method, path.lstrip("/"), json=body, params=query or None)
        except httpx.HTTPError as error:
            raise errors.SourceDown(
                f"The Notehouse API does not answer ({type(error).__name__}). Is it running?"
            ) from error
        if answer.is_error:
            raise error_of(answer)
        return answer.json() if answer.content else None


def error_of(answer: httpx.Response) -> errors.NotehouseError:
    """The error that an answer of the API describes."""
    kind = _BY_STATUS.get(answer.status_code, errors.NotehouseError)
    try:
        described = answer.json()["error"]
        return kind(described["message"], **(described.get("details") or {}))
    except (ValueError, KeyError, TypeError):
        return kind(f"The API answered {answer.status_code}.")
