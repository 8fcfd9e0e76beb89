"""What runs at this gateway now, for whom, and what does it hold? For the administrators' page, and for Prometheus."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from prometheus_client import REGISTRY

from notehouse_gateway.memory import use_of
from notehouse_gateway.notebook_template import NotebookTemplate

COUNTED = {
    "forks": "notehouse_kernel_fork_seconds_count",
    "fork_seconds": "notehouse_kernel_fork_seconds_sum",
    "not_forked": "notehouse_kernels_not_forked_total",
    "templates_prepared": "notehouse_templates_prepared_total",
    "template_hits": "notehouse_template_hits_total",
    "templates_evicted": "notehouse_templates_evicted_total",
    "refused": "notehouse_kernels_refused_total",
    "ended_at_a_limit": "notehouse_kernels_ended_total",
}


@dataclass(frozen=True)
class Purpose:
    """Whom a kernel works for, as the token that it was given says; checked by nobody here, for people to read."""

    user: str = ""
    purpose: str = ""
    object: str = ""

    @classmethod
    def of(cls, token: str) -> Purpose:
        """Read a token; what is none says nothing."""
        try:
            payload = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            return cls(*(str(claims.get(name, ""))[:200] for name in ("sub", "purpose", "object")))
        except (IndexError, ValueError, AttributeError):
            return cls()


@dataclass(frozen=True)
class Watched:
    """What is known of a kernel from its start on. `origin`: imports, notebook (forked from these) or process."""

    purpose: Purpose
    origin: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def model(self, pid: int | None) -> dict[str, Any]:
        """Return what is said of it, with what it uses now. Takes some milliseconds."""
        used = asdict(use_of([] if pid is None else [pid]))
        return {
            **asdict(self.purpose),
            "origin": self.origin,
            "started_at": self.started_at.isoformat(),
            **used,
        }


def template_model(key: str, one: NotebookTemplate) -> dict[str, Any]:
    """Return what is said of a notebook's template."""
    process = one.process if one.process is not None and one.process.alive else None
    used = asdict(use_of([] if process is None else [process.process.pid]))
    purpose = Purpose.of(one.order.token)
    return {
        "key": key,
        "state": one.state,
        "object": purpose.object,
        "unused_seconds": round(time.monotonic() - one.used, 1),
        "private_bytes": used["private_bytes"],
    }


def totals() -> dict[str, float]:
    """Return the sums of this process's series, over all their labels."""
    sums = dict.fromkeys(COUNTED.values(), 0.0)
    for family in REGISTRY.collect():
        for sample in family.samples:
            if sample.name in sums:
                sums[sample.name] += sample.value
    return {short: round(sums[name], 4) for short, name in COUNTED.items()}
