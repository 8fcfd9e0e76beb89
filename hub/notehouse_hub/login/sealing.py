"""Keeps a secret so that the database alone does not tell it: AES-GCM, bound to whose it is."""

from __future__ import annotations

import base64
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from notehouse_core.errors import Unavailable

_NONCE = 12


class Seal:
    """Seals with a key that follows from a secret of the platform."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(hmac.digest(secret.encode(), b"notehouse second factors", "sha256"))

    def close(self, text: str, about: str) -> str:
        """Return what to keep of a text that belongs to `about`."""
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), about.encode())).decode()

    def open(self, sealed: str, about: str) -> str:
        """Return the text again. Raises Unavailable when the key is another, or it belongs to somebody else."""
        kept = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(kept[:_NONCE], kept[_NONCE:], about.encode()).decode()
        except InvalidTag as error:
            raise Unavailable(
                "A second factor cannot be read: it was sealed with another key. An administrator has to put "
                "NOTEHOUSE_ACCOUNT_KEY back, or reset the second factor."
            ) from error
