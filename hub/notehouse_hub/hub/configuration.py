"""How JupyterHub is set up: everything in one call, from our settings."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.log import log_request
from jupyterhub.utils import subdomain_hook_idna

from notehouse_core.errors import Invalid
from notehouse_core.logs import jupyter_logging, with_request_id
from notehouse_core.settings import API_PREFIX, Settings, required
from notehouse_hub.hub import login_sessions
from notehouse_hub.hub.authenticator import LocalAccounts
from notehouse_hub.hub.invitation import InvitationHandler
from notehouse_hub.hub.landing import landing_page
from notehouse_hub.hub.openid import OpenIdAccounts
from notehouse_hub.hub.roles import load_roles
from notehouse_hub.hub.servers import activity_seconds
from notehouse_hub.hub.spawner import UnixUserSpawner
from notehouse_hub.login.addresses import TRUSTED, networks
from notehouse_hub.login.password_rules import PasswordRules

TEMPLATES = Path(__file__).parent / "templates"
START_SECONDS = 120
PROXY_CHECK_SECONDS = 30
COOKIE_DAYS = 7
LONGEST_TOKEN = 90 * 86400


@dataclass(frozen=True)
class HubSecrets:
    """What only the Hub's process knows."""

    service_tokens: Mapping[str, str] = field(repr=False)
    proxy_token: str = field(repr=False)
    cookie_secret: bytes = field(repr=False)
    account_key: str = field(repr=False)
    auth_state_key: bytes = field(default=b"", repr=False)


def take_secrets(environment: dict[str, str] | os._Environ[str]) -> HubSecrets:
    """Read the Hub's secrets, removing them from the environment; raises Invalid that names what is wrong."""
    found = {name: environment.pop(f"NOTEHOUSE_{name}", "") for name in _SECRETS}
    if missing := [f"NOTEHOUSE_{name}" for name, value in found.items() if not value]:
        raise Invalid(f"The Hub cannot start: {', '.join(missing)} must be set. `notehouse up` sets them.")
    cookie_secret = bytes.fromhex(found["COOKIE_SECRET"])
    if len(cookie_secret) < 32:
        raise Invalid("The Hub cannot start: NOTEHOUSE_COOKIE_SECRET must be 32 bytes or more, as hex.")
    auth_state_key = bytes.fromhex(environment.pop("NOTEHOUSE_AUTH_STATE_KEY", ""))
    environment.pop(
        "NOTEHOUSE_OIDC_CLIENT_SECRET", None
    )  # in the settings already, and in no child's environment
    tokens = json.loads(found["SERVICE_TOKENS"])
    return HubSecrets(tokens, found["PROXY_TOKEN"], cookie_secret, found["ACCOUNT_KEY"], auth_state_key)


_SECRETS = ("SERVICE_TOKENS", "PROXY_TOKEN", "COOKIE_SECRET", "ACCOUNT_KEY")


def configure(c: Any, settings: Settings, secrets: HubSecrets | None = None) -> None:
    """Fill the Hub's configuration; `secrets` are taken from the environment unless given."""
    os.umask(0o077)
    secrets = secrets or take_secrets(os.environ)
    _addresses(c, settings)
    _storage(c, settings, secrets)
    _proxy(c, settings, secrets)
    _people(c, settings, secrets)
    _servers(c, settings)
    _services(c, settings, secrets)
    _pages(c, settings)


def _addresses(c: Any, settings: Settings) -> None:
    c.JupyterHub.bind_url = f"http://{settings.host}:{settings.port}/"
    c.JupyterHub.hub_bind_url = f"http://{settings.bind}:{settings.hub_port}"
    c.JupyterHub.hub_connect_url = settings.hub
    if settings.public_url:
        c.JupyterHub.public_url = settings.public_url
    if settings.subdomains:
        _subdomains(c, settings)
    # Only what our own proxy appended last to X-Forwarded-For is believed.
    c.JupyterHub.trusted_downstream_ips = []


