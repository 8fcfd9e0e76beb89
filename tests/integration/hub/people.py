"""The people of these tests, as rows of the store."""

from __future__ import annotations

from argon2 import PasswordHasher
from sqlalchemy import delete, select

from notehouse_core.policy import ROLES
from notehouse_core.store.database import Database
from notehouse_core.store.migrate import upgrade
from notehouse_core.store.models import Membership, Permission, Role, Tenant, User
from notehouse_hub.embedded.postgres_roles import Urls

PEOPLE = {
    "analyst": "analyst",
    "other": "analyst",
    "demoted": "analyst",
    "viewer": "viewer",
    "guessed": "viewer",
    "closed": "viewer",
    "stranger": None,
    "admin": None,
}


async def make(urls: Urls, password: str) -> None:
    """Migrate, and make everyone with one password."""
    upgrade(urls.owner)
    database = Database(urls.app)
    hashed = PasswordHasher().hash(password)
    async with database.session() as session:
        tenant = Tenant(slug="united", name="United")
        session.add(tenant)
        await session.flush()
        roles = {name: Role(tenant_id=tenant.id, name=name, is_builtin=True) for name in ROLES}
        for name, role in roles.items():
            role.permissions = [
                Permission(tenant_id=tenant.id, resource="tenant", action=action) for action in ROLES[name]
            ]
        session.add_all(roles.values())
        for name, role_name in PEOPLE.items():
            user = User(
                username=name, password_hash=hashed, is_admin=name == "admin", is_active=name != "closed"
            )
            session.add(user)
            await session.flush()
            if role_name:
                session.add(Membership(tenant_id=tenant.id, user_id=user.id, role_id=roles[role_name].id))
    await database.close()


async def change(urls: Urls, name: str, role: str | None, is_active: bool | None) -> None:
    """Give somebody another role, or close the account."""
    database = Database(urls.app)
    async with database.session() as session:
        user = (await session.scalars(select(User).where(User.username == name))).one()
        if role is not None:
            wanted = (await session.scalars(select(Role).where(Role.name == role))).one()
            await session.execute(delete(Membership).where(Membership.user_id == user.id))
            session.add(Membership(tenant_id=wanted.tenant_id, user_id=user.id, role_id=wanted.id))
        if is_active is not None:
            user.is_active = is_active
    await database.close()
