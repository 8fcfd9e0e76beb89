"""A list shows exactly what `decide` allows: the same rules as one SQL filter, compared on generated worlds."""

from __future__ import annotations

import random
from uuid import uuid4

import pytest

from notehouse_core.policy import PERMISSIONS, ROLES, Actor
from notehouse_core.store import dashboards, saved_queries
from notehouse_core.store.database import Database
from notehouse_core.store.models import (
    Dashboard,
    DashboardPermission,
    DataSource,
    Membership,
    Permission,
    Role,
    SavedQuery,
    Tenant,
    User,
)
from notehouse_core.store.people import TENANT_RESOURCE, actor_of, find_user


class World:
    """Two tenants with roles of random actions, people in random roles, dashboards shared at random."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.tenants = [Tenant(id=uuid4(), slug=f"t{seed}-{n}-{uuid4().hex[:6]}", name="T") for n in range(2)]
        self.users = [
            User(id=uuid4(), username=f"u{seed}-{n}-{uuid4().hex[:6]}", is_admin=n == 0) for n in range(8)
        ]
        self.roles = [self._role(tenant, n) for tenant in self.tenants for n in range(4)]
        self.memberships = [self._membership(user) for user in self.users[1:] for _ in range(2)]
        self.dashboards = [self._dashboard(tenant, n) for tenant in self.tenants for n in range(10)]
        self.sources = [
            DataSource(id=uuid4(), tenant_id=one.id, name="s", type="clickhouse") for one in self.tenants
        ]
        self.queries = [self._query(source, n) for source in self.sources for n in range(10)]

    def _role(self, tenant: Tenant, number: int) -> Role:
        actions = self.chance.choice([*ROLES.values(), (), ("view-dashboards", "manage-members")])
        made = Role(id=uuid4(), tenant_id=tenant.id, name=f"r{number}")
        made.permissions = [
            Permission(tenant_id=tenant.id, resource=TENANT_RESOURCE, action=one) for one in actions
        ]
        return made

    def _membership(self, user: User) -> Membership:
        role = self.chance.choice(self.roles)
        return Membership(tenant_id=role.tenant_id, user_id=user.id, role_id=role.id)

    def _dashboard(self, tenant: Tenant, number: int) -> Dashboard:
        made = Dashboard(
            id=uuid4(),
            tenant_id=tenant.id,
            slug=f"d{number}",
            name="D",
            owner_id=self.chance.choice(self.users).id,
            is_public=self.chance.random() < 0.3,
        )
        made.permissions = [self._grant(tenant) for _ in range(self.chance.randrange(3))]
        return made

    def _query(self, source: DataSource, number: int) -> SavedQuery:
        return SavedQuery(
            id=uuid4(),
            tenant_id=source.tenant_id,
            data_source_id=source.id,
            name=f"q{number}",
            sql="SELECT 1",
            owner_id=self.chance.choice(self.users).id,
            is_public=self.chance.random() < 0.4,
        )

    def _grant(self, tenant: Tenant) -> DashboardPermission:
        kind = self.chance.choice(list(PERMISSIONS))
        if self.chance.random() < 0.5:
            chosen = {"user_id": self.chance.choice(self.users).id}
        else:
            chosen = {"role_id": self.chance.choice([r for r in self.roles if r.tenant_id == tenant.id]).id}
        return DashboardPermission(tenant_id=tenant.id, permission_type=kind, **chosen)


@pytest.mark.parametrize("seed", range(12))
async def test_a_list_shows_just_what_may_be_viewed(database: Database, seed: int) -> None:
    world = World(seed)
    async with database.session() as session:
        session.add_all([*world.tenants, *world.users])
        await session.flush()
        session.add_all(world.roles)
        await session.flush()
        unique = {(one.user_id, one.role_id): one for one in world.memberships}
        session.add_all([*unique.values(), *world.dashboards, *world.sources])
        await session.flush()
        session.add_all(world.queries)
        await session.flush()
        queries = list(await session.scalars(saved_queries.loaded()))
        everything = list(await session.scalars(dashboards.loaded()))
        for user in world.users:
            found = await find_user(session, user.username)
            assert found is not None
            actor = actor_of(found)
            listed = {one.id for one in await session.scalars(dashboards.visible_to(actor))}
            assert listed == {one.id for one in everything if _may_know(actor, one)}
            readable = {one.id for one in await session.scalars(saved_queries.visible_to(actor))}
            assert readable == {one.id for one in queries if _may_read(actor, one)}
        await session.rollback()


def _may_know(actor: Actor, one: Dashboard) -> bool:
    """Viewing makes something known; the platform admin administers all, and so knows all."""
    return any(dashboards.decision(actor, wanted, one) for wanted in ("view", "admin"))


def _may_read(actor: Actor, one: SavedQuery) -> bool:
    return any(saved_queries.decision(actor, wanted, one) for wanted in ("view", "edit"))