def _subdomains(c: Any, settings: Settings) -> None:
    """Give each person's server an origin of its own, so that its pages have no power over the portal's."""
    if not settings.public_url:
        raise Invalid(
            "NOTEHOUSE_SUBDOMAINS needs NOTEHOUSE_PUBLIC_URL, and a DNS entry for *.<its host> beside it."
        )
    c.JupyterHub.subdomain_host = settings.base_url
    c.JupyterHub.subdomain_hook = subdomain_of
    c.JupyterHub.cookie_host_prefix_enabled = settings.base_url.startswith("https:")


def subdomain_of(name: str, domain: str, kind: str) -> str:
    """Return whose domain is what: services are ours and share the Hub's, people's servers do not."""
    return domain if kind == "service" else str(subdomain_hook_idna(name, domain, kind))


def _storage(c: Any, settings: Settings, secrets: HubSecrets) -> None:
    c.JupyterHub.db_url = required(settings.hub_database_url, "hub_database_url")
    c.JupyterHub.upgrade_db = True
    c.JupyterHub.cookie_secret = secrets.cookie_secret
    c.JupyterHub.cookie_max_age_days = COOKIE_DAYS
    c.JupyterHub.token_expires_in_max_seconds = LONGEST_TOKEN
    c.JupyterHub.tornado_settings = _tornado_settings(settings)


