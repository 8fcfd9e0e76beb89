"""Where in a request does the token stand? Wherever clients of ClickHouse put a password."""

import base64

from notehouse_hub.service.query_gateway.client_request import ClientRequest
from notehouse_hub.service.query_gateway.refusal import unauthenticated

_HOW = (
    "Give an execution token as the password: curl -u notehouse:TOKEN, password=TOKEN in clickhouse-connect, or the "
    "header Authorization: Bearer TOKEN. In a notebook it stands in the file that NOTEHOUSE_TOKEN_FILE names."
)


def token(request: ClientRequest) -> str:
    """Return the token of a request. Raises Refusal if there is none, or two that differ."""
    places = (
        _authorization(request.headers.get("authorization", "")),
        request.headers.get("x-clickhouse-key", ""),
        request.parameter("password") or "",
    )
    given = {one for one in places if one}
    if not given:
        raise unauthenticated(f"No token was given. {_HOW}")
    if len(given) > 1:
        raise unauthenticated("Two different tokens were given. Give one, in one place.")
    return given.pop()


def _authorization(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        return _basic_password(value.strip())
    if header:
        raise unauthenticated(f"This kind of Authorization is not known here. {_HOW}")
    return ""


def _basic_password(value: str) -> str:
    """Return the password of basic authentication (RFC 7617); the user's name does not matter."""
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except ValueError as error:
        raise unauthenticated(f"The Authorization header is damaged. {_HOW}") from error
    return text.partition(":")[2]
