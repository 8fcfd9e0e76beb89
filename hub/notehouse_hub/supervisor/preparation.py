"""What must be there before the first process starts: checks first, then what has to be fetched and made."""

from pathlib import Path

from notehouse_core.settings import Settings
from notehouse_hub.embedded import clickhouse_engine, node_packages
from notehouse_hub.supervisor import environment, folders, ports, users
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.errors import StartRefusedError
from notehouse_hub.supervisor.platform import PROXY_LOCK, Platform
from notehouse_hub.supervisor.ports import Ports
from notehouse_hub.supervisor.secrets import Vault
from notehouse_hub.supervisor.users import Users

PLACES = 20  # to look for free ports in, when none were asked for
APART = 20
_ONE_USER = (
    "Everything runs as {who}: people who run code here are not isolated from each other or from the "
    "platform's secrets. As root, and with NOTEHOUSE_ISOLATE, each has a Unix user of its own."
)


def prepare(settings: Settings, console: Console) -> Platform:
    """Check the machine and fetch what is missing. The caller holds the data folder's lock."""
    who = users.choose(settings.uid_base, settings.isolate)
    _say_isolation(who, console)
    settings = _with_free_ports(settings, console)
    layout = Ports.from_base(settings.port)
    places = folders.make(settings.data, who)
    vault = Vault(places.data / "secrets").open()
    platform = Platform(settings, places, who, layout, vault, _interpreter(places.data, who, console))
    _write_keys(platform)
    _fetch(platform, console)
    return platform


def _with_free_ports(settings: Settings, console: Console) -> Settings:
    """Return settings whose ports are free: those asked for or none, else the first that are.

    Raises StartRefusedError when ports that were asked for are in use.
    """
    clickhouse = not settings.clickhouse_url
    for base in range(settings.port, settings.port + PLACES * APART, APART):
        try:
            ports.check_free(Ports.from_base(base), settings.host, clickhouse=clickhouse)
        except StartRefusedError:
            if "port" in settings.model_fields_set:
                raise
            continue
        if base != settings.port:
            console.warn(f"Ports from {settings.port} on are in use: Notehouse is on {base} this time")
        return settings.model_copy(update={"port": base})
    ports.check_free(Ports.from_base(settings.port), settings.host, clickhouse=clickhouse)
    return settings


def _say_isolation(who: Users, console: Console) -> None:
    if not who.isolated:
        console.warn(
            _ONE_USER.format(who=f"the Unix user {who.uid('web')}" if who.root else "this Unix user")
        )


def _interpreter(data: Path, who: Users, console: Console) -> Path:
    if not who.root:
        return environment.own_interpreter()
    for doing in environment.shared_python(data):
        console.say(f"  environment      {doing}")
    return environment.python_of(data)


def _write_keys(platform: Platform) -> None:
    """Put the signing key and those of secrets where the API can read them, and the public half where everyone can."""
    keys, web = platform.folders.data / "keys", platform.users.uid("web")
    platform.vault.write_token_keys(keys, web)
    if not platform.settings.secret_keys_file:
        platform.vault.write_source_keys(platform.source_keys, web)


def _fetch(platform: Platform, console: Console) -> None:
    if platform.has_clickhouse:
        arriving = clickhouse_engine.fetch(platform.engines)
        console.follow_bytes("ClickHouse engine", arriving, clickhouse_engine.DOWNLOAD_BYTES)
    for _ in node_packages.install(PROXY_LOCK, platform.proxy_folder):
        continue
