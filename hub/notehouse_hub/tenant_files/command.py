"""`notehouse plan FILE` and `notehouse apply FILE`: tenants as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from notehouse_core.client import ApiClient
from notehouse_hub.publish import api_client
from notehouse_hub.tenant_files.applying import apply as apply_change
from notehouse_hub.tenant_files.applying import give_secrets, remember
from notehouse_hub.tenant_files.difference import Change, differences, drift, seen_through
from notehouse_hub.tenant_files.document import Document, TenantSpec, read
from notehouse_hub.tenant_files.state import applied_state, present_state

CHANGES = 2  # exit code of a plan that is not empty

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file (YAML).")]


@dataclass(frozen=True)
class TenantPlan:
    """What is to be done to one tenant, and what was done to it by hand."""

    wanted: TenantSpec
    changes: list[Change]
    drift: list[Change]


def schema() -> None:
    """Print the JSON Schema of a file of tenants, for editors."""
    typer.echo(json.dumps(Document.model_json_schema(), indent=2))


def plan(file: File) -> None:
    """Show what `apply` would do, and what was changed by hand since it did last; exit code 2 if there is something."""
    with api_client() as api:
        plans = list(_plans(api, read(file)))
    _show(plans)
    raise typer.Exit(CHANGES if any(one.changes for one in plans) else 0)


def apply(
    file: File,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Seal the secrets of all sources anew, too.")
    ] = False,
) -> None:
    """Make tenants what a file says. What fails stops it; run it again once that is mended."""
    with api_client() as api:
        plans = list(_plans(api, read(file)))
        _show(plans)
        wanted = any(one.changes for one in plans)
        if wanted and not yes:
            typer.confirm("Do this?", abort=True)
        for one in plans:
            _carry_out(api, one, secrets=secrets)
    if wanted:
        typer.echo("Done.")


def _plans(api: ApiClient, document: Document) -> Iterator[TenantPlan]:
    for wanted in document.tenants:
        present = present_state(api, wanted.slug)
        applied = applied_state(api, wanted.slug) if present else None
        seen = seen_through(wanted, present) if present else None
        by_hand = drift(applied, seen_through(applied, present)) if applied and present else []
        yield TenantPlan(wanted, differences(wanted, seen), by_hand)


def _show(plans: list[TenantPlan]) -> None:
    for one in plans:
        if one.drift:
            typer.echo(f"{one.wanted.slug}: changed by hand since the file was applied last")
            _list(one.drift)
        if one.changes:
            typer.echo(f"{one.wanted.slug}: to be done")
            _list(one.changes)
    if not any(one.changes for one in plans):
        typer.echo("No changes.")


def _list(changes: list[Change]) -> None:
    for each in changes:
        typer.echo("  " + str(each).replace("\n", "\n  "))


def _carry_out(api: ApiClient, one: TenantPlan, *, secrets: bool) -> None:
    for change in one.changes:
        apply_change(api, one.wanted, change)
        typer.echo(f"  done: {str(change).splitlines()[0]}")
    if secrets:
        for source in one.wanted.sources or ():
            give_secrets(api, one.wanted, source.name)
    remember(api, one.wanted)
