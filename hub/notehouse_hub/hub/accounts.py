"""What does the Hub need to know of a person? The account, and the groups that its roles make it a member of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import Membership, Permission, Tenant, User
from notehouse_hub.hub.roles import ANALYSTS, VIEWERS

MAY_START = "start-server"


@dataclass(frozen=True)
class Account:
    """A local account as it is now."""

    username: str
    password_hash: str | None
    is_active: bool
    is_admin: bool
    may_start_server: bool

    def model(self) -> dict[str, Any]:
        """What the Hub keeps of an account: the platform admin is the Hub's too."""
        return {"name": self.username, "admin": self.is_admin, "groups": self.groups}

    @property
    def groups(self) -> list[str]:
        """Everyone may open the portal; who may start a server is an analyst to the Hub."""
        return [ANALYSTS if self.may_start_server or self.is_admin else VIEWERS]


async def find_account(session: AsyncSession, username: str) -> Account | None:
    """The account of a name; None when there is none."""
    granted = (
        select(Membership.id)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .join(Permission, Permission.role_id == Membership.role_id)
        .where(Membership.user_id == User.id, Tenant.is_active)
        .where(Permission.resource == "tenant", Permission.action == MAY_START)
    )
    columns = (User.username, User.password_hash, User.is_active, User.is_admin, exists(granted))
    row = (await session.execute(select(*columns).where(User.username == username))).one_or_none()
    return Account(*row) if row else None


async def note_login(session: AsyncSession, account: Account) -> None:
    """Remember when somebody last logged in."""
    named = User.username == account.username
    await session.execute(update(User).where(named).values(last_login_at=func.now()))
