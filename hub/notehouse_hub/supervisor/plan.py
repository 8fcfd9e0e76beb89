"""Which processes make up the platform, and what must be known to run each?"""

import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import notehouse_hub
from notehouse_core.logs import jupyter_logging
from notehouse_hub.embedded import clickhouse_engine, clickhouse_server, postgres
from notehouse_hub.embedded.clickhouse_config import KEY_HEADER
from notehouse_hub.supervisor import folders, health, process_environment
from notehouse_hub.supervisor.platform import Platform
from notehouse_hub.supervisor.process import Spec


def postgres_spec(platform: Platform) -> Spec:
    """The embedded Postgres."""
    cluster = platform.cluster
    superuser = cluster.url(postgres.SUPERUSER, platform.postgres_passwords.superuser, "postgres")
    return Spec(
        name="postgres",
        command=cluster.command(),
        environment=process_environment.common(platform, "postgres"),
        folder=_home(platform, "postgres", "postgres"),
        log=platform.folders.log("postgres"),
        uid=cluster.uid,
        ready=health.postgres(superuser),
        alive=health.postgres(superuser),
        stop_signal=postgres.STOP_SIGNAL,
        before_start=lambda: postgres.clear_stale_pid(cluster),
        engine=True,
    )


def clickhouse_spec(platform: Platform, before_start: Callable[[], None]) -> Spec:
    """The embedded ClickHouse; its key comes by standard input."""
    headers = {KEY_HEADER: platform.clickhouse_key}
    return Spec(
        name="clickhouse",
        command=clickhouse_server.command(
            library=clickhouse_engine.library(platform.engines),
            folder=platform.folders.data / "clickhouse",
            users=platform.clickhouse_users,
            port=platform.ports.clickhouse,
            python=str(platform.python),
        ),
        environment=process_environment.common(platform, "clickhouse"),
        folder=_home(platform, "clickhouse", "clickhouse"),
        log=platform.folders.log("clickhouse"),
        uid=platform.users.uid("clickhouse"),
        groups=_postgres_readers(platform),  # the demo's Postgres source
        nice=True,  # large statements are nice to small ones
        said=platform.clickhouse_key,
        ready=health.http(f"{platform.clickhouse_url}/?query=SELECT+1", headers),
        alive=health.answers(f"{platform.clickhouse_url}/ping"),
        before_start=before_start,
        engine=True,
    )


def proxy_spec(platform: Platform, after_restart: Callable[[], Awaitable[None]]) -> Spec:
    """The proxy: the only process that the outside reaches."""
    ports, hub = platform.ports, platform.local(platform.ports.hub)
    program = platform.proxy_folder / "node_modules/configurable-http-proxy/bin/configurable-http-proxy"
    command = [str(platform.node), str(program), "--ip", platform.settings.host, "--port", str(ports.public)]
    command += ["--api-ip", "127.0.0.1", "--api-port", str(ports.proxy_api)]
    command += ["--default-target", hub, "--error-target", f"{hub}/hub/error", "--log-level", "warn"]
    command += ["--metrics-ip", "127.0.0.1", "--metrics-port", str(ports.proxy_metrics)]
    token = platform.vault.text("proxy-token")
    return Spec(
        name="proxy",
        command=command,
        environment=process_environment.proxy(platform),
        folder=_home(platform, "proxy", "web"),
        log=platform.folders.log("proxy"),
        uid=platform.users.uid("web"),
        ready=health.http(
            f"{platform.local(ports.proxy_api)}/api/routes", {"Authorization": f"token {token}"}
        ),
        alive=health.answers(platform.local(ports.proxy_api)),
        after_restart=after_restart,
    )


