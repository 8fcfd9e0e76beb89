"""What people share: queries, comments, links to dashboards, and where messages go."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column, relationship

from notehouse_core.store.models.accounts import Tenant, User
from notehouse_core.store.models.base import TenantRow
from notehouse_core.store.models.content import Dashboard, DataSource

_EMPTY = text("'{}'::jsonb")
_NONE = text("'[]'::jsonb")
_NO_TEXTS = text("'{}'")
_LIVING = text("deleted_at IS NULL")


class SavedQuery(TenantRow):
    """SQL under a name, with typed parameters; `is_public` means public within the tenant."""

    __tablename__ = "saved_queries"
    __table_args__ = (
        Index("uq_saved_queries_tenant_id_name", "tenant_id", "name", unique=True, postgresql_where=_LIVING),
    )

    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="", default="")
    sql: Mapped[str]
    parameters: Mapped[list[Any]] = mapped_column(server_default=_NONE, default=list)  # {name, type, default}
    data_source_id: Mapped[UUID] = mapped_column(ForeignKey("data_sources.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    tags: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=_NO_TEXTS, default=list)
    is_public: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    deleted_at: Mapped[datetime | None]

    tenant: Mapped[Tenant] = relationship()
    owner: Mapped[User] = relationship()
    data_source: Mapped[DataSource] = relationship()


class DashboardLink(TenantRow):
    """A link or an embed: whoever has it sees a dashboard as one access class, with fixed parameters, until it ends."""

    __tablename__ = "dashboard_links"
    __table_args__ = (CheckConstraint("kind IN ('link', 'embed')", name="known_kind"),)

    dashboard_id: Mapped[UUID] = mapped_column(ForeignKey("dashboards.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(server_default="link", default="link")
    token_sha256: Mapped[str] = mapped_column(unique=True)
    access_class: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    frame_ancestors: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=_NO_TEXTS, default=list)
    note: Mapped[str] = mapped_column(server_default="", default="")
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    dashboard: Mapped[Dashboard] = relationship()
    created_by: Mapped[User] = relationship()


class Comment(TenantRow):
    """What somebody says of a dashboard or one of its tiles, as it was in one version."""

    __tablename__ = "comments"

    dashboard_id: Mapped[UUID] = mapped_column(ForeignKey("dashboards.id", ondelete="CASCADE"), index=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("dashboard_versions.id"))
    tile: Mapped[str] = mapped_column(server_default="", default="")
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str]
    resolved_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    dashboard: Mapped[Dashboard] = relationship()
    author: Mapped[User] = relationship()


class Channel(TenantRow):
    """Where messages can go: an address under a name; what it takes to write there is sealed."""

    __tablename__ = "channels"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("type IN ('mail', 'slack', 'teams', 'webhook', 'in-app')", name="known_type"),
    )

    name: Mapped[str]
    type: Mapped[str]
    config: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    secret: Mapped[bytes | None]
    secret_key_id: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"), default=True)

    tenant: Mapped[Tenant] = relationship()


class Subscription(TenantRow):
    """Somebody who wants to hear of a dashboard: of new versions, of comments, or of its page on a schedule."""

    __tablename__ = "subscriptions"
    __table_args__ = (UniqueConstraint("dashboard_id", "user_id"),)

    dashboard_id: Mapped[UUID] = mapped_column(ForeignKey("dashboards.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    channel_id: Mapped[UUID | None] = mapped_column(ForeignKey("channels.id", ondelete="SET NULL"))
    events: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=_NO_TEXTS, default=list)

    dashboard: Mapped[Dashboard] = relationship()
    user: Mapped[User] = relationship()
