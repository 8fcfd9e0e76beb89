"""What does the Hub need to know of a person? The account, and the groups that its roles make it a member of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import Membership, Permission, SecondFactor, Tenant, User
from notehouse_hub.hub.roles import ANALYSTS, VIEWERS

MAY_START = "start-server"


@dataclass(frozen=True)
class Account:
    """A local account as it is now."""

    username: str
    password_hash: str | None
    is_active: bool
    is_admin: bool
    grants_server: bool
    has_second_factor: bool

    @property
    def may_start(self) -> bool:
        """Whether they may have a JupyterLab server."""
        return self.grants_server or self.is_admin

    def model(self) -> dict[str, Any]:
        """What the Hub keeps of an account: the platform admin is the Hub's too."""
        return {"name": self.username, "admin": self.is_admin, "groups": self.groups}

    @property
    def groups(self) -> list[str]:
        """Everyone may open the portal; who may start a server is an analyst to the Hub."""
        return [ANALYSTS if self.may_start else VIEWERS]


async def find_account(session: AsyncSession, username: str) -> Account | None:
    """The account of a name; None when there is none."""
    return next(iter(await find_accounts(session, [username])), None)


async def find_accounts(session: AsyncSession, usernames: Collection[str]) -> list[Account]:
    """The accounts of those of the names that have one."""
    granted = (
        select(Membership.id)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .join(Permission, Permission.role_id == Membership.role_id)
        .where(Membership.user_id == User.id, Tenant.is_active)
        .where(Permission.resource == "tenant", Permission.action == MAY_START)
    )
    second = select(SecondFactor.id).where(
        SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None)
    )
    columns = (
        User.username,
        User.password_hash,
        User.is_active,
        User.is_admin,
        exists(granted),
        exists(second),
    )
    rows = await session.execute(select(*columns).where(User.username.in_(usernames)))
    return [Account(*row) for row in rows]


async def keep_password_hash(session: AsyncSession, username: str, password_hash: str) -> None:
    """Keep another hash of the same password."""
    named = User.username == username
    await session.execute(update(User).where(named).values(password_hash=password_hash))
