"""How much passes through? Counters in Prometheus' text format."""

from collections import Counter
from collections.abc import Mapping


class Metrics:
    """Counters of this process."""

    def __init__(self) -> None:
        self._statements: Counter[str] = Counter()
        self._bytes = 0
        self._seconds = 0.0

    def refused(self, code: int) -> None:
        """Count a request that was refused, by ClickHouse's error code."""
        self._statements[f'outcome="refused",code="{code}"'] += 1

    def answered(self, outcome: str, code: int, size: int, seconds: float) -> None:
        """Count a statement that ClickHouse answered: bytes of its answer, seconds from first to last."""
        self._statements[f'outcome="{outcome}",code="{code}"'] += 1
        self._bytes += size
        self._seconds += seconds

    def text(self, gauges: Mapping[str, int]) -> str:
        """Return everything as text; `gauges` are what stands at this moment."""
        lines = ["# TYPE notehouse_query_gateway_statements_total counter"]
        for labels, count in sorted(self._statements.items()):
            lines.append(f"notehouse_query_gateway_statements_total{{{labels}}} {count}")
        lines += ["# TYPE notehouse_query_gateway_answer_bytes_total counter"]
        lines += [f"notehouse_query_gateway_answer_bytes_total {self._bytes}"]
        lines += ["# TYPE notehouse_query_gateway_answer_seconds_total counter"]
        lines += [f"notehouse_query_gateway_answer_seconds_total {self._seconds:.3f}"]
        for name, value in gauges.items():
            lines += [
                f"# TYPE notehouse_query_gateway_{name} gauge",
                f"notehouse_query_gateway_{name} {value}",
            ]
        return "\n".join(lines) + "\n"
