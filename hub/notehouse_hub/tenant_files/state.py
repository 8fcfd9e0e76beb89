"""What are tenants now? Asked of the API, in the words of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from notehouse_core.client import ApiClient
from notehouse_core.errors import NotFound
from notehouse_core.policy import ROLES
from notehouse_hub.tenant_files.document import MemberSpec, Right, RoleSpec, SourceSpec, TenantSpec

_LOCAL = "local"  # what a provider's groups give is its own


def present_state(api: ApiClient, slug: str) -> TenantSpec | None:
    """A tenant as it is, every section given; None where there is none."""
    try:
        tenant = api.call("GET", f"tenants/{slug}")
    except NotFound:
        return None
    quotas = api.call("GET", f"tenants/{slug}/quotas")["set"]
    return TenantSpec.model_construct(
        slug=slug,
        name=tenant["name"],
        quotas={name: value for name, value in quotas.items() if value is not None},
        groups=api.call("GET", f"tenants/{slug}/groups")["items"],
        sources=[_source(one) for one in every(api, "data-sources") if one["tenant"] == slug],
        roles=[_role(one) for one in every(api, f"tenants/{slug}/roles")],
        members=[member for one in every(api, f"tenants/{slug}/members") if (member := _member(one)).roles],
    )


def applied_state(api: ApiClient, slug: str) -> TenantSpec | None:
    """What the file said when it was applied last; None where it never was."""
    kept = api.call("GET", f"tenants/{slug}/applied-file")["content"]
    return TenantSpec.model_validate(kept) if kept else None


def every(api: ApiClient, path: str) -> Iterator[dict[str, Any]]:
    """All items of a list, page by page."""
    page = 1
    while True:
        answer = api.call("GET", path, page=page, limit=200)
        yield from answer["items"]
        if page * 200 >= answer["pagination"]["total"]:
            return
        page += 1


def _source(one: dict[str, Any]) -> SourceSpec:
    return SourceSpec.model_construct(
        name=one["name"], type=one["type"], description=one["description"],
        connection=one["connection_config"] or {}, secrets={},
    )  # fmt: skip


def _role(one: dict[str, Any]) -> RoleSpec:
    return RoleSpec.model_construct(
        name=one["name"],
        description=one["description"],
        actions=None if one["name"] in ROLES else one["actions"],
        reads=[_right(each) for each in one["permissions"]],
        limits=one["limits"],
    )


def _right(one: dict[str, Any]) -> Right:
    table = f"{one['database']}.{one['table']}"
    return Right.model_construct(
        source=one["data_source"],
        table=table,
        columns=one["columns"],
        rows=one["row_filter"],
        insert=one["insert"],
    )


def _member(one: dict[str, Any]) -> MemberSpec:
    roles = sorted(each["name"] for each in one["roles"] if each["origin"] == _LOCAL)
    return MemberSpec.model_construct(user=one["username"], roles=roles)
