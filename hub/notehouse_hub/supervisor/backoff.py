"""How long to wait before a process that died is started again?"""

from dataclasses import dataclass


@dataclass
class Backoff:
    """No wait after a first death, then ever longer ones; forgotten once a process has lived long enough."""

    first: float = 0.5  # seconds
    longest: float = 30.0
    forgiven_after: float = 60.0
    deaths: int = 0

    def delay(self, lived: float) -> float:
        """Return the seconds to wait after a process that lived for `lived` seconds."""
        if lived >= self.forgiven_after:
            self.deaths = 0
        self.deaths += 1
        if self.deaths == 1:
            return 0.0
        return float(min(self.first * 2 ** min(self.deaths - 2, 16), self.longest))
