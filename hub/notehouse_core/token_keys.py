"""Keys of execution tokens in files that are followed: a rotation needs no restart."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from notehouse_core.errors import Invalid, Unauthenticated
from notehouse_core.tokens import Claims, Signer, Verifier, unverified_key_id

LOOK_AGAIN = 2.0  # seconds between two looks at a file, unless there is a reason

log = logging.getLogger(__name__)

Made_co = TypeVar("Made_co", covariant=True)


class _Read(Protocol[Made_co]):
    def __call__(self, path: Path, /) -> Made_co: ...


class _Followed(Generic[Made_co]):
    """What a file holds, read again when it changes; a file that cannot be read leaves what was read before."""

    def __init__(self, path: Path, read: _Read[Made_co]) -> None:
        self._path, self._read = path, read
        try:
            self._version, self._held = self._version_now(), read(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Invalid(f"The keys of tokens in {path} cannot be read: {error}") from error
        self._looked = time.monotonic()

    def now(self, *, look: bool = False) -> Made_co:
        """Return it as of two seconds ago at most; `look` for this moment."""
        if look or time.monotonic() - self._looked > LOOK_AGAIN:
            self._looked = time.monotonic()
            self._look()
        return self._held

    def _look(self) -> None:
        try:
            version = self._version_now()
            if version != self._version:
                self._held, self._version = self._read(self._path), version
        except (OSError, ValueError, KeyError, TypeError, Unauthenticated) as error:
            log.error("the keys of tokens in %s cannot be read: %s", self._path.name, error)

    def _version_now(self) -> tuple[int, int]:
        status = self._path.stat()
        return status.st_mtime_ns, status.st_ino


class VerifyKeys:
    """Checks execution tokens by the public keys in a file. Raises Invalid when made without one."""

    def __init__(self, path: Path) -> None:
        self._file = _Followed(path, Verifier.from_file)

    def verify(self, token: str, audience: str) -> Claims:
        """The claims of a token meant for `audience`. Raises Unauthenticated."""
        verifier = self._file.now()
        if not verifier.knows(unverified_key_id(token)):
            verifier = self._file.now(look=True)  # it may have been signed by a key of this moment
        return verifier.verify(token, audience)


class SigningKey:
    """Signs execution tokens by the private key in a file. Raises Invalid when made without one."""

    def __init__(self, path: Path) -> None:
        self._file = _Followed(path, Signer.from_file)

    def sign(self, claims: Claims) -> str:
        """The token of these claims."""
        return self._file.now().sign(claims)
