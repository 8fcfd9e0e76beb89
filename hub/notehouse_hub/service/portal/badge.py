"""A state in one word and its colour."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Badge:
    """A state; `kind` is its colour: busy, good, bad or quiet."""

    kind: str
    text: str
