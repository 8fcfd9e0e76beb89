"""Is what a provider says meant for us? Its ID token (OpenID Connect Core, 3.1.3.7), checked with its own keys."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
from tornado.web import HTTPError

SAFE = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
_SECONDS = 10
_LEEWAY = 60  # seconds that two clocks may differ

NOT_OURS = (
    "Your organisation's sign-in answered for another application, so nobody is let in with that. Ask your "
    "administrator to check the client and its audience."
)
NOT_GENUINE = "The answer of your organisation's sign-in is not genuine, or too old. Sign in again."
NOBODY = "Your organisation's sign-in did not say who you are."


class IdTokens:
    """Checks ID tokens of one issuer for one client; the issuer's keys are fetched again when they change."""

    def __init__(self, issuer: str, client_id: str, keys_url: str, algorithms: list[str]) -> None:
        self._issuer, self._client_id, self._keys_url = issuer, client_id, keys_url
        self._algorithms = sorted(SAFE & set(algorithms))
        self._keys: dict[str, jwt.PyJWK] = {}

    async def subject(self, id_token: str | None) -> str:
        """Return whom a token is about. Raises HTTPError 403 that says why it is not taken."""
        if not id_token:
            raise HTTPError(403, NOBODY)
        try:
            key = await self._key(str(jwt.get_unverified_header(id_token).get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=self._algorithms,
                audience=self._client_id,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.InvalidAudienceError as error:
            raise HTTPError(403, NOT_OURS) from error
        except jwt.PyJWTError as error:
            raise HTTPError(403, NOT_GENUINE) from error
        if claims.get("azp", self._client_id) != self._client_id:
            raise HTTPError(403, NOT_OURS)
        return str(claims["sub"])

    async def _key(self, kid: str) -> jwt.PyJWK:
        if kid not in self._keys:
            self._keys = await self._fetched()
        if kid not in self._keys:
            raise jwt.InvalidKeyError("the provider does not name this key")
        return self._keys[kid]

    async def _fetched(self) -> dict[str, jwt.PyJWK]:
        try:
            async with httpx.AsyncClient(timeout=_SECONDS) as client:
                found = (await client.get(self._keys_url)).raise_for_status().json()
            keys = jwt.PyJWKSet.from_dict(found).keys
        except (httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
            raise HTTPError(
                502, "Your organisation's sign-in does not answer. Try again in a minute."
            ) from error
        return {str(key.key_id or ""): key for key in keys}
