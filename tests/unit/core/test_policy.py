"""Who may do what: an answer for everyone, with a reason fit to be shown."""

from __future__ import annotations

import pytest

from notehouse_core.policy import (
    ACTIONS,
    PERMISSIONS,
    RESOURCE_ACTIONS,
    ROLES,
    Actor,
    Grant,
    Membership,
    Resource,
    decide,
    may_give,
)


def member(name: str, role: str, tenant: str = "united") -> Actor:
    return Actor(name, memberships=(Membership(tenant, role, frozenset(ROLES[role])),))


VIEWER, ANALYST, ADMIN = (member(role, role) for role in ("viewer", "analyst", "admin"))
UNITED, DELTA = Resource("united"), Resource("delta")
PLATFORM_ADMIN = Actor("root", platform_admin=True)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_exactly_its_actions_and_only_at_home(role: str, action: str) -> None:
    assert bool(decide(member("ann", role), action, UNITED)) == (action in ROLES[role])
    assert not decide(member("ann", role), action, DELTA)
    assert decide(PLATFORM_ADMIN, action, UNITED)
    assert not decide(Actor("nobody"), action, UNITED)


def test_an_action_that_does_not_exist_is_a_mistake_not_a_no() -> None:
    with pytest.raises(KeyError):
        decide(ADMIN, "fly", UNITED)


def dashboard(actor: Actor, wanted: str, *grants: Grant, public: bool = False) -> bool:
    return bool(decide(actor, wanted, Resource("united", "dashboard", "olga", is_public=public), grants))


@pytest.mark.parametrize("permission", PERMISSIONS)
@pytest.mark.parametrize("wanted", ["view", "edit", "share", "admin"])
def test_a_permission_includes_what_its_row_says(permission: str, wanted: str) -> None:
    expected = wanted in PERMISSIONS[permission]
    assert dashboard(VIEWER, wanted, Grant(permission, user="viewer")) == expected
    assert dashboard(VIEWER, wanted, Grant(permission, role="viewer")) == expected
    assert not dashboard(VIEWER, wanted, Grant(permission, user="somebody-else"))
    assert not dashboard(member("viewer", "viewer", "delta"), wanted, Grant(permission, user="viewer"))


def test_public_is_public_within_the_tenant() -> None:
    assert dashboard(VIEWER, "view", public=True)
    assert not dashboard(VIEWER, "edit", public=True)
    assert not dashboard(member("guest", "viewer", "delta"), "view", public=True)


def test_the_platform_admin_sees_rows_only_as_a_member() -> None:
    assert dashboard(PLATFORM_ADMIN, "admin")
    assert not dashboard(PLATFORM_ADMIN, "view", public=True)
    assert dashboard(ADMIN, "view")


def test_a_refusal_names_whom_to_ask() -> None:
    reason = decide(VIEWER, "edit", Resource("united", "dashboard", "olga", is_public=True)).reason
    assert "olga" in reason
    assert "united" in decide(VIEWER, "run-sql", UNITED).reason


@pytest.mark.parametrize(
    ("kind", "action"), [(kind, one) for kind, all_ in RESOURCE_ACTIONS.items() for one in all_]
)
def test_every_action_on_a_thing_is_its_owners_and_nobody_elses_of_another_tenant(
    kind: str, action: str
) -> None:
    own = Resource("united", kind, owner="analyst")
    assert decide(ANALYST, action, own)
    assert decide(ADMIN, action, own)
    assert not decide(member("analyst", "analyst", "delta"), action, own)
    assert not decide(Actor("analyst"), action, own)


def test_a_saved_query_needs_the_right_to_run_sql() -> None:
    shared = Resource("united", "saved-query", owner="olga", is_public=True)
    assert decide(ANALYST, "view", shared)
    assert not decide(ANALYST, "edit", shared)
    assert not decide(VIEWER, "view", shared)


def test_nobody_gives_a_role_that_allows_more_than_they_may() -> None:
    keeper = Actor(
        "kim", memberships=(Membership("united", "keeper", frozenset({"manage-members", "run-sql"})),)
    )
    assert may_give(keeper, ["run-sql"], "united")
    assert not may_give(keeper, ["manage-tenant"], "united")
    assert "settings" in may_give(keeper, ["manage-tenant"], "united").reason
    assert not may_give(ANALYST, [], "united")
    assert may_give(ADMIN, ROLES["admin"], "united")
    assert may_give(PLATFORM_ADMIN, ROLES["admin"], "united")
