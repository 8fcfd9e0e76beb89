"""Probes ask addresses that their process answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from chart import forms
from chart.chart import render
from notehouse_core.settings import Settings
from notehouse_hub.service import health, metrics
from notehouse_hub.service.resources import PREFIX

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def asked(component: str) -> dict[str, tuple[str, int]]:
    """The address and port of each probe, and of the metrics if they are announced."""
    pod = render(forms.SMALL).pods()[f"nh-notehouse-{component}"]
    (container,) = pod["spec"]["containers"]
    found = {one: (container[one]["httpGet"]["path"], container[one]["httpGet"]["port"]) for one in PROBES}
    notes = pod["metadata"].get("annotations", {})
    if "prometheus.io/path" in notes:
        found["metrics"] = (notes["prometheus.io/path"], int(notes["prometheus.io/port"]))
    return found


def paths(component: str) -> set[str]:
    return {path for path, _ in asked(component).values()}


def test_every_process_that_stays_is_probed(form: dict[str, Any]) -> None:
    rendered = render(form)
    for kind in ("Deployment", "StatefulSet"):
        for one in rendered.of_kind(kind):
            (container,) = one["spec"]["template"]["spec"]["containers"]
            assert set(PROBES) <= set(container), one["metadata"]["name"]


@pytest.mark.parametrize(
    ("component", "port"),
    [
        ("hub", Settings().hub_port),
        ("api", Settings().api_port),
        ("query-gateway", Settings().query_port),
        ("dashboards", Settings().dashboards_port),
        ("worker", Settings().worker_port),
        ("printer", Settings().printer_port),
        ("rights", Settings().rights_port),
    ],
)
def test_probes_ask_where_the_process_listens(component: str, port: int) -> None:
    assert {number for _, number in asked(component).values()} == {port}


def test_the_api_answers_its_probes() -> None:
    routers = (health.router, metrics.router)
    routes = {f"{PREFIX}{getattr(one, 'path', '')}" for router in routers for one in router.routes}
    assert paths("api") <= routes


def test_the_dashboard_server_answers_its_probes() -> None:
    from notehouse_dashboards import __main__ as dashboards

    source = Path(dashboards.__file__).read_text()
    named = set(re.findall(r"DASHBOARDS_PREFIX}(/health/\w+|/metrics)", source))
    assert {path.removeprefix("/services/dashboards") for path in paths("dashboards")} == named


def test_the_printer_answers_its_probes() -> None:
    from pydantic import SecretStr

    from notehouse_hub.printer.__main__ import create_app as printer

    routes = {getattr(route, "path", "") for route in printer(Settings(printer_key=SecretStr("k"))).routes}
    assert paths("printer") <= routes


@pytest.mark.parametrize("component", ["worker", "rights"])
async def test_processes_with_no_pages_answer_their_probes(component: str, unused_tcp_port: int) -> None:
    import httpx

    from notehouse_core import watched

    async def missing() -> list[str]:
        return []

    async with await watched.serve(missing, unused_tcp_port), httpx.AsyncClient(trust_env=False) as client:
        for path in paths(component):
            assert (await client.get(f"http://127.0.0.1:{unused_tcp_port}{path}")).status_code == 200


def test_the_query_gateway_answers_its_probes() -> None:
    from notehouse_hub.service.query_gateway import gateway

    source = Path(gateway.__file__).read_text()
    assert all(f'"{path}"' in source for path in paths("query-gateway"))


def test_the_hub_and_the_proxy_answer_their_probes() -> None:
    from jupyterhub.handlers.pages import default_handlers

    assert tuple(paths("hub")) == ("/hub/health",)
    assert "/health$" in {route[0] for route in default_handlers}
    assert paths("proxy") == {"/_chp_healthz", "/metrics"}
