"""Does a password fit a hash? Unknown names take as long as known ones."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Passwords:
    """Checks argon2 hashes beside the event loop."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._of_nobody = self._hasher.hash("the password of nobody")

    async def match(self, hashed: str | None, password: str) -> bool:
        """Say whether the password fits; None stands for an account that is not there or has no password."""
        right = await asyncio.to_thread(self._verify, hashed or self._of_nobody, password)
        return right and bool(hashed)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
