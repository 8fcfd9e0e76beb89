"""Who may do what: an answer for everyone, with a reason fit to be shown."""

from __future__ import annotations

import pytest

from notehouse_core.policy import (
    ACTIONS,
    PERMISSIONS,
    ROLES,
    Actor,
    DashboardGrant,
    Membership,
    decide,
    decide_dashboard,
)


def member(name: str, role: str, tenant: str = "united") -> Actor:
    return Actor(name, memberships=(Membership(tenant, role, frozenset(ROLES[role])),))


VIEWER, ANALYST, ADMIN = (member(role, role) for role in ("viewer", "analyst", "admin"))
PLATFORM_ADMIN = Actor("root", platform_admin=True)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_exactly_its_actions_and_only_at_home(role: str, action: str) -> None:
    assert bool(decide(member("ann", role), action, "united")) == (action in ROLES[role])
    assert not decide(member("ann", role), action, "delta")
    assert decide(PLATFORM_ADMIN, action, "united")
    assert not decide(Actor("nobody"), action, "united")


def test_an_action_that_does_not_exist_is_a_mistake_not_a_no() -> None:
    with pytest.raises(KeyError):
        decide(ADMIN, "fly", "united")


def dashboard(actor: Actor, wanted: str, *grants: DashboardGrant, public: bool = False) -> bool:
    return bool(
        decide_dashboard(actor, wanted, tenant="united", owner="olga", is_public=public, grants=grants)
    )


@pytest.mark.parametrize("permission", PERMISSIONS)
@pytest.mark.parametrize("wanted", ["view", "edit", "share", "admin"])
def test_a_permission_includes_what_its_row_says(permission: str, wanted: str) -> None:
    expected = wanted in PERMISSIONS[permission]
    assert dashboard(VIEWER, wanted, DashboardGrant(permission, user="viewer")) == expected
    assert dashboard(VIEWER, wanted, DashboardGrant(permission, role="viewer")) == expected
    assert not dashboard(VIEWER, wanted, DashboardGrant(permission, user="somebody-else"))
    assert not dashboard(
        member("viewer", "viewer", "delta"), wanted, DashboardGrant(permission, user="viewer")
    )


def test_public_is_public_within_the_tenant() -> None:
    assert dashboard(VIEWER, "view", public=True)
    assert not dashboard(VIEWER, "edit", public=True)
    assert not dashboard(member("guest", "viewer", "delta"), "view", public=True)


def test_the_platform_admin_sees_rows_only_as_a_member() -> None:
    assert dashboard(PLATFORM_ADMIN, "admin")
    assert not dashboard(PLATFORM_ADMIN, "view", public=True)
    assert dashboard(ADMIN, "view")


def test_a_refusal_names_whom_to_ask() -> None:
    reason = decide_dashboard(VIEWER, "edit", tenant="united", owner="olga", is_public=True, grants=()).reason
    assert "olga" in reason
    assert "united" in decide(VIEWER, "run-sql", "united").reason
