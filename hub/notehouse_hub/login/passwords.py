"""Does a password fit a hash? Unknown names take as long as known ones."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST_PASSWORD = 1024


class Passwords:
    """Makes and checks argon2 hashes beside the event loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._of_nobody = self._hasher.hash("the password of nobody")

    async def hash(self, password: str) -> str:
        """Return the hash to keep of a password."""
        return await asyncio.to_thread(self._hasher.hash, password)

    async def match(self, hashed: str | None, password: str) -> bool:
        """Say whether the password fits; None stands for an account that is not there or has no password."""
        right = await asyncio.to_thread(self._verify, hashed or self._of_nobody, password)
        return right and bool(hashed)

    async def renewed(self, hashed: str, password: str) -> str | None:
        """Return a new hash of a password that has just fitted, if the old one is weaker than those made now."""
        return await self.hash(password) if self._hasher.check_needs_rehash(hashed) else None

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
