"""How does an error leave the service? As the API's envelope, or as a page for whoever looks at the portal."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DataError, DBAPIError
from starlette.exceptions import HTTPException

from notehouse_core import errors, log_context
from notehouse_hub.service.portal.problem_page import problem_page, wants_page

logger = logging.getLogger("notehouse.api")

_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not support that method.",
    413: "The request is too large.",
}
_UNEXPECTED = (
    "Something went wrong on our side, and nothing was changed. Try again; if it stays, give an "
    "administrator the request id."
)
_UNSTORABLE = (
    "Something in this request cannot be stored: a zero byte in a text, or a number that is too large."
)
_NO_DATABASE = "The metadata database does not answer. It is being started again: try in a few seconds."


def install(app: FastAPI) -> None:
    """Register the handlers; whatever is raised is answered here and nowhere else."""
    app.add_exception_handler(errors.NotehouseError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(Exception, _unexpected)


def envelope(code: str, message: str, details: Any = None) -> dict[str, Any]:
    """Return the body that every error of the API has."""
    error = {
        "code": code,
        "message": message,
        "details": jsonable_encoder(details or {}),
        "timestamp": datetime.now(UTC).isoformat(),
        "request_id": log_context.request_id(),
    }
    return {"error": error}


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.NotehouseError)  # noqa: S101 - how it was registered
    headers = {"WWW-Authenticate": 'Bearer realm="notehouse"'} if error.status == 401 else {}
    if error.status == 429:
        headers["Retry-After"] = str(error.details.get("retry_after", 5))
    if error.status >= 500:
        logger.warning("%s: %s", error.code, error.message)
    return _answer(request, error.status, error.code, error.message, error.details, headers=headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - how it was registered
    fields = [
        {"field": ".".join(map(str, found["loc"][1:])) or str(found["loc"][0]), "message": found["msg"]}
        for found in error.errors()
    ]
    said = "; ".join(f"{each['field']}: {each['message']}" for each in fields[:3])
    return _answer(request, 400, "invalid", f"The request is not valid. {said}.", {"fields": fields})


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - how it was registered
    phrase = HTTPStatus(error.status_code).phrase
    message = _SENTENCES.get(error.status_code, str(error.detail))
    return _answer(
        request, error.status_code, phrase.lower().replace(" ", "_"), message, headers=error.headers
    )


async def _database(request: Request, error: Exception) -> Response:
    """A lost database and a value that Postgres cannot hold are told apart from a statement of ours that is wrong."""
    assert isinstance(error, DBAPIError)  # noqa: S101 - how it was registered
    if isinstance(error, DataError):
        return _answer(request, 400, "invalid", _UNSTORABLE)
    if not error.connection_invalidated and type(error).__name__ != "OperationalError":
        return await _unexpected(request, error)
    logger.warning("The metadata database does not answer")
    return _answer(request, 503, "unavailable", _NO_DATABASE)


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("unexpected error in %s", request.url.path, exc_info=error)
    return _answer(request, 500, "internal", _UNEXPECTED)


def _answer(
    request: Request,
    status: int,
    code: str,
    message: str,
    details: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    if wants_page(request):
        return problem_page(request, status, message)
    return JSONResponse(envelope(code, message, details), status, headers)
