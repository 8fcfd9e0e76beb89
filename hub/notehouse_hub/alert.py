"""`notehouse alert …`: set alerts and see where they stand, as who you are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from notehouse_core import errors
from notehouse_core.alerting import shown_number
from notehouse_hub.publish import api_client

app = typer.Typer(no_args_is_help=True, help="Set alerts, and see where they stand.")

Name = Annotated[str, typer.Argument(help="The alert's name.")]


@app.command("list")
def list_alerts() -> None:
    """List alerts with their state."""
    with api_client() as api:
        for one in api.call("GET", "alerts", limit=200)["items"]:
            state = one["state"] if one["is_active"] else "off"
            typer.echo(f"{state:9} {one['name']:30} {one['schedule']['cron']} {one['schedule']['timezone']}")


@app.command()
def create(
    name: Name,
    sql: Annotated[str | None, typer.Option(help="The query.")] = None,
    notebook: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Or a notebook.")] = None,
    above: Annotated[float | None, typer.Option(help="Fire when the value is above.")] = None,
    below: Annotated[float | None, typer.Option(help="Fire when the value is below.")] = None,
    column: Annotated[str, typer.Option(help="The value's column; the first number by default.")] = "",
    source: Annotated[str, typer.Option(help="The data source.")] = "warehouse",
    cron: Annotated[str, typer.Option(help="When to look.")] = "*/5 * * * *",
    timezone: Annotated[str, typer.Option(help="The zone of cron.")] = "UTC",
    tell: Annotated[list[str] | None, typer.Option(help="Mail address, user name, or webhook.")] = None,
) -> None:
    """Set an alert; without --above or --below it fires when the query returns any row."""
    body: dict[str, Any] = {
        "name": name,
        "data_source": source,
        "condition": _condition(above, below, column),
        "schedule": {"cron": cron, "timezone": timezone},
        "notification": {"recipients": tell or []},
        "sql": sql,
        "notebook": json.loads(notebook.read_text()) if notebook else None,
    }
    with api_client() as api:
        made = api.call("POST", "alerts", body)
    typer.echo(f"{made['name']} is set: it looks {cron} ({timezone}).")


def _condition(above: float | None, below: float | None, column: str) -> dict[str, Any]:
    if above is not None and below is not None:
        raise errors.Invalid("Give --above or --below, not both.")
    if above is None and below is None:
        return {"kind": "any_row"}
    sign, value = (">", above) if above is not None else ("<", below)
    return {"kind": "threshold", "operator": sign, "value": value, "column": column}


@app.command()
def history(name: Name) -> None:
    """Show the last looks at an alert."""
    with api_client() as api:
        found = _find(api, name)
        for one in api.call("GET", f"alerts/{found['id']}/history", limit=30)["items"]:
            value = "" if one["value"] is None else shown_number(one["value"])
            told = "told" if one["notified"] else ""
            typer.echo(f"{one['at'][:19]} {one['state']:9} {value:>12} {told:5} {one['error'] or ''}")


@app.command()
def delete(name: Name) -> None:
    """Take an alert away; its history stays."""
    with api_client() as api:
        api.call("DELETE", f"alerts/{_find(api, name)['id']}")
    typer.echo(f"{name} is gone.")


def _find(api: Any, name: str) -> Any:
    for one in api.call("GET", "alerts", search=name, limit=200)["items"]:
        if one["name"] == name:
            return one
    raise errors.NotFound(f"There is no alert {name!r}. `notehouse alert list` shows those there are.")
