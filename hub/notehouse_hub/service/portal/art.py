"""What does a dashboard look like on its card before anybody has made a picture of it?"""

import hashlib
from dataclasses import dataclass

_COLOURS = 8
_WIDTH, _FLOOR, _BARS = 320, 140, 12


@dataclass(frozen=True)
class Bar:
    """A rectangle in the picture's own units."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Art:
    """A small chart that is always the same for the same dashboard."""

    initials: str
    colour: int
    bars: tuple[Bar, ...]
    line: str


def art_of(key: str, name: str) -> Art:
    """Draw the card of the dashboard with this key (its id, say) and name."""
    numbers = hashlib.sha256(key.encode()).digest()
    return Art(initials(name), numbers[0] % _COLOURS, _bars(numbers[1:]), _line(numbers[14:]))


def initials(name: str) -> str:
    """Return the one or two letters that stand for a name."""
    words = [word for word in name.replace("-", " ").replace("_", " ").split() if word[0].isalnum()]
    letters = [word[0] for word in words[:2]] if len(words) > 1 else list("".join(words)[:2])
    return "".join(letters).upper() or "?"


def _bars(numbers: bytes) -> tuple[Bar, ...]:
    step = _WIDTH // _BARS
    heights = [18 + numbers[index] % 70 for index in range(_BARS)]
    return tuple(Bar(step * i + 4, _FLOOR - height, step - 8, height) for i, height in enumerate(heights))


def _line(numbers: bytes) -> str:
    step = _WIDTH // (_BARS - 1)
    return " ".join(f"{step * i},{30 + numbers[i] % 70}" for i in range(_BARS))
