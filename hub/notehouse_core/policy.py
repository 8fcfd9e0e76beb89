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
    "manage-members": "Invite people, and give and take roles in the tenant.",
    "manage-roles": "Make roles, and say what each may do and which rows it reads.",
    "manage-sources": "Connect and change data sources.",
    "manage-tenant": "Change the tenant's settings.",
    "read-audit": "See who did what in the tenant.",
}

ROLES: dict[str, tuple[str, ...]] = {
    "viewer": ("view-dashboards",),
    "analyst": ("view-dashboards", "start-server", "run-sql", "create-dashboards", "manage-schedules"),
    "admin": tuple(ACTIONS),
}

# What can be done with one thing of a tenant, by its kind.
RESOURCE_ACTIONS: dict[str, dict[str, str]] = {
    "dashboard": {
        "view": "See a dashboard, with the rows that one may read.",
        "edit": "Publish new versions of a dashboard and change what is said about it.",
        "share": "Say who else may see a dashboard.",
        "admin": "Give others the rights on a dashboard, and take it away.",
    },
    "saved-query": {
        "view": "Read a saved query, and run it with one's own rights.",
        "edit": "Change a saved query, or take it away.",
    },
}

# What each permission on a dashboard includes.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    "view": ("view",),
    "edit": ("view", "edit"),
    "share": ("view", "share"),
    "admin": ("view", "edit", "share", "admin"),
}

# Which action in the tenant somebody needs before a thing of this kind can be theirs to see at all.
_ENTRANCE = {"dashboard": "view-dashboards", "saved-query": "run-sql"}


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


@dataclass(frozen=True)
class Resource:
    """What a decision is about: a tenant, or one thing of it; `is_public` means public within the tenant."""

    tenant: str
    kind: str = "tenant"
    owner: str = ""
    is_public: bool = False


@dataclass(frozen=True)
class Grant:
    """One permission on a thing: a user or a role, and what it may do."""

    permission: str
    user: str | None = None
    role: str | None = None

    def names(self, actor: Actor, tenant: str) -> bool:
        """Is this grant for the actor?"""
        return self.user == actor.name if self.user else self.role in actor.roles_in(tenant)


def decide(actor: Actor, action: str, resource: Resource, grants: Iterable[Grant] = ()) -> Decision:
    """May this actor do `action` with `resource`, on which there are these `grants`?

    Raises KeyError for an action or a kind that does not exist: a typo must not read as "no".
    """
    if resource.kind == "tenant":
        return _decide_in_tenant(actor, action, resource.tenant)
    return _decide_on(actor, action, resource, grants)


def may_give(actor: Actor, actions: Iterable[str], tenant: str, *, by: str = "manage-members") -> Decision:
    """May this actor, who is allowed to give things `by` an action, give these actions? Nobody gives more than they have."""
    allowed = decide(actor, by, Resource(tenant))
    missing = sorted(set(actions) - actor.actions_in(tenant))
    if not allowed or not missing or (actor.platform_admin and actor.purpose is None):
        return allowed
    return Decision(
        False, f"This role allows what {actor.name} may not do: {ACTIONS.get(missing[0], missing[0])}"
    )


def _decide_in_tenant(actor: Actor, action: str, tenant: str) -> Decision:
    sentence = ACTIONS[action]
    if actor.platform_admin and actor.purpose is None:
        return Decision(True, f"{actor.name} is the platform admin.")
    if tenant not in actor.tenants:
        return Decision(False, f"{actor.name} does not belong to this tenant.")
    for membership in actor.memberships:
        if membership.tenant == tenant and action in membership.actions:
            return Decision(True, f"The role {membership.role} of {actor.name} allows: {sentence}")
    return Decision(
        False,
        f"No role of {actor.name} allows this: {sentence} Ask an admin of {tenant} for a role that does.",
    )


def _decide_on(actor: Actor, action: str, thing: Resource, grants: Iterable[Grant]) -> Decision:
    """The platform admin administers what there is, but sees a tenant's rows only as a member of it."""
    _, entrance = RESOURCE_ACTIONS[thing.kind][action], _ENTRANCE[thing.kind]
    what, tenant = thing.kind.replace("-", " "), thing.tenant
    if actor.platform_admin and actor.purpose is None and action != "view":
        return Decision(True, f"{actor.name} is the platform admin.")
    if tenant not in actor.tenants:
        return Decision(False, f"{actor.name} does not belong to this tenant.")
    if entrance not in actor.actions_in(tenant):
        return Decision(
            False, f"No role of {actor.name} allows this: {ACTIONS[entrance]} Ask an admin of {tenant}."
        )
    if actor.name == thing.owner:
        return Decision(True, f"{actor.name} owns this {what}.")
    if "manage-tenant" in actor.actions_in(tenant):
        return Decision(True, f"{actor.name} administers {tenant}.")
    if action == "view" and thing.is_public:
        return Decision(True, f"Everyone in {tenant} may view this {what}.")
    for grant in grants:
        if action in PERMISSIONS[grant.permission] and grant.names(actor, tenant):
            return Decision(
                True, f"Shared for {grant.permission} with {grant.user or f'the role {grant.role}'}."
            )
    return Decision(
        False, f"This {what} is not shared with {actor.name} for {action}. Ask its owner, {thing.owner}."
    )