def _tornado_settings(settings: Settings) -> dict[str, Any]:
    url = required(settings.database_url, "database_url")
    return {
        **login_sessions.tornado_settings(url, timedelta(days=COOKIE_DAYS)),
        "cookie_options": {"SameSite": "Lax"},
        "headers": {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"},
        # Answer 202 at once instead of holding requests; JupyterHub 6.1.1 also answers 500 when a server dies
        # while a request for it is held.
        "slow_spawn_timeout": 0,
        "log_function": with_request_id(log_request),
        TRUSTED: networks(settings.trusted_proxies),
    }


def _proxy(c: Any, settings: Settings, secrets: HubSecrets) -> None:
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = settings.proxy_api
    c.ConfigurableHTTPProxy.auth_token = secrets.proxy_token
    host = (urlsplit(settings.base_url).hostname or "") if settings.subdomains else ""
    c.Proxy.extra_routes = {f"{host}{API_PREFIX}/clickhouse/": settings.query}
    # Whoever ends the Hub ends only the Hub: servers, kernels and routes go on, and are found again.
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False


def _people(c: Any, settings: Settings, secrets: HubSecrets) -> None:
    c.JupyterHub.authenticator_class = OpenIdAccounts if settings.oidc_issuer else LocalAccounts
    c.LocalAccounts.allow_all = True  # the default too; the Hub warns unless it is written here
    c.LocalAccounts.database_url = required(settings.database_url, "database_url")
    c.LocalAccounts.account_key = secrets.account_key
    if settings.oidc_issuer:
        _openid(c, settings, secrets)
    c.Authenticator.auth_refresh_age = settings.auth_refresh_seconds
    c.Authenticator.auth_refresh_strict = True
    c.Authenticator.refresh_pre_spawn = True
    c.JupyterHub.load_roles = [role for role in load_roles() if _is_known(role, secrets)]
    c.JupyterHub.shutdown_on_logout = False
    c.JupyterHub.default_url = landing_page
    login_sessions.guard_pages()
    rules = PasswordRules(settings.breached_passwords)
    accounts = {"database_url": c.LocalAccounts.database_url, "rules": rules}
    c.JupyterHub.extra_handlers = [(r"/invitation", InvitationHandler, accounts)]


def _openid(c: Any, settings: Settings, secrets: HubSecrets) -> None:
    c.OpenIdAccounts.database_url = c.LocalAccounts.database_url
    c.OpenIdAccounts.account_key = secrets.account_key
    c.OpenIdAccounts.issuer = settings.oidc_issuer
    c.OpenIdAccounts.client_id = settings.oidc_client_id
    c.OpenIdAccounts.client_secret = required(settings.oidc_client_secret, "oidc_client_secret")
    c.OpenIdAccounts.oauth_callback_url = f"{settings.base_url}/hub/oauth_callback"
    c.OpenIdAccounts.login_service = settings.oidc_name
    c.OpenIdAccounts.scope = settings.oidc_scopes.split()
    c.OpenIdAccounts.username_claim = "preferred_username"
    c.OpenIdAccounts.groups_claim = settings.oidc_groups_claim
    c.OpenIdAccounts.groups_pattern = settings.oidc_pattern
    c.OpenIdAccounts.allow_all = True  # who is in no group that counts is refused before this is asked
    c.OpenIdAccounts.manage_groups = True
    # The provider's tokens are kept to ask it again at each refresh, sealed with a key that only the Hub has.
    c.Authenticator.enable_auth_state = True
    c.CryptKeeper.keys = [secrets.auth_state_key]


def _servers(c: Any, settings: Settings) -> None:
    if settings.spawner == "kubernetes":
        _pods(c, settings)
    else:
        c.JupyterHub.spawner_class = UnixUserSpawner
        c.UnixUserSpawner.settings = settings
    c.JupyterHub.allow_named_servers = False
    c.JupyterHub.concurrent_spawn_limit = 20
    c.JupyterHub.activity_resolution = min(30, activity_seconds(settings))
    c.Spawner.start_timeout = START_SECONDS
    c.Spawner.http_timeout = START_SECONDS
    c.Spawner.disable_user_config = True
    c.LocalProcessSpawner.interrupt_timeout = 10
    c.LocalProcessSpawner.term_timeout = 5


def _pods(c: Any, settings: Settings) -> None:
    try:
        from notehouse_hub.hub.pod_spawner import PodSpawner, configure_pods
    except ModuleNotFoundError as error:
        raise Invalid(
            "NOTEHOUSE_SPAWNER=kubernetes needs KubeSpawner. Install it: pip install 'notehouse[kubernetes]'"
        ) from error
    if not settings.pods.image:
        raise Invalid('NOTEHOUSE_PODS must name the image of people\'s servers, as {"image": ...}.')
    c.JupyterHub.spawner_class = PodSpawner
    configure_pods(c, settings)
    # Nobody tells the Hub of a proxy that was started again without its routes.
    c.JupyterHub.proxy_check_interval = PROXY_CHECK_SECONDS


def _services(c: Any, settings: Settings, secrets: HubSecrets) -> None:
    """Services are processes of their own, never children of the Hub."""
    tokens = secrets.service_tokens
    pages = {"notehouse": settings.api_origin, "dashboards": settings.dashboards}
    with_pages = [_page_service(name, url, tokens[name]) for name, url in pages.items()]
    others = [{"name": name, "api_token": token} for name, token in tokens.items() if name not in pages]
    c.JupyterHub.services = [*with_pages, *others]


def _is_known(role: dict[str, Any], secrets: HubSecrets) -> bool:
    """Say whether there is a service to have a role; not every installation runs each."""
    return set(role.get("services", [])) <= secrets.service_tokens.keys()


def _page_service(name: str, url: str, token: str) -> dict[str, Any]:
    # The Hub waits for each service, one after the other, before it makes any route: a second is enough, the
    # route is made all the same.
    return {
        "name": name,
        "url": url,
        "api_token": token,
        "oauth_no_confirm": True,
        # A path, also with subdomains: the Hub's host is the services' host.
        "oauth_redirect_uri": f"/services/{name}/oauth_callback",
        "display": False,
        "timeout": 1,
    }


def _pages(c: Any, settings: Settings) -> None:
    c.JupyterHub.template_paths = [str(TEMPLATES)]
    c.JupyterHub.authenticate_prometheus = True
    c.JupyterHub.log_level = settings.log_level
    c.JupyterHub.logging_config = jupyter_logging()
