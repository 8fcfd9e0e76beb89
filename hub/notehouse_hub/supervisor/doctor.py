"""Is this machine ready for Notehouse, and if not, what is to be done?"""

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from notehouse_core.errors import NotehouseError
from notehouse_core.settings import API_PREFIX, DASHBOARDS_PREFIX, Settings
from notehouse_hub.embedded import accounts, clickhouse_engine, node_packages, postgres
from notehouse_hub.embedded.errors import EngineError
from notehouse_hub.printer.chromium import program
from notehouse_hub.supervisor import environment, folders, lock, own_engines, ports
from notehouse_hub.supervisor.errors import SupervisorError


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    fine: bool
    text: str

    def __str__(self) -> str:
        """Return the line for the person who asked."""
        return f"{'ok ' if self.fine else 'NO '} {self.name:<14} {self.text}"


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a start depends on; nothing is started and nothing fetched."""
    return [_look(name, question, settings) for name, question in _QUESTIONS.items()]


def _look(name: str, question: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, question(settings))
    except (SupervisorError, EngineError, OSError) as error:
        return Finding(name, False, str(error))


def _data_folder(settings: Settings) -> str:
    folders.check(settings.data)
    return f"{settings.data} can be written"


def _runs(settings: Settings) -> bool:
    try:
        with lock.only_one(settings.data):
            return False
    except SupervisorError:
        return True


def _running(settings: Settings) -> str:
    if not _runs(settings):
        return "nothing runs in the data folder"
    layout = ports.Ports.from_base(settings.port)
    health = _health_of(layout, rights=bool(settings.clickhouse_url))
    away = [name for name, address in health.items() if not _answers(address)]
    if away:
        raise SupervisorError(f"{', '.join(away)} do not answer. Why is in {settings.data}/logs/")
    return "Notehouse runs, and every process answers"


def _health_of(layout: ports.Ports, *, rights: bool) -> dict[str, str]:
    paths = {
        "hub": f"{layout.hub}/hub/health",
        "api": f"{layout.api}{API_PREFIX}/health/ready",
        "query gateway": f"{layout.query_gateway}/health/ready",
        "dashboards": f"{layout.dashboards}{DASHBOARDS_PREFIX}/health/ready",
        "worker": f"{layout.worker}/health/ready",
        "printer": f"{layout.printer}/health/ready",
        **({"rights": f"{layout.rights}/health/ready"} if rights else {}),
    }
    return {name: f"http://127.0.0.1:{path}" for name, path in paths.items()}


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _secrets(settings: Settings) -> str:
    folder = settings.data / "secrets"
    if not folder.exists():
        return "are made at the first start"
    open_ones = [one.name for one in (folder, *folder.iterdir()) if one.stat().st_mode & 0o077]
    if open_ones:
        raise SupervisorError(
            f"others can read {', '.join(open_ones)} in {folder}. Run: chmod -R go= {folder}"
        )
    return f"{folder} is closed to everyone else"


def _python(settings: Settings) -> str:
    return f"{platform.python_version()} at {sys.executable}"


def _mail(settings: Settings) -> str:
    if settings.smtp_host:
        return f"is sent by {settings.smtp_host}:{settings.smtp_port}"
    return f"is kept as files in {settings.mail_folder}; NOTEHOUSE_SMTP_HOST sends it"


def _printing(settings: Settings) -> str:
    try:
        return program()
    except NotehouseError as error:
        return f"without PDF. {error.message}"


def _ports(settings: Settings) -> str:
    layout = ports.Ports.from_base(settings.port)
    if _runs(settings):
        return f"{layout.public} to {layout.rights} are Notehouse's own"
    ports.check_free(layout, settings.host, clickhouse=not settings.clickhouse_url)
    return f"{layout.public} to {layout.rights} are free"


def _isolation(settings: Settings) -> str:
    if os.geteuid() != 0 or not settings.isolate:
        return "one Unix user runs everything: people who run code are not isolated from each other"
    accounts.named_account()
    if environment.runs_from_shared_install():
        return "a Unix user for each part and person"
    return f"a Unix user for each part and person, with {environment.system_interpreter()}"


def _origins(settings: Settings) -> str:
    return (
        "people's servers share the portal's origin on one machine: open nobody's server as an admin. "
        "The Helm chart gives each a subdomain of its own"
    )


def _postgres(settings: Settings) -> str:
    if not settings.database_url:
        return str(postgres.binaries())
    versions = {
        name: own_engines.postgres_version(name, getattr(settings, name))
        for name in ("database_url", "database_owner_url", "hub_database_url")
    }
    return f"your own, Postgres {versions['database_url']}"


def _clickhouse(settings: Settings) -> str:
    if settings.clickhouse_url:
        return (
            f"your own, ClickHouse {own_engines.clickhouse_version(settings)}; {own_engines.rights(settings)}"
        )
    name = clickhouse_engine.package_name()
    there = (clickhouse_engine.engines_folder(settings.data) / clickhouse_engine.VERSION).exists()
    return f"{name} {clickhouse_engine.VERSION} ({'fetched' if there else 'is fetched at the first start'})"


def _node(settings: Settings) -> str:
    return str(node_packages.node())


_QUESTIONS: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "data folder": _data_folder,
    "secrets": _secrets,
    "running": _running,
    "ports": _ports,
    "isolation": _isolation,
    "origins": _origins,
    "postgres": _postgres,
    "clickhouse": _clickhouse,
    "node": _node,
    "mail": _mail,
    "printing": _printing,
}
