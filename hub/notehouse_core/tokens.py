"""Execution tokens and frame tokens: signed claims with an audience each (JWT, RFC 7519; EdDSA, RFC 8037).

Only the API signs execution tokens, with Ed25519 keys under key ids. Frame tokens are the dashboard server's own: it
makes and reads them, with a key nobody else has, so they can never pass as anything else.
"""

from __future__ import annotations

import base64
import hmac
import json
import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from notehouse_core.errors import Unauthenticated
from notehouse_core.ids import uuid7

QUERY, API, FRAME = "query", "api", "frame"
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
INTERACTIVE, RUN, VIEW = "interactive", "run", "view"
PURPOSES = (INTERACTIVE, RUN, VIEW)
_VERIFIED = 10_000  # frame tokens whose signature is known to be good
LONGEST_LIFE = 86_400  # seconds that any token lives at most


@dataclass(frozen=True)
class Claims:
    """What a token says. Times are Unix seconds; `tenant` is a slug or "*" for the platform admin.

    `writes`: a run may write what its person may, since nobody else wrote the notebook.
    """

    subject: str
    tenant: str
    access_class: str
    purpose: str
    audience: tuple[str, ...] = (QUERY, API)
    object: str = ""
    sources: tuple[str, ...] = ()
    issued_at: int = field(default_factory=lambda: int(time.time()))
    expires_at: int = field(default_factory=lambda: int(time.time()) + 3600)
    jti: str = field(default_factory=lambda: str(uuid7()))
    writes: bool = False

    def payload(self) -> dict[str, Any]:
        """The claims under their registered names."""
        return {
            "iss": "notehouse", "sub": self.subject, "aud": list(self.audience), "jti": self.jti,
            "iat": self.issued_at, "exp": self.expires_at, "tenant": self.tenant, "class": self.access_class,
            "purpose": self.purpose, "object": self.object, "sources": list(self.sources),
            **({"writes": True} if self.writes else {}),
        }  # fmt: skip

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Claims:
        """The claims of a verified payload."""
        return cls(
            subject=payload["sub"], tenant=payload["tenant"], access_class=payload["class"],
            purpose=payload["purpose"], audience=tuple(payload["aud"]), object=payload["object"],
            sources=tuple(payload["sources"]), issued_at=payload["iat"], expires_at=payload["exp"], jti=payload["jti"],
            writes=payload.get("writes") is True,
        )  # fmt: skip


def class_subject(access_class: str) -> str:
    """In whose name a token is that serves everybody of a class."""
    return f"class:{access_class}"


class Signer:
    """Signs execution tokens; only the API has one."""

    def __init__(self, key: Ed25519PrivateKey, kid: str) -> None:
        self._key, self._kid = key, kid

    @classmethod
    def from_file(cls, path: Path) -> Signer:
        """The signer of an unencrypted PKCS8 PEM file; the key id is the file's own public key, shortened."""
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise Unauthenticated(
                f"{path.name} is not an Ed25519 key. Remove it and start again to get a new one."
            )
        return cls(key, key_id(public_pem(key)))

    def sign(self, claims: Claims) -> str:
        """The token of these claims."""
        return jwt.encode(claims.payload(), self._key, algorithm="EdDSA", headers={"kid": self._kid})


