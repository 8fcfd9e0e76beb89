"""People, tenants, and who has which role where."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from notehouse_core.store.models.base import Base, Row, TenantRow

_EMPTY = text("'{}'::jsonb")


class Tenant(Row):
    """A company or a team; rows of one are never seen by another."""

    __tablename__ = "tenants"

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"), default=True)


class User(Row):
    """A person. `is_admin` is the platform admin, who belongs to no tenant."""

    __tablename__ = "users"

    username: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str | None]
    first_name: Mapped[str] = mapped_column(server_default="", default="")
    last_name: Mapped[str] = mapped_column(server_default="", default="")
    password_hash: Mapped[str | None]
    oidc_subject: Mapped[str | None] = mapped_column(unique=True)  # issuer and subject at an OpenID provider
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    preferences: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    is_admin: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    last_login_at: Mapped[datetime | None]

    memberships: Mapped[list[Membership]] = relationship(back_populates="user", cascade="all, delete-orphan")


class Invitation(Row):
    """A link by which somebody chooses their password; `used_at` once they have."""

    __tablename__ = "invitations"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Role(TenantRow):
    """A set of permissions under a name; built-in ones come with every tenant."""

    __tablename__ = "roles"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="", default="")
    is_builtin: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    limits: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)  # see access.Limits

    permissions: Mapped[list[Permission]] = relationship(back_populates="role", cascade="all, delete-orphan")
    tenant: Mapped[Tenant] = relationship()


class Permission(TenantRow):
    """One thing a role may do.

    For the platform: resource "tenant", action from `notehouse_core.policy.ACTIONS`. For data: resource
    "data:<source>/<database>.<table>", action "select", conditions {"row_filter": ..., "columns": [...],
    "insert": true}.
    """

    __tablename__ = "permissions"

    role_id: Mapped[UUID] = mapped_column(ForeignKey("roles.id", ondelete="CASCADE"), index=True)
    resource: Mapped[str]
    action: Mapped[str]
    conditions: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)

    role: Mapped[Role] = relationship(back_populates="permissions")


class Membership(TenantRow):
    """A person's role in a tenant."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("user_id", "role_id"),
        CheckConstraint("origin IN ('local', 'oidc')", name="known_origin"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role_id: Mapped[UUID] = mapped_column(ForeignKey("roles.id", ondelete="CASCADE"), index=True)

    origin: Mapped[str] = mapped_column(server_default="local", default="local")

    user: Mapped[User] = relationship(back_populates="memberships")
    role: Mapped[Role] = relationship()
    tenant: Mapped[Tenant] = relationship()


class UnixUser(Base):
    """Which Unix user a Hub user's processes run as: its place in the range, never given twice."""

    __tablename__ = "unix_users"
    __table_args__ = (CheckConstraint('"offset" >= 0', name="offset_is_not_negative"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    offset: Mapped[int] = mapped_column(Identity(start=0, minvalue=0), unique=True)
