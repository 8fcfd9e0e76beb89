"""One's own queries of the last months, wherever they ran, as the API lists them. Where there is no API there are none."""

from __future__ import annotations

import os
from typing import Any

import httpx

from notehouse_sql.errors import SqlError
from notehouse_sql.session import Session

MOST = 200
_SECONDS = 5


def past_queries(session: Session, search: str = "", most: int = MOST) -> list[dict[str, Any]] | None:
    """The newest first; None in a kernel that was started without the API. Raises SqlError when it does not answer."""
    api = os.environ.get("NOTEHOUSE_API_URL")
    if not api:
        return None
    asked = {"search": search, "limit": str(most)}
    try:
        answer = httpx.get(
            f"{api.rstrip('/')}/queries", params=asked, headers=session.gateway.headers(), timeout=_SECONDS,
            trust_env=False,
        )  # fmt: skip
    except httpx.TransportError as error:
        raise SqlError("The API does not answer. Try again in a few seconds.") from error
    if answer.is_error:
        raise SqlError(f"Your earlier queries cannot be listed: {_reason(answer)}")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError):
        return f"the API answers {answer.status_code}."
