"""What does the API reference show of an OpenAPI document? Each operation, with examples."""

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any

_VERBS = ("get", "post", "put", "delete")
_DEEPEST = 6
_FORMATS = {
    "date-time": "2026-03-31T08:00:00Z",
    "date": "2026-03-31",
    "uuid": "019d4a2e-7c11-7cc0-9d2c-0f1e2a3b4c5d",
}


@dataclass(frozen=True)
class Parameter:
    """A value in the path, the query or a header."""

    name: str
    place: str
    type: str
    required: bool


@dataclass(frozen=True)
class Operation:
    """A method on a path."""

    group: str
    verb: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    body: str
    status: str
    answer: str


@dataclass(frozen=True)
class Group:
    """The operations of one noun."""

    name: str
    operations: tuple[Operation, ...]


def groups_of(document: dict[str, Any]) -> list[Group]:
    """Return a document's operations by their tag, in the document's order."""
    operations = [
        _operation(document, verb, path, item[verb])
        for path, item in document["paths"].items()
        for verb in _VERBS
        if verb in item
    ]
    operations.sort(key=lambda operation: operation.group)
    return [Group(name, tuple(found)) for name, found in groupby(operations, lambda each: each.group)]


def _operation(document: dict[str, Any], verb: str, path: str, content: dict[str, Any]) -> Operation:
    status = next(iter(content.get("responses", {"200": {}})))
    answer = content.get("responses", {}).get(status, {})
    return Operation(
        group=(content.get("tags") or ["Other"])[0],
        verb=verb,
        path=path,
        summary=content.get("summary", ""),
        description=content.get("description", ""),
        parameters=tuple(_parameter(parameter) for parameter in content.get("parameters", ())),
        body=_example_text(document, content.get("requestBody", {})),
        status=status,
        answer=_example_text(document, answer),
    )


def _parameter(content: dict[str, Any]) -> Parameter:
    kind = _type_name(content.get("schema", {}))
    return Parameter(content["name"], content["in"], kind, bool(content.get("required")))


def _type_name(schema: dict[str, Any]) -> str:
    options = [option.get("type", "") for option in schema.get("anyOf", ())]
    return str(schema.get("type") or " or ".join(option for option in options if option != "null") or "any")


def _example_text(document: dict[str, Any], place: dict[str, Any]) -> str:
    content = place.get("content", {}).get("application/json", {})
    if not content.get("schema"):
        return ""
    shown = content["example"] if "example" in content else example_of(document, content["schema"])
    return json.dumps(shown, indent=2, ensure_ascii=False)


def example_of(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Return a value that a schema of the document allows."""
    return _example(document, schema, 0)


def _example(document: dict[str, Any], schema: dict[str, Any], depth: int) -> Any:
    """Make up a value that a schema allows."""
    schema = _resolved(document, schema)
    if depth > _DEEPEST:
        return "…"
    for given in ("example", "const", "default"):
        if schema.get(given) is not None:
            return schema[given]
    if "examples" in schema or "enum" in schema:
        return (schema.get("examples") or schema["enum"])[0]
    if options := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return _example(document, options[0], depth + 1)
    return _of_type(document, schema, depth)


def _of_type(document: dict[str, Any], schema: dict[str, Any], depth: int) -> Any:
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: _example(document, field, depth + 1) for name, field in fields.items()}
        case "array":
            return [_example(document, schema.get("items", {}), depth + 1)]
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return _FORMATS.get(schema.get("format", "")) or schema.get("format") or "text"


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while reference := schema.get("$ref"):
        schema = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
    return schema
