"""The numbers a server counts of its kernels; at its `/metrics`, for who may enter the server."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

FORKS = Histogram(
    "notehouse_kernel_fork_seconds",
    "From the order to a kernel that can be connected to, by what it was forked from",
    ["template"],
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
NOT_FORKED = Counter("notehouse_kernels_not_forked_total", "Kernels that could not be forked", ["template"])
PREPARED = Counter(
    "notehouse_templates_prepared_total", "Notebooks run as templates, by how it ended", ["state"]
)
HITS = Counter("notehouse_template_hits_total", "Requests for a notebook that found its template there")
EVICTED = Counter("notehouse_templates_evicted_total", "Templates ended to make room, or unused for long")
REFUSED = Counter("notehouse_kernels_refused_total", "Kernels refused at the limit of how many may run")
ENDED = Counter("notehouse_kernels_ended_total", "Kernels ended for passing a limit", ["limit"])
TEMPLATES = Gauge("notehouse_templates", "Templates of notebooks that are kept now")
WARM = Gauge(
    "notehouse_template_warm", "Whether the usual libraries are imported: a kernel is a fork, 1 or 0"
)
KERNELS = Gauge("notehouse_kernels", "Kernels that run now")
PRIVATE = Gauge("notehouse_kernels_private_bytes", "Memory that kernels hold alone, together")
SHARE = Gauge("notehouse_kernels_proportional_bytes", "The same with their share of what they share (PSS)")
