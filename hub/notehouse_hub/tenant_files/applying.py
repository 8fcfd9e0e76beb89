"""How does a tenant become what a file says? By calls of the API, which holds every rule; each may be repeated."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from notehouse_core.client import ApiClient
from notehouse_core.errors import Invalid
from notehouse_hub.tenant_files.difference import Change
from notehouse_hub.tenant_files.document import Secret, TenantSpec

_Step = Callable[[ApiClient, TenantSpec, Change], None]


def apply(api: ApiClient, wanted: TenantSpec, change: Change) -> None:
    """Do one change. Raises the API's error; what was done before it stays, and is not done again."""
    _STEPS[change.noun](api, wanted, change)


def remember(api: ApiClient, wanted: TenantSpec) -> None:
    """Have the API keep what the file says, so that what is changed by hand is told apart later."""
    content = wanted.model_dump(mode="json", exclude_none=True)
    api.call("PUT", f"tenants/{wanted.slug}/applied-file", {"content": content})


def give_secrets(api: ApiClient, wanted: TenantSpec, name: str) -> None:
    """Seal the secrets of a source anew, as they stand where the file says."""
    if secrets := _secrets(wanted, name):
        api.call("PUT", f"data-sources/{wanted.slug}:{name}", {"secrets": secrets})


def _tenant(api: ApiClient, wanted: TenantSpec, change: Change) -> None:
    if change.verb == "create":
        api.call("POST", "tenants", {"slug": wanted.slug, "name": wanted.name})
    else:
        api.call("PUT", f"tenants/{wanted.slug}", {"name": wanted.name})


def _source(api: ApiClient, wanted: TenantSpec, change: Change) -> None:
    address = f"data-sources/{wanted.slug}:{change.name}"
    if change.verb == "delete":
        api.call("DELETE", address)
        return
    body = {
        "description": change.after["description"],
        "connection_config": change.after["connection"],
        "secrets": _secrets(wanted, change.name),
    }
    if change.verb == "change":
        if change.before["type"] != change.after["type"]:
            raise Invalid(
                f"The source {change.name} cannot become another type. Give the new one another name."
            )
        api.call("PUT", address, body)
    else:
        named = {"name": change.name, "type": change.after["type"], "tenant": wanted.slug}
        api.call("POST", "data-sources", {**body, **named})


def _role(api: ApiClient, wanted: TenantSpec, change: Change) -> None:
    address = f"tenants/{wanted.slug}/roles"
    if change.verb == "delete":
        api.call("DELETE", f"{address}/{change.name}")
        return
    body = {
        "description": change.after["description"],
        "actions": None if change.after["builtin"] else change.after["actions"],
        "permissions": [_permission(one) for one in change.after["reads"]],
        "limits": change.after["limits"],
    }
    if change.verb == "change":
        api.call("PUT", f"{address}/{change.name}", body)
    else:
        api.call("POST", address, {**body, "name": change.name})


def _permission(right: dict[str, Any]) -> dict[str, Any]:
    database, _, table = right["table"].partition(".")
    named = {"data_source": right["source"], "database": database, "table": table}
    return {**named, "columns": right["columns"], "row_filter": right["rows"], "insert": right["insert"]}


def _member(api: ApiClient, wanted: TenantSpec, change: Change) -> None:
    """Give before taking: nobody is without a role in between, and no tenant without an admin."""
    address = f"tenants/{wanted.slug}/members"
    before, after = (set((one or {}).get("roles", ())) for one in (change.before, change.after))
    for role in sorted(after - before):
        api.call("POST", address, {"username": change.name, "role": role})
    for role in sorted(before - after):
        api.call("DELETE", f"{address}/{change.name}", role=role)


def _quotas(api: ApiClient, wanted: TenantSpec, change: Change) -> None:
    api.call("PUT", f"tenants/{wanted.slug}/quotas", change.after)


def _groups(api: ApiClient, wanted: TenantSpec, change: Change) -> None:
    api.call("PUT", f"tenants/{wanted.slug}/groups", {"items": change.after})


def _secrets(wanted: TenantSpec, name: str) -> dict[str, str]:
    source = next(one for one in wanted.sources or () if one.name == name)
    return {field: _value(name, field, place) for field, place in source.secrets.items()}


def _value(source: str, field: str, place: Secret) -> str:
    """Read a secret where the file says it stands. Raises Invalid where it does not."""
    if place.env is not None:
        if not (found := os.environ.get(place.env)):
            raise Invalid(f"The {field} of {source} stands in the variable {place.env}, which is not set.")
        return found
    assert place.file is not None  # noqa: S101 - one of both, as the file was read
    try:
        return place.file.expanduser().read_text().strip()
    except OSError as error:
        raise Invalid(
            f"The {field} of {source} cannot be read from {place.file}: {error.strerror}."
        ) from error


_STEPS: dict[str, _Step] = {
    "tenant": _tenant,
    "source": _source,
    "role": _role,
    "member": _member,
    "quotas": _quotas,
    "groups": _groups,
}
