"""Is this machine ready for Notehouse, and if not, what is to be done?"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from notehouse_core.settings import Settings
from notehouse_hub.embedded import accounts, clickhouse_engine, node_packages, postgres
from notehouse_hub.embedded.errors import EngineError
from notehouse_hub.supervisor import environment, folders, lock, ports
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


def _running(settings: Settings) -> str:
    with lock.only_one(settings.data):
        return "no other Notehouse uses the data folder"


def _ports(settings: Settings) -> str:
    layout = ports.Ports.from_base(settings.port)
    ports.check_free(layout, settings.host, clickhouse=not settings.clickhouse_url)
    return f"{layout.public} to {layout.clickhouse} are free"


def _isolation(settings: Settings) -> str:
    if os.geteuid() != 0 or not settings.isolate:
        return "one Unix user runs everything: people who run code are not isolated from each other"
    accounts.named_account()
    if environment.runs_from_shared_install():
        return "a Unix user for each part and person"
    return f"a Unix user for each part and person, with {environment.system_interpreter()}"


def _origins(settings: Settings) -> str:
    return (
        "people's servers share the portal's origin on one machine: open nobody's server as an admin "
        "(the Helm chart gives each a subdomain)"
    )


def _postgres(settings: Settings) -> str:
    return "your own, by NOTEHOUSE_DATABASE_URL" if settings.database_url else str(postgres.binaries())


def _clickhouse(settings: Settings) -> str:
    if settings.clickhouse_url:
        return "your own, by NOTEHOUSE_CLICKHOUSE_URL"
    name = clickhouse_engine.package_name()
    there = (clickhouse_engine.engines_folder(settings.data) / clickhouse_engine.VERSION).exists()
    return f"{name} {clickhouse_engine.VERSION} ({'fetched' if there else 'is fetched at the first start'})"


def _node(settings: Settings) -> str:
    return str(node_packages.node())


_QUESTIONS: dict[str, Callable[[Settings], str]] = {
    "data folder": _data_folder,
    "running": _running,
    "ports": _ports,
    "isolation": _isolation,
    "origins": _origins,
    "postgres": _postgres,
    "clickhouse": _clickhouse,
    "node": _node,
}
