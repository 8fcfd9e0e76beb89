"""Errors a person can act on. Only the edge (HTTP, CLI, cell output) turns them into answers."""

from __future__ import annotations

from typing import Any


class NotehouseError(Exception):
    """Something went wrong that the caller should hear about in plain words.

    `code` and `status` are fixed per class; `details` is JSON-serialisable and safe to show.
    """

    code = "internal"
    status = 500

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Invalid(NotehouseError):
    """The request does not make sense as written; details name the fields."""

    code, status = "invalid", 400


class Unauthenticated(NotehouseError):
    """Nobody, or somebody whose proof has expired."""

    code, status = "unauthenticated", 401


class Forbidden(NotehouseError):
    """Known caller, missing right; the message is the policy's reason."""

    code, status = "forbidden", 403


class Unconfirmed(Forbidden):
    """The right is there, but the browser has not shown its person's password for a while."""

    code = "unconfirmed"


class NotFound(NotehouseError):
    """No such thing, or none the caller may know of."""

    code, status = "not_found", 404


class Conflict(NotehouseError):
    """The thing exists already, or is in a state that does not allow this."""

    code, status = "conflict", 409


class PreconditionFailed(NotehouseError):
    """Somebody else changed it first."""

    code, status = "precondition_failed", 412


class TooLarge(NotehouseError):
    """Past a size limit; the message names the limit and who can raise it."""

    code, status = "too_large", 413


class QueryRefused(NotehouseError):
    """The database refused the SQL; details hold its code, line and column."""

    code, status = "query_refused", 422


class TooMany(NotehouseError):
    """Past a rate or a concurrency limit; details may hold retry_after in seconds."""

    code, status = "too_many", 429


class SourceDown(NotehouseError):
    """Something behind us does not answer."""

    code, status = "source_down", 502


class Unavailable(NotehouseError):
    """We cannot answer now, and it is not the caller's fault."""

    code, status = "unavailable", 503


class SourceTimeout(NotehouseError):
    """Something behind us took too long."""

    code, status = "source_timeout", 504