class Verifier:
    """Checks execution tokens against public keys: of a JSON file, or of certificates (PEM).

    The JSON is {key id: PEM} for a key in use, {key id: {"pem": PEM, "until": Unix seconds}} for one that signs
    nothing any more and is kept until the last token that it signed has ended.
    """

    def __init__(self, keys: Mapping[str, str | Mapping[str, Any]]) -> None:
        self._keys = {kid: one if isinstance(one, str) else str(one["pem"]) for kid, one in keys.items()}
        self._until = {kid: float(one["until"]) for kid, one in keys.items() if not isinstance(one, str)}

    @classmethod
    def from_file(cls, path: Path) -> Verifier:
        """The verifier of a keys file. Raises ValueError when it is none."""
        text = path.read_text()
        if _CERTIFICATE in text:
            return cls(_certified_keys(text.encode()))
        return cls(json.loads(text))

    def knows(self, kid: str) -> bool:
        """Say whether a key is among ours."""
        return kid in self._keys and time.time() < self._until.get(kid, math.inf)

    def verify(self, token: str, audience: str) -> Claims:
        """The claims of a token meant for `audience`.

        Raises Unauthenticated, saying whether it expired, is meant for something else, or is not ours.
        """
        return _verify(token, self._key_of(token), "EdDSA", audience)

    def _key_of(self, token: str) -> str:
        kid = unverified_key_id(token)
        if not self.knows(kid):
            raise Unauthenticated("This token was signed by a key that is not in use. Get a new token.")
        return self._keys[kid]


def _certified_keys(pem: bytes) -> dict[str, str]:
    """The public keys of certificates, by key id: a certificate is only the form in which a key travels."""
    keys = (one.public_key() for one in x509.load_pem_x509_certificates(pem))
    found = [_pem(key) for key in keys if isinstance(key, Ed25519PublicKey)]
    return {key_id(one): one for one in found}


class FrameSigner:
    """Makes and checks frame tokens (HS256, RFC 7518): they open one page view's frame, never SQL."""

    def __init__(self, key: str) -> None:
        self._key, self._secret = key, key.encode()
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    def sign(self, claims: Claims) -> str:
        """The frame token of these claims, whose audience must be the frame alone."""
        if claims.audience != (FRAME,):
            raise ValueError("A frame token is for the frame and nothing else.")
        # By hand: a library looks at the key each time, and every view of a page has a token of its own.
        signed = f"{_HS256}.{_base64(json.dumps(claims.payload(), separators=(',', ':')).encode())}"
        token = f"{signed}.{_base64(hmac.digest(self._secret, signed.encode(), 'sha256'))}"
        self._keep(token, claims)  # a page's next request shows it
        return token

    def verify(self, token: str) -> Claims:
        """The claims of a frame token. Raises Unauthenticated when it is expired or not ours.

        A page shows its token with each request: a signature that was good stays so, until the token ends.
        """
        found = self._verified.get(token)
        if found is None or found.expires_at <= time.time():
            self._verified.pop(token, None)
            found = _verify(token, self._key, "HS256", FRAME)
            self._keep(token, found)
        return found

    def _keep(self, token: str, claims: Claims) -> None:
        self._verified[token] = claims
        if len(self._verified) > _VERIFIED:
            self._verified.popitem(last=False)


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


_HS256 = _base64(b'{"alg":"HS256","typ":"JWT"}')


def _verify(token: str, key: str, algorithm: str, audience: str) -> Claims:
    required = ["exp", "iat", "aud", "sub", "jti"]
    try:
        payload = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audience,
            issuer="notehouse",
            options={"require": required},
        )
        return Claims.of(payload)
    except jwt.ExpiredSignatureError as error:
        raise Unauthenticated(
            "The token has expired. Get a new one, or restart the kernel to renew it."
        ) from error
    except jwt.InvalidAudienceError as error:
        raise Unauthenticated(f"This token is not meant for this service ({audience}).") from error
    except (jwt.PyJWTError, KeyError, TypeError) as error:
        raise Unauthenticated("This is not a valid Notehouse token.") from error


def unverified_key_id(token: str) -> str:
    """Which key a token says that it was signed by. Raises Unauthenticated when it is none."""
    try:
        return str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.PyJWTError as error:
        raise Unauthenticated("This is not a Notehouse token.") from error


def public_pem(key: Ed25519PrivateKey) -> str:
    """The public half of a key, as PEM."""
    return _pem(key.public_key())


def _pem(key: Ed25519PublicKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def key_id(pem: str) -> str:
    """A short name for a public key: the start of its digest."""
    import hashlib

    return hashlib.sha256(pem.encode()).hexdigest()[:16]
