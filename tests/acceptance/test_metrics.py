"""Prometheus scrapes every process of the platform."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx

from acceptance.platform import Platform, eventually, free_port

PROCESSES = {"proxy", "hub", "api", "query-gateway", "dashboards", "worker", "printer"}


def test_prometheus_scrapes_every_process(platform: Platform, tmp_path: Path) -> None:
    where = ["--port", str(platform.port), "--data", str(platform.data)]
    command = [sys.executable, "-m", "notehouse_hub.cli", "prometheus-config", *where]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    file, port = tmp_path / "prometheus.yml", free_port()
    file.write_text(printed.replace("15s", "1s"))
    address = f"127.0.0.1:{port}"
    server = subprocess.Popen(
        ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address={address}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        found = eventually(lambda: _all_known(address), 60, "every process is scraped")
    finally:
        server.terminate()
        server.wait(20)
    assert found == dict.fromkeys(PROCESSES, "up")


def _all_known(address: str) -> dict[str, str] | None:
    answer = httpx.get(f"http://{address}/api/v1/targets", trust_env=False)
    targets = json.loads(answer.text)["data"]["activeTargets"] if answer.status_code == 200 else []
    health = {one["labels"]["job"].removeprefix("notehouse-"): one["health"] for one in targets}
    return health if set(health) == PROCESSES and "unknown" not in health.values() else None


def test_metrics_are_not_for_visitors(platform: Platform) -> None:
    for path in ("notehouse/metrics", "dashboards/metrics", "notehouse/clickhouse/metrics"):
        answer = httpx.get(f"{platform.url}/services/{path}", trust_env=False)
        assert answer.status_code in {401, 403, 404}, path
