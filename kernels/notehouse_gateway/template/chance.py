"""Random numbers after a fork: every kernel has its own."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping
from typing import Any

UNSEEDED_BITS = 64  # numpy draws 128 bits where nobody gives a seed; people give numbers


def reseed(variables: Mapping[str, Any]) -> None:
    """Seed anew the generators that everybody shares, and those of a notebook that nobody gave a seed."""
    random.seed(os.urandom(32))
    if (torch := sys.modules.get("torch")) is not None:
        torch.seed()
    if (numpy := sys.modules.get("numpy.random")) is None:
        return
    numpy.seed()
    for value in list(variables.values()):
        if isinstance(value, numpy.Generator):
            _reseed_generator(numpy, value)


def _reseed_generator(numpy: Any, generator: Any) -> None:
    bits = generator.bit_generator
    entropy = getattr(bits.seed_seq, "entropy", 0)
    if isinstance(entropy, int) and entropy.bit_length() > UNSEEDED_BITS:
        bits.state = type(bits)().state
