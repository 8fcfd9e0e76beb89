"""Settings of every process, read from `NOTEHOUSE_*`; the embedded default holds where a URL is not given."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from notehouse_core.pods import Pods

API_PREFIX = "/services/notehouse"
DASHBOARDS_PREFIX = "/services/dashboards"


def _default_data() -> Path:
    """`/var/lib/notehouse` as root, since per-user processes must reach their homes; else the user's share folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/notehouse")
    return Path.home() / ".local" / "share" / "notehouse"


class Settings(BaseSettings):
    """One process's settings. A secret is set only in the process that needs it."""

    model_config = SettingsConfigDict(env_prefix="NOTEHOUSE_", extra="ignore")

    # The house
    data: Path = Field(default_factory=_default_data)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65000, description="public port; the ten after it are internal")
    public_url: str = ""
    bind: str = Field(default="127.0.0.1", description="where our own processes listen, beside the proxy")
    demo: bool = True
    demo_password: SecretStr | None = None
    artifacts: str = Field(default="", description="a folder, or s3://bucket/prefix")
    s3_endpoint: str = Field(default="", description="address of an S3 that is not Amazon's")
    s3_key_id: str = ""
    s3_secret: SecretStr | None = None

    # Unix users: a uid for each process and person when root
    isolate: bool = Field(default_factory=lambda: os.geteuid() == 0)
    uid_base: int = 200_000
    code_python: Path = Field(default_factory=lambda: Path(sys.executable))

    # Engines
    database_url: SecretStr | None = None
    database_owner_url: SecretStr | None = None
    hub_database_url: SecretStr | None = None
    clickhouse_url: str = ""
    printer_url: str = Field(default="", description="the printer's address, where it is not beside us")
    printer_key: SecretStr | None = Field(default=None, description="what the printer's callers must show")
    clickhouse_key: SecretStr | None = Field(
        default=None, description="value of X-Notehouse-Key, where ClickHouse asks for it"
    )
    clickhouse_user: str = "default"
    clickhouse_password: SecretStr = SecretStr("")
    clickhouse_users_file: Path | None = Field(
        default=None,
        description="a file in the users.d of a ClickHouse given by URL: rights go there, not by SQL",
    )
    metadata_demo_url: SecretStr | None = Field(default=None, description="the demo's Postgres, as its owner")
    metadata_demo_reader_url: SecretStr | None = Field(
        default=None, description="the same, as ClickHouse reads it"
    )
    kafka_brokers: str = Field(default="", description="host:port of the demo's stream, several with commas")
    class_secret: SecretStr | None = Field(default=None, description="derives each class's database password")

    # Tokens
    signing_key_file: Path | None = None
    verify_keys_file: Path | None = None
    interactive_token_seconds: int = Field(
        default=3600,
        ge=15,
        le=3600,
        description="how long a token of a person's kernels lives until it is renewed",
    )
    frame_key: SecretStr | None = None
    session_key: SecretStr | None = Field(default=None, description="seals the portal's session cookies")

    # Who is where
    hub_api_url: str = ""
    hub_token: SecretStr | None = None
    api_url: str = ""
    query_url: str = ""
    dashboards_url: str = Field(default="", description="the dashboard server as the proxy reaches it")
    proxy_api_url: str = Field(default="", description="the proxy's own API as the Hub reaches it")
    trusted_proxies: str = Field(
        default="",
        description="networks (CIDR, by commas) of proxies before ours, believed on who a client is",
    )

    # Where people's servers run
    spawner: Literal["local", "kubernetes"] = "local"
    pods: Pods = Field(default_factory=Pods, description="what pods look like, under Kubernetes; JSON")
    subdomains: bool = Field(
        default=False, description="a subdomain of public_url for each person's server; needs wildcard DNS"
    )

    # Local accounts
    account_key: SecretStr | None = Field(default=None, description="seals second factors")
    breached_passwords: Path | None = Field(
        default=None, description="sorted file of SHA-1 digests of leaked passwords, none of which is taken"
    )

    # Login through an OpenID provider, beside local accounts
    oidc_issuer: str = Field(default="", description="the provider's address; empty: local accounts alone")
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_name: str = Field(default="OpenID", description="what the button on the login page calls it")
    oidc_groups_claim: str = "groups"
    oidc_pattern: str = Field(
        default=r"(?P<tenant>[a-z0-9][a-z0-9-]*)/(?P<role>[a-z][a-z0-9_-]*)",
        description="what a whole group must look like to give a role",
    )
    oidc_scopes: str = "openid profile email groups"
    auth_refresh_seconds: int = Field(default=60, ge=1, description="how old a login's rights may be")

    # Data sources outside of the house
    secret_keys_file: Path | None = Field(
        default=None, description="keys that seal the secrets of data sources"
    )
    source_hosts: str = Field(
        default="", description="private host, host:port or network allowed for data sources, by commas"
    )

    # Messages: without a mail server they are kept as files
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    mail_from: str = "Notehouse <notehouse@localhost>"
    webhook_key: SecretStr | None = Field(default=None, description="signs webhooks, a key a tenant from it")
    webhook_hosts: str = Field(default="", description="private host:port allowed for webhooks, by commas")

    # Limits
    requests_a_minute: int = Field(
        default=1200, ge=1, description="of one person to the API; a role can lower it"
    )
    tenant_requests_a_minute: int = Field(
        default=12_000, ge=1, description="of one tenant's people to the API"
    )
    cull_idle_seconds: int = Field(
        default=14_400, ge=0, description="end a person's server that nobody used for so long; 0: never"
    )
    cull_kernel_seconds: int = Field(
        default=7_200, ge=0, description="end a kernel there that is idle and closed for so long; 0: never"
    )
    cull_gateway_seconds: int = Field(
        default=1_800, ge=0, description="end a kernel gateway that nobody used for so long; 0: never"
    )
    kernels_per_gateway: int = 20
    live_kernels_per_user: int = 4
    concurrent_runs: int = 2
    notebook_bytes: int = 10_000_000
    cell_timeout_seconds: int = 600
    page_template: Path | None = Field(
        default=None,
        description="folder of a template for dashboards' pages that is derived from `notehouse`",
    )
    usage_days: int = Field(default=400, ge=1, description="how long usage analytics are kept")
    log_level: str = "INFO"

    @cached_property
    def base_url(self) -> str:
        """What people type into the browser, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def proxy_api_port(self) -> int:
        """Port of the proxy's own API."""
        return self.port + 1

    @property
    def hub_port(self) -> int:
        """Port of the Hub."""
        return self.port + 2

    @property
    def api_port(self) -> int:
        """Port of the API service and portal."""
        return self.port + 3

    @property
    def query_port(self) -> int:
        """Port of the query gateway."""
        return self.port + 4

    @property
    def dashboards_port(self) -> int:
        """Port of the dashboard server."""
        return self.port + 5

    @property
    def clickhouse_port(self) -> int:
        """Port of the embedded ClickHouse, loopback."""
        return self.port + 6

    @property
    def worker_port(self) -> int:
        """Port of the worker's health and metrics."""
        return self.port + 7

    @property
    def printer_port(self) -> int:
        """Port of the printer."""
        return self.port + 9

    @property
    def rights_port(self) -> int:
        """Port of the health and metrics of the process that writes rights to a ClickHouse given by URL."""
        return self.port + 10

    @property
    def printer(self) -> str:
        """The printer as seen by the API and the worker."""
        return self.printer_url or f"http://127.0.0.1:{self.printer_port}"

    @property
    def hub_api(self) -> str:
        """The Hub's REST API as seen by our own processes."""
        return self.hub_api_url or f"http://127.0.0.1:{self.hub_port}/hub/api"

    @property
    def hub(self) -> str:
        """The Hub as seen by our own processes, people's servers and the proxy."""
        return self.hub_api.removesuffix("/hub/api")

    @property
    def proxy_api(self) -> str:
        """The proxy's own API as seen by the Hub."""
        return self.proxy_api_url or f"http://127.0.0.1:{self.proxy_api_port}"

    @property
    def api(self) -> str:
        """Our REST API as seen by our own processes."""
        return self.api_url or f"http://127.0.0.1:{self.api_port}{API_PREFIX}/api/v1"

    @property
    def api_origin(self) -> str:
        """The API service as seen by the proxy: its address without a path."""
        return self.api.removesuffix(f"{API_PREFIX}/api/v1")

    @property
    def dashboards(self) -> str:
        """The dashboard server as seen by the proxy."""
        return self.dashboards_url or f"http://127.0.0.1:{self.dashboards_port}"

    @property
    def query(self) -> str:
        """The query gateway as seen by kernels."""
        return self.query_url or f"http://127.0.0.1:{self.query_port}"

    @property
    def clickhouse(self) -> str:
        """The ClickHouse that data lives in."""
        return self.clickhouse_url or f"http://127.0.0.1:{self.clickhouse_port}"

    def clickhouse_headers(self) -> dict[str, str]:
        """Headers of a request to ClickHouse as its administrator; secret."""
        headers = {
            "X-ClickHouse-User": self.clickhouse_user,
            "X-ClickHouse-Key": self.clickhouse_password.get_secret_value(),
        }
        if self.clickhouse_key is not None:
            headers["X-Notehouse-Key"] = self.clickhouse_key.get_secret_value()
        return headers

    @property
    def mail_folder(self) -> Path:
        """Where mails are kept as files while there is no mail server."""
        return self.data / "mail"

    @property
    def artifact_folder(self) -> Path:
        """Where notebooks, snapshots and run outputs are kept."""
        return Path(self.artifacts) if self.artifacts else self.data / "artifacts"


def load_settings() -> Settings:
    """The settings of this process, from its environment.

    Raises pydantic.ValidationError naming the variable that does not make sense.
    """
    return Settings()


def required(secret: SecretStr | None, name: str) -> str:
    """The value of a secret this process cannot do without.

    Raises Invalid naming the variable that is not set.
    """
    if secret is None or not secret.get_secret_value():
        from notehouse_core.errors import Invalid

        raise Invalid(f"NOTEHOUSE_{name.upper()} is not set. This process cannot start without it.")
    return secret.get_secret_value()
