"""`notehouse tenant …`: tenants and who belongs to them, as who you are."""

from __future__ import annotations

from typing import Annotated

import typer

from notehouse_hub.publish import api_client

app = typer.Typer(no_args_is_help=True, help="Tenants, and who belongs to them.")

_MOST = 200
Slug = Annotated[str, typer.Argument(help="The tenant's name in addresses.")]
Username = Annotated[str, typer.Argument(help="The account.")]


@app.command("list")
def list_tenants() -> None:
    """List the tenants that you may know of."""
    with api_client() as api:
        for one in api.call("GET", "tenants", limit=_MOST)["items"]:
            typer.echo(f"{one['slug']:24} {'' if one['is_active'] else 'closed':8} {one['name']}")


@app.command()
def add(slug: Slug, name: Annotated[str, typer.Option(help="The name that people read.")] = "") -> None:
    """Make a tenant; its roles admin, analyst and viewer read no data yet."""
    with api_client() as api:
        made = api.call("POST", "tenants", {"slug": slug, "name": name or slug})
    typer.echo(
        f"{made['slug']} is there. `notehouse user add NAME --tenant {made['slug']}` invites somebody."
    )


@app.command()
def close(slug: Slug) -> None:
    """Close a tenant: nobody enters it or reads its data; what was made in it stays."""
    with api_client() as api:
        api.call("DELETE", f"tenants/{slug}")
    typer.echo(f"{slug} is closed. `notehouse tenant open {slug}` opens it again.")


@app.command("open")
def open_again(slug: Slug) -> None:
    """Open a closed tenant again."""
    with api_client() as api:
        api.call("PUT", f"tenants/{slug}", {"is_active": True})
    typer.echo(f"{slug} is open.")


@app.command()
def members(slug: Slug) -> None:
    """List the members of a tenant with their roles."""
    with api_client() as api:
        for one in api.call("GET", f"tenants/{slug}/members", limit=_MOST)["items"]:
            held = ", ".join(
                f"{role['name']} (by group)" if role["origin"] == "oidc" else role["name"]
                for role in one["roles"]
            )
            state = "" if one["is_active"] else "closed"
            typer.echo(f"{one['username']:24} {state:8} {held}")


@app.command()
def give(slug: Slug, username: Username, role: Annotated[str, typer.Argument(help="A role of it.")]) -> None:
    """Give somebody a role in a tenant."""
    with api_client() as api:
        api.call("POST", f"tenants/{slug}/members", {"username": username, "role": role})
    typer.echo(f"{username} is {role} of {slug}.")


@app.command()
def take(
    slug: Slug,
    username: Username,
    role: Annotated[str | None, typer.Argument(help="All roles when left out.")] = None,
) -> None:
    """Take a role from somebody; what they made stays."""
    named = {"role": role} if role else {}
    with api_client() as api:
        api.call("DELETE", f"tenants/{slug}/members/{username}", **named)
    typer.echo(f"{username} is {f'not {role}' if role else 'no member'} of {slug} any more.")
