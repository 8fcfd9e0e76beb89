"""`notehouse source …`: connect data sources, try them, read their tables, as who you are."""

from __future__ import annotations

import json
import os
import time
from typing import Annotated, Any

import typer

from notehouse_core import errors
from notehouse_hub.publish import api_client

app = typer.Typer(no_args_is_help=True, help="Connect data sources, and see how they are.")

_POLL = 0.5  # seconds between two looks at a refresh
Name = Annotated[str, typer.Argument(help="The source's name.")]
Tenant = Annotated[str | None, typer.Option(help="Needed only where you have several tenants.")]


@app.command("list")
def list_sources() -> None:
    """List data sources with how they were when last tried."""
    with api_client() as api:
        for one in api.call("GET", "data-sources", limit=200)["items"]:
            why = one["status_message"] if one["status"] == "failing" else one["description"]
            typer.echo(f"{one['status']:9} {one['tenant']:16} {one['name']:24} {one['type']:12} {why}")


@app.command()
def add(
    name: Name,
    kind: Annotated[
        str, typer.Option("--type", help="clickhouse, postgresql, or another that is installed.")
    ],
    host: Annotated[str, typer.Option(help="Where it is.")],
    database: Annotated[str, typer.Option(help="The database.")],
    user: Annotated[str, typer.Option(help="The account to connect as; give it no more than it must read.")],
    port: Annotated[int | None, typer.Option(help="By default the type's own.")] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="More of the type's: sslmode=verify-full, say.")
    ] = None,
    password_env: Annotated[
        str | None, typer.Option(help="The variable that holds the password; asked for by default.")
    ] = None,
    description: Annotated[str, typer.Option(help="What is in it.")] = "",
    tenant: Tenant = None,
) -> None:
    """Connect a data source and try it."""
    config: dict[str, Any] = {"host": host, "database": database, "user": user}
    config |= {"port": port} if port else {}
    config |= dict(_option(one) for one in option or [])
    body = {
        "name": name,
        "type": kind,
        "tenant": tenant,
        "description": description,
        "connection_config": config,
        "secrets": _secrets(password_env),
    }
    with api_client() as api:
        made = api.call("POST", "data-sources", body)
    typer.echo(f"{made['name']} is connected: {made['status']}. {made['status_message']}")
    if made["database"]:
        typer.echo(f"In SQL it is the database {made['database']}, for those whose role reads it.")


@app.command("test")
def try_source(name: Name, tenant: Tenant = None) -> None:
    """Try a connection for real."""
    with api_client() as api:
        found = api.call("POST", f"data-sources/{_find(api, name, tenant)['id']}/test")
    typer.echo(f"{'ok' if found['success'] else 'NO'} {found['message']} ({found['latency_ms']} ms)")
    raise typer.Exit(not found["success"])


@app.command()
def refresh(name: Name, tenant: Tenant = None) -> None:
    """Read the tables anew, and say how far it is."""
    with api_client() as api:
        where = f"data-sources/{_find(api, name, tenant)['id']}/schema/refresh"
        found = api.call("POST", where)
        while found["state"] == "running":
            typer.echo(f"{found['tables_done']} of {found['tables_total'] or '?'} tables")
            time.sleep(_POLL)
            found = api.call("GET", where)
    if found["state"] == "failed":
        raise errors.SourceDown(found["error"])
    typer.echo(f"{found['tables_done']} tables were read.")


@app.command()
def delete(name: Name, tenant: Tenant = None) -> None:
    """Take a source away, and what roles read of it."""
    with api_client() as api:
        api.call("DELETE", f"data-sources/{_find(api, name, tenant)['id']}")
    typer.echo(f"{name} is gone.")


def _option(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise errors.Invalid(f"--option {text} is not name=value.")
    return name, json.loads(value) if value in {"true", "false"} else value


def _secrets(variable: str | None) -> dict[str, str]:
    if variable is None:
        given = typer.prompt("Password", hide_input=True, default="", show_default=False)
    elif variable in os.environ:
        given = os.environ[variable]
    else:
        raise errors.Invalid(f"The variable {variable} is not set.")
    return {"password": given} if given else {}


def _find(api: Any, name: str, tenant: str | None) -> Any:
    found = [
        one
        for one in api.call("GET", "data-sources", search=name, limit=200)["items"]
        if one["name"] == name and tenant in {None, one["tenant"]}
    ]
    if len(found) > 1:
        raise errors.Invalid(f"Several tenants have a source {name!r}. Name one with --tenant.")
    if not found:
        raise errors.NotFound(
            f"There is no data source {name!r}. `notehouse source list` shows those there are."
        )
    return found[0]
