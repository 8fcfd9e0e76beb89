"""Secrets at rest: AES-256-GCM (NIST SP 800-38D) under keys with ids, each bound to the place where it is kept.

A key ring is a JSON file, {"current": id, "keys": {id: base64}}, that only the processes that need secrets can read.
New secrets are sealed with the current key; the others only open what was sealed before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from notehouse_core.errors import Invalid, Unavailable

_KEY_BYTES, _NONCE_BYTES = 32, 12


class Unopenable(Unavailable):
    """A secret was sealed under a key that is not here, or for another place."""


@dataclass(frozen=True)
class Sealed:
    """A secret as it is stored: nonce and ciphertext, and the id of its key."""

    content: bytes
    key_id: str


@dataclass(frozen=True)
class KeyRing:
    """The keys there are, and the id of the one that new secrets are sealed with."""

    current: str
    keys: Mapping[str, bytes]

    def __repr__(self) -> str:
        return f"KeyRing(current={self.current!r}, {len(self.keys)} keys)"

    @classmethod
    def new(cls) -> KeyRing:
        """A ring with one new key."""
        key = os.urandom(_KEY_BYTES)
        return cls(_id_of(key), {_id_of(key): key})

    @classmethod
    def read(cls, text: str) -> KeyRing:
        """The ring that a file's text holds. Raises Invalid, without a word of the text."""
        try:
            content = json.loads(text)
            keys = {str(name): base64.b64decode(key, validate=True) for name, key in content["keys"].items()}
            current = str(content["current"])
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
            raise Invalid('The file of secret keys is not {"current": id, "keys": {id: base64}}.') from error
        if current not in keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise Invalid(
                f"The file of secret keys needs keys of {_KEY_BYTES} bytes, the current one among them."
            )
        return cls(current, keys)

    def text(self) -> str:
        """What the file of this ring holds; secret."""
        keys = {name: base64.b64encode(key).decode() for name, key in self.keys.items()}
        return json.dumps({"current": self.current, "keys": keys}, indent=1)

    def with_new_key(self) -> KeyRing:
        """This ring with one more key, which is the current one."""
        new = KeyRing.new()
        return KeyRing(new.current, {**self.keys, **new.keys})

    def joined(self, other: KeyRing) -> KeyRing:
        """This ring with the keys of another as well."""
        return KeyRing(self.current, {**other.keys, **self.keys})

    def only_current(self) -> KeyRing:
        """This ring without the keys that are retired."""
        return KeyRing(self.current, {self.current: self.keys[self.current]})

    def seal(self, secret: bytes, place: bytes) -> Sealed:
        """Encrypt a secret for one place (see `place_of`)."""
        nonce = os.urandom(_NONCE_BYTES)
        content = AESGCM(self.keys[self.current]).encrypt(nonce, secret, place)
        return Sealed(nonce + content, self.current)

    def open(self, sealed: Sealed, place: bytes) -> bytes:
        """The secret. Raises Unopenable for a key that is not here, another place, or a changed ciphertext."""
        key = self.keys.get(sealed.key_id)
        if key is None:
            raise Unopenable(f"The key {sealed.key_id} that sealed this secret is not among the secret keys.")
        nonce, content = sealed.content[:_NONCE_BYTES], sealed.content[_NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, content, place)
        except (InvalidTag, ValueError) as error:  # ValueError: too short to be one
            raise Unopenable("A stored secret does not belong where it stands, or was changed.") from error


class KeyFile:
    """A ring in a file, read again whenever the file changes: a rotation needs no restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ring: KeyRing | None = None
        self._version = (0, 0)

    def ring(self) -> KeyRing:
        """The ring as the file says now. Raises Invalid."""
        try:
            status = self._path.stat()
            version = (status.st_mtime_ns, status.st_ino)
            if self._ring is None or version != self._version:
                self._ring, self._version = KeyRing.read(self._path.read_text()), version
        except OSError as error:
            raise Invalid(
                f"The file of secret keys {self._path} cannot be read ({error.strerror}). NOTEHOUSE_SECRET_KEYS_FILE "
                "names it."
            ) from error
        return self._ring


def place_of(tenant: UUID, thing: UUID, field: str) -> bytes:
    """Where a secret is kept, as associated data: a ciphertext opens nowhere else."""
    return b"\0".join((b"notehouse", tenant.bytes.hex().encode(), thing.bytes.hex().encode(), field.encode()))


def _id_of(key: bytes) -> str:
    """A name for a key that says nothing about it."""
    return hashlib.sha256(b"notehouse key id\0" + key).hexdigest()[:16]
