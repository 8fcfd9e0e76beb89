"""Queries of the last months, wherever they ran, as the API lists them. Where there is no API there are none."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import httpx

from notehouse_sql.errors import SqlError
from notehouse_sql.session import Session

MOST = 200
_SECONDS = 5


def past_queries(session: Session, search: str = "", most: int = MOST) -> list[dict[str, Any]] | None:
    """The newest first; None in a kernel that was started without the API. Raises SqlError when it does not answer."""
    return _listed(session, "queries", {"search": search, "limit": str(most)})


def used_words(session: Session) -> Counter[str]:
    """In how many of the last queries of all who read the same rows each word stood. Raises SqlError as above."""
    return Counter({one["word"]: one["queries"] for one in _listed(session, "queries/words", {}) or []})


def _listed(session: Session, path: str, asked: dict[str, str]) -> list[dict[str, Any]] | None:
    api = os.environ.get("NOTEHOUSE_API_URL")
    if not api:
        return None
    try:
        answer = httpx.get(
            f"{api.rstrip('/')}/{path}", params=asked, headers=session.gateway.headers(), timeout=_SECONDS,
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
