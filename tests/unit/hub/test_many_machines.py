"""The Hub on many machines: addresses by settings, subdomains, and whom a request comes from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from tornado.httputil import HTTPHeaders
from traitlets.config import Config

from notehouse_core.errors import Invalid
from notehouse_core.settings import Settings
from notehouse_hub.hub import configuration
from notehouse_hub.login.addresses import TRUSTED, address_of, networks

SERVICES = ("notehouse", "dashboards", "scheduler", "supervisor", "monitor")
SECRETS = configuration.HubSecrets(dict.fromkeys(SERVICES, "t" * 32), "p" * 32, b"c" * 32, "a" * 64)


def configured(**given: Any) -> Config:
    database = SecretStr("postgresql+psycopg://nobody@localhost/x")
    config = Config()
    settings = Settings(database_url=database, hub_database_url=database, **given)
    configuration.configure(config, settings, SECRETS)
    return config


def routes_of(config: Config) -> dict[str, str]:
    return {one["name"]: one.get("url", "") for one in config.JupyterHub.services}


def test_on_one_machine_everything_is_on_loopback() -> None:
    config = configured()
    assert config.JupyterHub.hub_bind_url == config.JupyterHub.hub_connect_url == "http://127.0.0.1:8002"
    assert config.ConfigurableHTTPProxy.api_url == "http://127.0.0.1:8001"
    assert dict(config.Proxy.extra_routes) == {"/services/notehouse/clickhouse/": "http://127.0.0.1:8004"}
    assert routes_of(config)["notehouse"] == "http://127.0.0.1:8003"
    assert routes_of(config)["dashboards"] == "http://127.0.0.1:8005"
    assert "subdomain_host" not in config.JupyterHub
    assert "proxy_check_interval" not in config.JupyterHub
    assert config.JupyterHub.spawner_class.__name__ == "UnixUserSpawner"


def test_addresses_come_from_settings() -> None:
    config = configured(
        bind="0.0.0.0",
        hub_api_url="http://hub:8002/hub/api",
        api_url="http://api:8003/services/notehouse/api/v1",
        query_url="http://query:8004",
        dashboards_url="http://dashboards:8005",
        proxy_api_url="http://proxy-api:8001",
    )
    assert config.JupyterHub.hub_bind_url == "http://0.0.0.0:8002"
    assert config.JupyterHub.hub_connect_url == "http://hub:8002"
    assert config.ConfigurableHTTPProxy.api_url == "http://proxy-api:8001"
    assert dict(config.Proxy.extra_routes) == {"/services/notehouse/clickhouse/": "http://query:8004"}
    assert routes_of(config)["notehouse"] == "http://api:8003"
    assert routes_of(config)["dashboards"] == "http://dashboards:8005"


def test_subdomains_are_for_people_and_our_services_stay_with_the_hub() -> None:
    config = configured(subdomains=True, public_url="https://house.example.org")
    assert config.JupyterHub.subdomain_host == "https://house.example.org"
    assert config.JupyterHub.cookie_host_prefix_enabled is True
    assert list(config.Proxy.extra_routes) == ["house.example.org/services/notehouse/clickhouse/"]
    hook = config.JupyterHub.subdomain_hook
    assert hook("ann", "house.example.org", "user") == "ann.house.example.org"
    assert hook("dashboards", "house.example.org", "service") == "house.example.org"
    assert {one.get("oauth_redirect_uri") for one in config.JupyterHub.services} == {
        None,
        "/services/notehouse/oauth_callback",
        "/services/dashboards/oauth_callback",
    }


def test_subdomains_need_an_address_that_people_use() -> None:
    with pytest.raises(Invalid, match="NOTEHOUSE_PUBLIC_URL"):
        configured(subdomains=True)


def request(seen: str, *forwarded: str, trusted: str = "") -> Any:
    headers = HTTPHeaders()
    for value in forwarded:
        headers.add("X-Forwarded-For", value)
    return SimpleNamespace(
        request=SimpleNamespace(remote_ip=seen, headers=headers), settings={TRUSTED: networks(trusted)}
    )


@pytest.mark.parametrize(
    ("seen", "forwarded", "trusted", "found"),
    [
        ("10.0.0.5", ("203.0.113.9, 10.0.0.5",), "", "10.0.0.5"),  # nobody is trusted: our proxy's word alone
        ("10.0.0.5", ("203.0.113.9, 10.0.0.5",), "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.5", ("198.51.100.7, 203.0.113.9, 10.0.0.5",), "10.0.0.0/8", "203.0.113.9"),  # made up before
        ("10.0.0.5", ("203.0.113.9", "10.0.0.5"), "10.0.0.0/8", "203.0.113.9"),
        ("203.0.113.9", ("203.0.113.9",), "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.5", ("10.0.0.5",), "10.0.0.0/8", "10.0.0.5"),
        ("10.0.0.5", (), "10.0.0.0/8", "10.0.0.5"),
        ("fd00::5", ("2001:db8::9, fd00::5",), "fd00::/8, 10.0.0.0/8", "2001:db8::9"),
        ("10.0.0.5", ("nonsense, 10.0.0.5",), "10.0.0.0/8", "nonsense"),
    ],
)
def test_a_client_is_the_last_stranger(
    seen: str, forwarded: tuple[str, ...], trusted: str, found: str
) -> None:
    assert address_of(request(seen, *forwarded, trusted=trusted)) == found


def test_a_network_that_is_none_is_named_at_the_start() -> None:
    with pytest.raises(Invalid, match=r"10\.0\.0\.5/8"):
        configured(trusted_proxies="10.0.0.5/8")
