"""The API's document: OpenAPI 3.1, an example that is valid for each body, and the envelope as each error's answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from notehouse_core.settings import Settings
from notehouse_hub.service.app import create_app
from notehouse_hub.service.openapi_examples import BODIES
from notehouse_hub.service.problems import envelope

API = "/services/notehouse/api/v1"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            if path.startswith(API):
                yield f"{verb.upper()} {path}", operation


def valid(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def test_every_body_has_an_example_that_is_one(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    named = set()
    for name, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert content["example"], name
            valid(document, content["schema"], content["example"])
            named.add(content["schema"]["$ref"].rpartition("/")[2])
    assert named == set(BODIES)


def test_every_answer_has_an_example_that_is_one(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json")
            if content and status.startswith("2"):
                assert "example" in content, name
                valid(document, content["schema"], content["example"])


def test_every_address_tells_its_errors_as_the_envelope(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        told = {int(status) for status in operation["responses"]}
        assert told >= {400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504}, name
        assert (412 in told) == name.startswith("PUT"), name
        assert operation["tags"], name
        assert operation["summary"], name
    for answer in document["components"]["responses"].values():
        content = answer["content"]["application/json"]
        valid(document, content["schema"], content["example"])
    valid(document, {"$ref": "#/components/schemas/Error"}, envelope("invalid", "No.", {"fields": []}))
    assert not {"HTTPValidationError", "ValidationError"} & document["components"]["schemas"].keys()


def test_every_post_takes_a_key(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        keys = [one for one in operation.get("parameters", []) if one["name"] == "Idempotency-Key"]
        assert len(keys) == (1 if name.startswith("POST") else 0), name
