"""The command `notehouse`: what an operator and an analyst type."""

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from notehouse_core.errors import Invalid, NotehouseError
from notehouse_core.settings import Settings, load_settings, required
from notehouse_hub import alert, source, tenant, user
from notehouse_hub.tenant_files import command as tenant_files

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print variables, and those may be secrets
    help="Notebooks on ClickHouse for a whole company.",
)
seed_app = typer.Typer(no_args_is_help=True, help="Fill a platform with content.")
app.add_typer(seed_app, name="seed")
app.add_typer(alert.app, name="alert")
app.add_typer(source.app, name="source")
app.add_typer(tenant.app, name="tenant")
app.add_typer(user.app, name="user")
app.command("plan")(tenant_files.plan)
app.command("apply")(tenant_files.apply)
app.command("tenant-schema")(tenant_files.schema)

Data = Annotated[Path | None, typer.Option("--data", help="Folder that holds all state.")]
Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65_525, help="Public port; ten more follow it.")
]


@app.command()
def up(
    port: Port = None,
    data: Data = None,
    no_demo: Annotated[bool, typer.Option("--no-demo", help="No sample data, no demo accounts.")] = False,
) -> None:
    """Start the whole platform on this machine and keep it running until Ctrl-C."""
    from notehouse_hub.supervisor.console import Console
    from notehouse_hub.supervisor.up import up as run

    settings = _settings(port, data)
    run(settings, demo=settings.demo and not no_demo, console=Console())


@app.command()
def status(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show every process of the platform that runs on a data folder, and how it is."""
    from notehouse_hub.supervisor import status_command

    raise typer.Exit(status_command.show(_settings(None, data).data, as_json=as_json))


@app.command()
def doctor(
    port: Port = None,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what on this machine is ready for Notehouse, how the running one is, and what to do."""
    from notehouse_hub.supervisor.doctor import examine, in_words

    findings = examine(_running(port, data))
    typer.echo(json.dumps([asdict(one) for one in findings], indent=1) if as_json else in_words(findings))
    raise typer.Exit(any(not finding.fine for finding in findings))


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write.")], data: Data = None) -> None:
    """Save everything of a platform on this machine, while it is stopped, into one file."""
    from notehouse_hub.supervisor import archive
    from notehouse_hub.supervisor.own_engines import outside

    settings = _settings(None, data)
    archive.backup(settings.data, file.absolute(), typer.echo)
    typer.echo(f"Saved: {file} ({file.stat().st_size / 1e6:,.1f} MB). It holds every secret of the platform.")
    if elsewhere := outside(settings):
        typer.echo(f"Not in it, back up with their own tools at the same time: {', '.join(elsewhere)}.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A backup.")], data: Data = None
) -> None:
    """Bring a backup back into an empty data folder; `notehouse up` starts it."""
    from notehouse_hub.supervisor import archive

    folder = _settings(None, data).data
    archive.restore(file.absolute(), folder, typer.echo)
    typer.echo(f"Start it with: notehouse up --data {folder}")


@app.command("rotate-keys")
def rotate_keys(
    data: Data = None,
    step: Annotated[
        list[str] | None, typer.Option(help="Only add, use or retire, where keys are handed out by hand.")
    ] = None,
) -> None:
    """Put new keys in the place of those that seal secrets and sign tokens, while the platform runs."""
    from notehouse_hub.supervisor.rotation import ROTATIONS, STEPS, House

    if unknown := set(step or STEPS) - set(STEPS):
        raise Invalid(f"There is no step {min(unknown)}. Steps, in their order: {', '.join(STEPS)}.")
    house = House(_settings(None, data), tuple(step or STEPS))
    for name, rotate in ROTATIONS.items():
        typer.echo(f"{name:14} {rotate(house)}")


@app.command("prometheus-config")
def prometheus_config(port: Port = None, data: Data = None) -> None:
    """Print a prometheus.yml that watches every process of this machine."""
    from notehouse_hub.supervisor.prometheus import configuration

    typer.echo(configuration(_running(port, data)), nl=False)


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    typer.echo(installed("notehouse"))


@app.command()
def migrate() -> None:
    """Bring the database's schema to this version."""
    from notehouse_core.store.migrate import upgrade

    upgrade(required(load_settings().database_owner_url, "database_owner_url"))


@seed_app.command("demo")
def seed_demo() -> None:
    """Load the sample data and make the demo accounts."""
    _become("notehouse_hub.demo")


@app.command("first-admin")
def first_admin() -> None:
    """Print the link by which the first administrator chooses a password: once, within a day."""
    from notehouse_hub.first_admin import invitation_link

    link = asyncio.run(invitation_link(load_settings()))
    typer.echo(link or "There is an administrator already, who can invite others.")


@app.command()
def publish(
    notebook: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The notebook (.ipynb).")],
    slug: Annotated[
        str | None, typer.Option(help="Address of the dashboard; by default the file's name.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Title; by default the notebook's first heading.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Needed only by people of several tenants.")] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="What has changed.")] = "",
) -> None:
    """Publish a notebook as a dashboard, as who you are."""
    from notehouse_hub.publish import publish as send

    send(notebook, slug, name, tenant, message)


@app.command()
def api() -> None:
    """Run the API and the portal."""
    _become("notehouse_hub.service")


@app.command()
def gateway() -> None:
    """Run the query gateway."""
    _become("notehouse_hub.service.query_gateway")


@app.command()
def dashboards() -> None:
    """Run the dashboard server."""
    _become("notehouse_dashboards")


@app.command()
def worker() -> None:
    """Run the scheduler's worker."""
    _become("notehouse_scheduler")


@app.command()
def rights() -> None:
    """Write rights to the ClickHouse of NOTEHOUSE_CLICKHOUSE_URL, as they change."""
    _become("notehouse_hub.rights")


def _become(module: str) -> None:
    """Turn this process into that module's: packages of other processes are never imported here."""
    os.execv(sys.executable, [sys.executable, "-m", module])  # noqa: S606 - our own interpreter and module


def _settings(port: int | None, data: Path | None) -> Settings:
    settings = load_settings()
    chosen: dict[str, object] = {"data": (data or settings.data).expanduser().absolute()}
    if port is not None:
        chosen["port"] = port
    return settings.model_copy(update=chosen)


def _running(port: int | None, data: Path | None) -> Settings:
    """Settings with the port that the platform on this data folder really has."""
    from notehouse_hub.supervisor.status import where_it_runs

    return where_it_runs(_settings(port, data))


def main() -> None:
    """Run the command line; what a person can act on is printed without a traceback."""
    try:
        app()
    except NotehouseError as error:
        typer.echo(f"notehouse: {error}", err=True)
        sys.exit(1)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        typer.echo(f"notehouse: a setting does not make sense (NOTEHOUSE_ variables): {wrong}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
