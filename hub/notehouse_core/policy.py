"""Who may do what, as data: actions with a sentence each, built-in roles, and one pure decision. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

ACTIONS = {
    "start-server": "Open JupyterLab.",
    "run-sql": "Run SQL against the tenant's data sources.",
    "view-dashboards": "See the tenant's published dashboards.",
    "create-dashboards": "Publish notebooks as new dashboards.",
    "manage-schedules": "Schedule notebooks, set alerts, and see what they did.",
    "manage-members": "Give and take roles in the tenant.",
    "manage-sources": "Connect and change data sources.",
    "manage-tenant": "Change the tenant's settings.",
    "read-audit": "See who did what in the tenant.",
}

ROLES: dict[str, tuple[str, ...]] = {
    "viewer": ("view-dashboards",),
    "analyst": ("view-dashboards", "start-server", "run-sql", "create-dashboards", "manage-schedules"),
    "admin": tuple(ACTIONS),
}

# What each dashboard permission includes.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    "view": ("view",),
    "edit": ("view", "edit"),
    "share": ("view", "share"),
    "admin": ("view", "edit", "share", "admin"),
}


@dataclass(frozen=True)
class Decision:
    """An answer and the reason for it, fit to be shown to the person it concerns."""

    allowed: bool
    reason: str

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True)
class Membership:
    """One role of a person in one tenant, with the actions it grants."""

    tenant: str
    role: str
    actions: frozenset[str]


@dataclass(frozen=True)
class Actor:
    """Somebody or something that asks: a person, a service of ours, or the holder of an execution token.

    `purpose` is set for execution tokens only and narrows what they may do.
    """

    name: str
    platform_admin: bool = False
    service: bool = False
    memberships: tuple[Membership, ...] = ()
    purpose: str | None = None
    attributes: dict[str, object] = field(default_factory=dict, hash=False)

    def actions_in(self, tenant: str) -> frozenset[str]:
        """Every action this actor's roles grant in a tenant."""
        return frozenset().union(*(m.actions for m in self.memberships if m.tenant == tenant))

    @property
    def tenants(self) -> tuple[str, ...]:
        """Slugs of the tenants this actor belongs to, sorted."""
        return tuple(sorted({membership.tenant for membership in self.memberships}))

    def tenants_with(self, action: str) -> tuple[str, ...]:
        """Slugs of the tenants where this actor's roles grant an action, sorted."""
        return tuple(slug for slug in self.tenants if action in self.actions_in(slug))

    def roles_in(self, tenant: str) -> frozenset[str]:
        """Names of this actor's roles in a tenant."""
        return frozenset(m.role for m in self.memberships if m.tenant == tenant)


def decide(actor: Actor, action: str, tenant: str) -> Decision:
    """May this actor do `action` in `tenant`?

    Raises KeyError for an action that does not exist: a typo must not read as "no".
    """
    sentence = ACTIONS[action]
    if actor.platform_admin and actor.purpose is None:
        return Decision(True, f"{actor.name} is the platform admin.")
    if tenant not in actor.tenants:
        return Decision(False, f"{actor.name} does not belong to this tenant.")
    if action in actor.actions_in(tenant):
        return Decision(True, f"A role of {actor.name} allows: {sentence}")
    return Decision(
        False,
        f"No role of {actor.name} allows this: {sentence} Ask an admin of {tenant} for a role that does.",
    )


@dataclass(frozen=True)
class DashboardGrant:
    """One row of a dashboard's permissions: a user or a role, and what it may do."""

    permission: str
    user: str | None = None
    role: str | None = None


def decide_dashboard(
    actor: Actor, wanted: str, *, tenant: str, owner: str, is_public: bool, grants: Iterable[DashboardGrant]
) -> Decision:
    """May this actor `view`, `edit`, `share` or `admin` one dashboard of `tenant`?

    `is_public` means public within the tenant. The platform admin administers dashboards, but sees their rows only
    as a member of the tenant.
    """
    if actor.platform_admin and actor.purpose is None and wanted != "view":
        return Decision(True, f"{actor.name} is the platform admin.")
    if tenant not in actor.tenants:
        return Decision(False, f"{actor.name} does not belong to this tenant.")
    if "view-dashboards" not in actor.actions_in(tenant):
        return Decision(False, f"No role of {actor.name} allows dashboards. Ask an admin of {tenant}.")
    if actor.name == owner or "manage-tenant" in actor.actions_in(tenant):
        return Decision(True, f"{actor.name} owns this dashboard or administers {tenant}.")
    if wanted == "view" and is_public:
        return Decision(True, f"Everyone in {tenant} may view this dashboard.")
    for grant in grants:
        if wanted in PERMISSIONS[grant.permission] and _names(grant, actor, tenant):
            return Decision(True, f"Shared for {grant.permission} with {grant.user or grant.role}.")
    return Decision(
        False, f"This dashboard is not shared with {actor.name} for {wanted}. Ask its owner, {owner}."
    )


def _names(grant: DashboardGrant, actor: Actor, tenant: str) -> bool:
    return grant.user == actor.name if grant.user else grant.role in actor.roles_in(tenant)