def hub_spec(platform: Platform) -> Spec:
    """The Hub: stays the user we are, because it starts people's servers as other users."""
    config = Path(notehouse_hub.__file__).parent / "hub" / "jupyterhub_config.py"
    if platform.packages:
        config = platform.packages / "notehouse_hub" / "hub" / "jupyterhub_config.py"
    lines = f"--Application.logging_config={jupyter_logging()}"  # known before the file is read
    return Spec(
        name="hub",
        command=[str(platform.python), "-m", "jupyterhub", "-f", str(config), lines],
        environment=process_environment.hub(platform),
        folder=_home(platform, "hub", "hub"),
        log=platform.folders.log("hub"),
        uid=platform.users.uid("hub"),
        groups=_postgres_readers(platform),
        ready=health.http(f"{platform.local(platform.ports.hub)}/hub/health"),
        alive=health.answers(f"{platform.local(platform.ports.hub)}/hub/health"),
        stop_patience=15,
    )


def api_spec(platform: Platform) -> Spec:
    """REST API and portal."""
    address = f"{platform.local(platform.ports.api)}/services/notehouse/health/ready"
    environment = process_environment.api(platform)
    return _module(platform, "api", "notehouse_hub.service", environment=environment, ready=address)


def query_gateway_spec(platform: Platform) -> Spec:
    """The way of all code to data."""
    address = f"{platform.local(platform.ports.query_gateway)}/health/ready"
    module = "notehouse_hub.service.query_gateway"
    environment = process_environment.query_gateway(platform)
    return _module(platform, "query-gateway", module, environment=environment, ready=address, user="query")


def dashboards_spec(platform: Platform) -> Spec:
    """The dashboard server."""
    address = f"{platform.local(platform.ports.dashboards)}/services/dashboards/health/ready"
    environment = process_environment.dashboards(platform)
    return _module(platform, "dashboards", "notehouse_dashboards", environment=environment, ready=address)


def worker_spec(platform: Platform) -> Spec:
    """The scheduler's worker."""
    address = f"{platform.local(platform.ports.worker)}/health/ready"
    environment = process_environment.worker(platform)
    return _module(platform, "worker", "notehouse_scheduler", environment=environment, ready=address)


def culler_spec(platform: Platform) -> Spec:
    """What ends servers that nobody uses."""
    environment = process_environment.culler(platform)
    return replace(_module(platform, "culler", "notehouse_hub.culler", environment=environment), groups=())


def rights_spec(platform: Platform) -> Spec:
    """What writes rights to a ClickHouse of the operator's own."""
    address = f"{platform.local(platform.ports.rights)}/health/ready"
    environment = process_environment.rights(platform)
    return _module(
        platform, "rights", "notehouse_hub.rights", environment=environment, ready=address, user="query"
    )


def printer_spec(platform: Platform) -> Spec:
    """The printer: a user of its own, in no group, with nothing but its callers' key."""
    address = f"{platform.local(platform.ports.printer)}/health/ready"
    environment = process_environment.printer(platform)
    spec = _module(
        platform, "printer", "notehouse_hub.printer", environment=environment, ready=address, user="renderer"
    )
    return replace(spec, groups=())


def task_spec(platform: Platform, name: str, module: list[str], environment: dict[str, str]) -> Spec:
    """A module, with its arguments, that runs once, before people are let in."""
    return _module(platform, name, *module, environment=environment)


def _module(
    platform: Platform,
    name: str,
    *module: str,
    environment: dict[str, str],
    ready: str = "",
    user: str = "web",
) -> Spec:
    """One of our own Python processes."""
    return Spec(
        name=name,
        command=[str(platform.python), "-m", *module],
        environment={**environment, "HOME": str(_home(platform, name, user))},
        folder=_home(platform, name, user),
        log=platform.folders.log(name),
        uid=platform.users.uid(user),
        groups=_postgres_readers(platform),
        ready=health.http(ready) if ready else health.lives_on,
        alive=health.answers(ready) if ready else health.lives_on,
        stop_signal=signal.SIGTERM,
    )


def _postgres_readers(platform: Platform) -> tuple[int, ...]:
    return platform.users.postgres_readers() if platform.has_postgres else ()


def _home(platform: Platform, process: str, user: str) -> Path:
    return folders.make_home(platform.folders, process, platform.users.uid(user))
