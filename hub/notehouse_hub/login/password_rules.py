"""May this be a password? Long enough, not guessed from the name, not among the first that anybody tries."""

from __future__ import annotations

import bisect
import hashlib
import re
from pathlib import Path

from notehouse_core.errors import Unavailable
from notehouse_hub.login.passwords import LONGEST_PASSWORD

SHORTEST_PASSWORD = 10
FEWEST_CHARACTERS = 4

# What is left of a usual password without digits, signs and the letters that digits stand for.
_COMMON = frozenset((Path(__file__).parent / "common_passwords.txt").read_text().split())
_STAND_FOR = str.maketrans("@4031!5$7+8", "aaoeiissttb")
_SEQUENCES = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop")


class PasswordRules:
    """What every new password must be; `breached` is a file of SHA-1 digests that have leaked, sorted, one a line."""

    def __init__(self, breached: Path | None = None) -> None:
        self._breached = breached

    def problem_of(self, password: str, username: str) -> str:
        """What is wrong with a new password of somebody; nothing when it can be taken. Raises Unavailable."""
        if len(password) < SHORTEST_PASSWORD:
            return f"Use at least {SHORTEST_PASSWORD} characters."
        if len(password) > LONGEST_PASSWORD or "\0" in password:
            return f"Use at most {LONGEST_PASSWORD} characters."
        if len(set(password)) < FEWEST_CHARACTERS:
            return "Use more different characters."
        if is_like(password, username):
            return "This is too much like the username. Choose another."
        if is_common(password):
            return "This is one of the first passwords that anybody tries. Choose another."
        if self._breached is not None and is_listed(self._breached, password):
            return "This password is in a list of leaked ones. Choose another, here and wherever you use it."
        return ""


def is_like(password: str, username: str) -> bool:
    """Say whether a password is a name with little added to it."""
    said, name = password.lower(), username.lower()
    return len(name) > 2 and name in said and len(said) - len(name) < 6


def is_common(password: str) -> bool:
    """Say whether nothing but digits and signs is added to a word of our list, or it goes along the keys."""
    said = password.lower()
    core = re.sub(r"^[^a-z@$]+|[\W\d_]+$", "", said)
    words = {re.sub(r"[^a-z]", "", one) for one in (said, core.translate(_STAND_FOR))}
    return bool(words & _COMMON) or _goes_along(said)


def _goes_along(said: str) -> bool:
    """Say whether it is made of runs along the alphabet, the digits or a row of keys."""
    runs, place = 0, 0
    while place < len(said):
        place += max(1, _run_at(said, place))
        runs += 1
    return runs <= len(said) // 4


def _run_at(said: str, place: int) -> int:
    longest = 1
    for sequence in (*_SEQUENCES, *(one[::-1] for one in _SEQUENCES)):
        length = 1
        while place + length < len(said) and said[place : place + length + 1] in sequence:
            length += 1
        longest = max(longest, length)
    return longest


def is_listed(file: Path, password: str) -> bool:
    """Look a password up by halving in a sorted file of SHA-1 digests, "DIGEST" or "DIGEST:count" a line."""
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, 2)

            def line_after(place: int) -> str:
                opened.seek(max(0, place - 1))
                if place:
                    opened.readline()
                return opened.readline()[:40].decode("ascii", "replace").upper()

            at = bisect.bisect_left(range(size), digest, key=lambda place: line_after(place) or "~")
            return line_after(at) == digest
    except OSError as error:
        raise Unavailable(
            f"The list of leaked passwords cannot be read: {error.strerror}. An administrator has to mend "
            "NOTEHOUSE_BREACHED_PASSWORDS."
        ) from error
