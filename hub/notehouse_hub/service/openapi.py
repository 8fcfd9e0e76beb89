"""The API as a document: what FastAPI knows of it, with an example of each body and what every address answers alike."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from notehouse_hub.service.idempotency import HEADER, LONGEST
from notehouse_hub.service.openapi_examples import BODIES, TAGS
from notehouse_hub.service.reference import example_of
from notehouse_hub.service.resources import API_PREFIX

_ENVELOPE: dict[str, Any] = {
    "type": "object",
    "title": "Error",
    "description": "Every error of the API.",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details", "timestamp", "request_id"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "description": "for programs; it does not change"},
                "message": {"type": "string", "description": "for people: what happened, and what to do"},
                "details": {"type": "object", "description": "`fields` names what is wrong in a request"},
                "timestamp": {"type": "string", "format": "date-time"},
                "request_id": {"type": "string", "description": "as in X-Request-ID and the logs"},
            },
        }
    },
}
_EVERYWHERE = {
    400: ("invalid", "The request does not make sense as it is written; details name the fields."),
    401: ("unauthenticated", "Nobody, or somebody whose proof has expired."),
    403: ("forbidden", "A known caller without the right; the message is the policy's reason."),
    404: ("not_found", "No such thing, or none that the caller may know of."),
    409: ("conflict", "It is there already, or in a state that does not allow this."),
    413: ("too_large", "Past a size limit; the message names it."),
    422: ("query_refused", "The database refused the SQL: its code, line and column are in the details."),
    429: (
        "too_many",
        "Past a limit of requests or of queries at once; `Retry-After` says when to come back.",
    ),
    500: ("internal", "Something went wrong on our side."),
    502: ("source_down", "A data source does not answer."),
    503: ("unavailable", "We cannot answer now."),
    504: ("source_timeout", "A data source took too long."),
}
_CHANGES = {412: ("precondition_failed", "Somebody else has changed it since the ETag in If-Match.")}
_TIME, _REQUEST = "2026-03-31T08:00:00+00:00", "019d4a2e-7c11-7cc0-9d2c-0f1e2a3b4c5d"
_SCHEMES = {
    "hub token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`token` and a Hub token",
    },
    "execution token": {
        "type": "http",
        "scheme": "bearer",
        "description": "what kernels and runs hold; it reads",
    },
    "portal": {
        "type": "apiKey",
        "in": "cookie",
        "name": "notehouse-session",
        "description": "a logged-in browser",
    },
}
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "makes a repeated request safe: within a day it gets the first answer, and has no second effect",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
}


def describe(app: FastAPI) -> None:
    """Make the application's document this one."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title="Notehouse", version=app.version, routes=app.routes, description=app.description, tags=TAGS
    )
    components = made["components"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["schemas"]["Error"] = _ENVELOPE
    components["securitySchemes"] = _SCHEMES
    components["responses"] = {
        _name(status): _response(*said) for status, said in {**_EVERYWHERE, **_CHANGES}.items()
    }
    for verb, operation in _operations(made):
        _complete(made, verb, operation)
    return made


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        if path.startswith(API_PREFIX):
            yield from item.items()


def _complete(document: dict[str, Any], verb: str, operation: dict[str, Any]) -> None:
    """Add what every address answers, the key of repeated requests, and examples."""
    statuses = {**_EVERYWHERE, **(_CHANGES if verb == "put" else {})}
    for status in statuses:
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
    operation["security"] = [{scheme: []} for scheme in _SCHEMES]
    if verb == "post":
        operation.setdefault("parameters", []).append(_KEY)
    for place in (operation.get("requestBody", {}), *_successes(operation)):
        content = place.get("content", {}).get("application/json")
        if content and "example" not in content:
            content["example"] = _example(document, content.get("schema", {}))


def _successes(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for status, one in operation["responses"].items() if status.startswith("2")]


def _example(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """The example that was written for a body, or one made up from its schema."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return BODIES.get(name) or example_of(document, schema)


def _response(code: str, description: str) -> dict[str, Any]:
    error = {
        "code": code,
        "message": description,
        "details": {},
        "timestamp": _TIME,
        "request_id": _REQUEST,
    }
    content = {"schema": {"$ref": "#/components/schemas/Error"}, "example": {"error": error}}
    found: dict[str, Any] = {"description": description, "content": {"application/json": content}}
    if code == "too_many":
        found["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return found


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")
