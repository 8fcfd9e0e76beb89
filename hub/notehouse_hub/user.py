"""`notehouse user …`: accounts, as who you are."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from notehouse_core import errors
from notehouse_hub.publish import api_client

app = typer.Typer(no_args_is_help=True, help="Accounts, and the links by which their owners get in.")

_MOST = 200
Username = Annotated[str, typer.Argument(help="The account.")]


@app.command("list")
def list_users(search: Annotated[str, typer.Option(help="A part of a name or address.")] = "") -> None:
    """List the accounts that you may know of."""
    with api_client() as api:
        found = api.call("GET", "users", limit=_MOST, **({"search": search} if search else {}))
    for one in found["items"]:
        held = ", ".join(f"{place['tenant']}:{place['role']}" for place in one["places"])
        typer.echo(f"{one['username']:24} {one['state']:8} {'platform admin' if one['is_admin'] else held}")
    total = found["pagination"]["total"]
    if total > _MOST:
        typer.echo(f"These are the first {_MOST} of {total}; --search narrows them.")


@app.command()
def add(
    username: Username,
    tenant: Annotated[str | None, typer.Option(help="The tenant to be in at once.")] = None,
    role: Annotated[str, typer.Option(help="The role there.")] = "viewer",
    email: Annotated[str | None, typer.Option(help="Where reports and alerts go.")] = None,
    first_name: Annotated[str, typer.Option()] = "",
    last_name: Annotated[str, typer.Option()] = "",
    attribute: Annotated[list[str] | None, typer.Option(help="For row filters: region=EU, say.")] = None,
    platform_admin: Annotated[bool, typer.Option("--platform-admin", help="Administers everything.")] = False,
) -> None:
    """Make an account, and print the link by which its owner chooses a password."""
    body: dict[str, Any] = {"username": username, "email": email, "is_admin": platform_admin}
    body |= {"first_name": first_name, "last_name": last_name}
    body |= {"attributes": dict(_attribute(one) for one in attribute or [])}
    body |= {"tenant": tenant, "role": role} if tenant else {}
    with api_client() as api:
        _tell(username, api.call("POST", "users", body)["invitation"])


@app.command()
def invite(username: Username) -> None:
    """Print a new link by which somebody chooses a password; the one before opens nothing any more."""
    with api_client() as api:
        _tell(username, api.call("POST", f"users/{username}/invite"))


@app.command()
def close(username: Username) -> None:
    """Close an account: its sessions, tokens and server end; what it made stays."""
    _set(username, is_active=False)
    typer.echo(f"{username} is closed. `notehouse user open {username}` opens it again.")


@app.command("open")
def open_again(username: Username) -> None:
    """Open a closed account again."""
    _set(username, is_active=True)
    typer.echo(f"{username} is open.")


def _set(username: str, **what: Any) -> None:
    with api_client() as api:
        api.call("PUT", f"users/{username}", what)


def _tell(username: str, invitation: dict[str, Any]) -> None:
    typer.echo(f"{username} chooses a password here, once, before {invitation['expires_at']}:")
    typer.echo(invitation["url"])


def _attribute(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise errors.Invalid(f"--attribute {text} is not name=value.")
    return name, json.loads(value) if value.lstrip("-").isdigit() else value
