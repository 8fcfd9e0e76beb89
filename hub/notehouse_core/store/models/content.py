"""What people make: data sources, dashboards and their versions, snapshots."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column, relationship

from notehouse_core.store.models.accounts import Role, Tenant, User
from notehouse_core.store.models.base import TenantRow

_EMPTY = text("'{}'::jsonb")
_NONE = text("'[]'::jsonb")
_LIVING = text("deleted_at IS NULL")
_WAITING = text("status IN ('pending', 'rendering')")


class DataSource(TenantRow):
    """A database that a tenant queries; `connection_config` holds no secret.

    One that is not external is a database of the platform's own ClickHouse. An external one may be shown there under a
    database of its own, `attached_as`.
    """

    __tablename__ = "data_sources"
    __table_args__ = (UniqueConstraint("tenant_id", "name"), UniqueConstraint("attached_as"))

    name: Mapped[str]
    type: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="", default="")
    connection_config: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    secret: Mapped[bytes | None]
    secret_key_id: Mapped[str | None]
    secret_fields: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"), default=list)
    is_external: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    attached_as: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default="untested", default="untested")
    status_message: Mapped[str] = mapped_column(server_default="", default="")
    last_tested_at: Mapped[datetime | None]

    tenant: Mapped[Tenant] = relationship()


class Dashboard(TenantRow):
    """A published notebook under an address of its own; `is_public` means public within the tenant."""

    __tablename__ = "dashboards"
    __table_args__ = (
        Index(
            "uq_dashboards_tenant_id_slug",
            "tenant_id",
            "slug",
            unique=True,
            postgresql_where=_LIVING,
        ),
        Index(
            "ix_dashboards_tenant_id_name",
            "tenant_id",
            "name",
            postgresql_where=_LIVING,
            postgresql_include=("is_public", "owner_id", "id"),
        ),
    )

    slug: Mapped[str]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="", default="")
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    tags: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"), default=list)
    is_public: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    published_version_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("dashboard_versions.id", use_alter=True, name="fk_dashboards_published_version_id")
    )
    thumbnail: Mapped[str | None]
    deleted_at: Mapped[datetime | None]

    tenant: Mapped[Tenant] = relationship()
    owner: Mapped[User] = relationship()
    published_version: Mapped[DashboardVersion | None] = relationship(
        foreign_keys=[published_version_id], post_update=True
    )
    permissions: Mapped[list[DashboardPermission]] = relationship(
        back_populates="dashboard", cascade="all, delete-orphan"
    )


class DashboardVersion(TenantRow):
    """One publication of a notebook: immutable but for its state, until that is ready or failed."""

    __tablename__ = "dashboard_versions"
    __table_args__ = (
        UniqueConstraint("dashboard_id", "number"),
        CheckConstraint("state IN ('rendering', 'ready', 'failed')", name="known_state"),
    )

    dashboard_id: Mapped[UUID] = mapped_column(ForeignKey("dashboards.id"), index=True)
    number: Mapped[int]
    notebook_sha256: Mapped[str]
    notebook: Mapped[str]  # artifact key
    parameters: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    layout: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    filters: Mapped[list[Any]] = mapped_column(server_default=_NONE, default=list)
    tiles: Mapped[list[Any]] = mapped_column(server_default=_NONE, default=list)
    message: Mapped[str] = mapped_column(server_default="", default="")
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(server_default="rendering", default="rendering")
    error: Mapped[dict[str, Any] | None]

    dashboard: Mapped[Dashboard] = relationship(foreign_keys=[dashboard_id])
    author: Mapped[User] = relationship()


class DashboardPermission(TenantRow):
    """A person or a role, and what it may do with a dashboard."""

    __tablename__ = "dashboard_permissions"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (role_id IS NULL)", name="user_or_role"),
        CheckConstraint("permission_type IN ('view', 'edit', 'share', 'admin')", name="known_type"),
    )

    dashboard_id: Mapped[UUID] = mapped_column(ForeignKey("dashboards.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role_id: Mapped[UUID | None] = mapped_column(ForeignKey("roles.id", ondelete="CASCADE"), index=True)
    permission_type: Mapped[str]
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    dashboard: Mapped[Dashboard] = relationship(back_populates="permissions")
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    role: Mapped[Role | None] = relationship()


class Snapshot(TenantRow):
    """A version's page for one access class and one set of parameters.

    `leased_until` belongs to the renderer at work; a lease that has passed may be taken over, and one that failed is left
    alone until then. `watermark` is the state of the tables that it was last made from; one that is made once more is
    shown as it was.
    """

    __tablename__ = "snapshots"
    __table_args__ = (
        UniqueConstraint("version_id", "parameters_hash", "access_class"),
        CheckConstraint("status IN ('pending', 'rendering', 'ready', 'failed')", name="known_status"),
        Index("ix_snapshots_waiting", "created_at", postgresql_where=_WAITING),
    )

    version_id: Mapped[UUID] = mapped_column(ForeignKey("dashboard_versions.id"))
    access_class: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    parameters_hash: Mapped[str]
    watermark: Mapped[str] = mapped_column(server_default="", default="")
    status: Mapped[str] = mapped_column(server_default="pending", default="pending")
    artifact: Mapped[str | None]
    bytes: Mapped[int | None]
    cells: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    query_ids: Mapped[list[Any]] = mapped_column(server_default=_NONE, default=list)
    error: Mapped[dict[str, Any] | None]
    attempt: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    leased_until: Mapped[datetime | None]
    rendered_at: Mapped[datetime | None]

    version: Mapped[DashboardVersion] = relationship()

    @property
    def is_shown(self) -> bool:
        """Whether there is a page to look at."""
        return self.artifact is not None and self.status != "failed"
