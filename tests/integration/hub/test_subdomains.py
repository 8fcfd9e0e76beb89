"""Each person's server on a subdomain, as the chart sets it up: a real Hub and proxy, and names that lead to them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from integration.hub.conftest import NAVIGATE, PASSWORD, FakeApi, RunningHub, running_hub
from notehouse_core import access
from notehouse_hub.service.hub_api import HubApi, HubServer

HOST = "house.test"
ANALYST = "analyst"


class ToLoopback(httpx.HTTPTransport):
    """What DNS would do: every name below ours is this machine."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        here = request.url.copy_with(host="127.0.0.1")
        # A request of its own: cookies belong to the name that was asked.
        sent = httpx.Request(request.method, here, headers=request.headers, stream=request.stream)
        return super().handle_request(sent)


@pytest.fixture(scope="module")
def hub(code_python: Path) -> Iterator[RunningHub]:
    with running_hub(code_python, HOST) as started:
        api = FakeApi(started.port + 3)
        try:
            yield started
        finally:
            api.stop()


@pytest.fixture(scope="module")
def analyst(hub: RunningHub) -> Iterator[httpx.Client]:
    """A browser in which somebody has logged in and started their server."""
    ours, theirs = f"http://{HOST}:{hub.port}", f"http://{ANALYST}.{HOST}:{hub.port}"
    with httpx.Client(transport=ToLoopback(), headers=NAVIGATE, follow_redirects=True, timeout=30) as client:
        page = client.get(f"{ours}/hub/login")
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert xsrf is not None
        form = {"_xsrf": xsrf.group(1), "username": ANALYST, "password": PASSWORD}
        assert client.post(f"{ours}/hub/login?next=", data=form).is_success
        client.get(f"{ours}/hub/spawn")
        lab = f"{theirs}/user/{ANALYST}/lab"
        hub.wait_until(lambda: _shows(client, lab))
        yield client


def _shows(client: httpx.Client, address: str) -> bool:
    answer = client.get(address)
    return answer.status_code == 200 and str(answer.url) == address


def test_a_server_is_reached_on_its_own_subdomain(hub: RunningHub, analyst: httpx.Client) -> None:
    page = analyst.get(f"http://{ANALYST}.{HOST}:{hub.port}/user/{ANALYST}/lab")
    assert page.status_code == 200
    assert f'"hubHost": "http://{HOST}:{hub.port}"' in page.text  # where its links to the portal lead
    elsewhere = analyst.get(f"http://{HOST}:{hub.port}/user/{ANALYST}/lab")
    assert elsewhere.url.host == f"{ANALYST}.{HOST}"


def test_the_portal_stays_on_our_host_and_a_server_cannot_stand_for_it(
    hub: RunningHub, analyst: httpx.Client
) -> None:
    ours = analyst.get(f"http://{HOST}:{hub.port}/services/notehouse/", follow_redirects=False)
    assert ours.status_code == 200
    theirs = analyst.get(f"http://{ANALYST}.{HOST}:{hub.port}/services/notehouse/", follow_redirects=False)
    assert theirs.status_code == 302
    assert theirs.headers["location"].startswith(f"http://{HOST}:{hub.port}/hub/")


def test_cookies_of_the_hub_never_reach_a_server(analyst: httpx.Client) -> None:
    opening = {
        (one.name, one.domain, one.domain_specified)
        for one in analyst.cookies.jar
        if one.name in {"jupyterhub-hub-login", "notehouse-hub-session"}
    }
    assert opening == {
        ("jupyterhub-hub-login", HOST, False),
        ("notehouse-hub-session", HOST, False),
    }


def test_the_proxy_knows_every_route_by_its_host(hub: RunningHub, analyst: httpx.Client) -> None:
    token = {"Authorization": f"token {hub.proxy_token}"}
    routes = httpx.get(f"http://127.0.0.1:{hub.port + 1}/api/routes", headers=token).json()
    assert {
        "/",
        f"/{HOST}/services/notehouse",
        f"/{HOST}/services/notehouse/clickhouse",
        f"/{HOST}/services/dashboards",
        f"/{ANALYST}.{HOST}/user/{ANALYST}",
    } == set(routes)
    assert analyst.get(f"http://{HOST}:{hub.port}/_chp_healthz").json() == {"status": "OK"}


async def test_our_api_finds_a_kernel_gateway_by_its_path(hub: RunningHub, analyst: httpx.Client) -> None:
    name = access.hub_user("0123456789abcdef")
    api = HubApi(f"http://127.0.0.1:{hub.port + 2}/hub/api", hub.service_tokens["notehouse"])
    await api.ensure_user(name)
    await api.start_server(name)
    server = await _ready(api, name)
    await api.close()
    assert server.path == f"/user/{name}/"
    assert server.state["address"].startswith("http://127.0.0.1:")


async def _ready(api: HubApi, name: str) -> HubServer:
    for _ in range(300):
        server = await api.server(name)
        if server is not None and server.ready:
            return server
        await asyncio.sleep(0.2)
    raise TimeoutError(name)
