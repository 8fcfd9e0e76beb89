"""Is this machine ready for Notehouse, and if not, what is to be done?"""

import os
import platform
import shutil
import smtplib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from notehouse_core.errors import NotehouseError
from notehouse_core.settings import Settings
from notehouse_hub.embedded import accounts, clickhouse_engine, node_packages, postgres
from notehouse_hub.embedded.errors import EngineError
from notehouse_hub.printer.chromium import program
from notehouse_hub.supervisor import environment, folders, lock, own_engines, ports, running_checks, status
from notehouse_hub.supervisor.errors import SupervisorError, Wrong

LEAST_FREE = 2_000_000_000  # bytes; a start asks for half of it
_PATIENCE = 5.0  # seconds


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `todo` is what to do about it, where that is not said already."""

    name: str
    fine: bool
    text: str
    todo: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a start depends on, and at what runs; nothing is started and nothing fetched."""
    found = [_look(name, question, settings) for name, question in _QUESTIONS.items()]
    running = status.StatusFile(settings.data).read()
    if running is None:
        return found
    for name, said in running_checks.processes(settings, running):
        wrong = isinstance(said, Wrong)
        found.append(Finding(name, not wrong, str(said), said.todo if isinstance(said, Wrong) else ""))
    return found + [_look(name, question, settings) for name, question in _OF_RUNNING.items()]


def in_words(findings: list[Finding]) -> str:
    """Return the findings for the person who asked, a line each, and what to do below those that are not fine."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for one in findings:
        lines.append(f"{'ok' if one.fine else 'NO'}  {one.name:<{width}}  {one.text}")
        if one.todo:
            lines.append(f"{'':<{width + 6}}{one.todo}")
    return "\n".join(lines)


def _look(name: str, question: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, question(settings))
    except PermissionError as error:
        todo = "Ask as the Unix user who runs Notehouse"
        return Finding(name, False, f"{error.filename} may not be read by this user", todo)
    except (SupervisorError, EngineError, OSError) as error:
        return Finding(name, False, str(error), error.todo if isinstance(error, Wrong) else "")


def _data_folder(settings: Settings) -> str:
    folders.check(settings.data)
    return f"{settings.data} can be written"


def _runs(settings: Settings) -> bool:
    return lock.is_held(settings.data)


def _running(settings: Settings) -> str:
    running = status.StatusFile(settings.data).read()
    if running is None:
        if _runs(settings):
            raise Wrong(
                "something holds the data folder, but tells nothing of itself", "Wait a moment, ask again"
            )
        return "nothing runs in the data folder"
    away = [name for name, said in running_checks.processes(settings, running) if isinstance(said, Wrong)]
    if away:
        raise Wrong(f"Notehouse runs at {running.url}, but not well: {', '.join(away)}", "See below")
    return f"Notehouse runs at {running.url}, and every process answers"


def _disk(settings: Settings) -> str:
    places = {"data": settings.data}
    if settings.artifacts and "://" not in settings.artifacts:
        places["artifacts"] = settings.artifact_folder
    said = []
    for name, place in places.items():
        free = shutil.disk_usage(next(one for one in (place, *place.parents) if one.exists())).free
        said.append(f"{free / 1e9:,.1f} GB free for {name}")
        if free < LEAST_FREE:
            raise Wrong(
                f"the disk of {place} is nearly full: {free / 1e9:,.1f} GB are free",
                "Free some space; what may go first are old files in logs/ and mail/ of the data folder",
            )
    return ", ".join(said)


def _time_zones(settings: Settings) -> str:
    try:
        ZoneInfo("America/New_York")
    except ZoneInfoNotFoundError as error:
        raise Wrong(
            "schedules know no time zones on this machine", "Install tzdata: apt install tzdata"
        ) from error
    return f"{len(available_timezones())} known"


def _secrets(settings: Settings) -> str:
    folder, keys = settings.data / "secrets", settings.data / "keys" / "signing-key.pem"
    if not folder.exists():
        return "are made at the first start"
    private = [folder, *folder.iterdir(), *(one for one in (keys,) if one.exists())]
    open_ones = [str(one.relative_to(settings.data)) for one in private if one.stat().st_mode & 0o077]
    if open_ones:
        places = " ".join(str(settings.data / one) for one in open_ones)
        raise Wrong(
            f"others can read {', '.join(open_ones)} in {settings.data}",
            f"Close them: chmod go= {places}; if others use this machine, make them anew: notehouse rotate-keys",
        )
    if empty := [one.name for one in private if one.is_file() and not one.stat().st_size]:
        raise Wrong(
            f"{', '.join(empty)} in {folder} is empty",
            "Restore it from a backup, or delete it and start again",
        )
    return f"{folder} is closed to everyone else"


def _python(settings: Settings) -> str:
    return f"{platform.python_version()} at {sys.executable}"


def _mail(settings: Settings) -> str:
    if not settings.smtp_host:
        return f"is kept as files in {settings.mail_folder}; NOTEHOUSE_SMTP_HOST sends it"
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    kind = smtplib.SMTP_SSL if settings.smtp_security == "tls" else smtplib.SMTP
    todo = "Look at NOTEHOUSE_SMTP_HOST, _PORT and _SECURITY (starttls, tls or none)"
    try:
        with kind(settings.smtp_host, settings.smtp_port, timeout=_PATIENCE) as server:
            server.ehlo()
            if settings.smtp_security == "starttls" and not server.has_extn("starttls"):
                raise Wrong(f"the mail server {where} offers no encryption (STARTTLS)", todo)
    except (OSError, smtplib.SMTPException) as error:
        raise Wrong(f"the mail server {where} does not answer: {error}", todo) from error
    return f"is sent by {where}, which answers"


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
    "disk": _disk,
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
    "time zones": _time_zones,
}
# What can be asked of a platform that runs.
_OF_RUNNING: dict[str, Callable[[Settings], str]] = {
    "schema": running_checks.schema,
    "classes": running_checks.classes,
    "audit": running_checks.audit,
}
