"""What Prometheus must know to watch every process of this machine."""

from __future__ import annotations

from typing import Any

import yaml

from notehouse_core.settings import API_PREFIX, DASHBOARDS_PREFIX, Settings
from notehouse_hub.supervisor.ports import Ports


def configuration(settings: Settings) -> str:
    """Return a prometheus.yml; the Hub's metrics need the token in the file that it names."""
    ports = Ports.from_base(settings.port)
    jobs: list[dict[str, Any]] = [
        _job("proxy", ports.proxy_metrics, "/metrics"),
        {**_job("hub", ports.hub, "/hub/metrics"), "authorization": _token(settings)},
        _job("api", ports.api, f"{API_PREFIX}/metrics"),
        _job("query-gateway", ports.query_gateway, "/metrics"),
        _job("dashboards", ports.dashboards, f"{DASHBOARDS_PREFIX}/metrics"),
        _job("worker", ports.worker, "/metrics"),
        _job("printer", ports.printer, "/metrics"),
        *([_job("rights", ports.rights, "/metrics")] if settings.clickhouse_url else []),
    ]
    return yaml.safe_dump({"global": {"scrape_interval": "15s"}, "scrape_configs": jobs}, sort_keys=False)


def _job(name: str, port: int, path: str) -> dict[str, Any]:
    return {
        "job_name": f"notehouse-{name}",
        "metrics_path": path,
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }


def _token(settings: Settings) -> dict[str, str]:
    return {"type": "token", "credentials_file": str(settings.data / "secrets" / "service-monitor")}
