"""What runs by itself: schedules and their runs; and the tokens that work is done with."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from notehouse_core.store.models.accounts import Tenant, User
from notehouse_core.store.models.base import Base, Row, TenantRow
from notehouse_core.store.models.content import Dashboard

_EMPTY = text("'{}'::jsonb")
_NONE = text("'[]'::jsonb")
_LIVING = text("deleted_at IS NULL")
RUN_STATES = ("queued", "running", "succeeded", "failed", "held", "skipped", "cancelled")


class Schedule(TenantRow):
    """A notebook (or a dashboard's published one) and when it runs; `cron` is read in `timezone`."""

    __tablename__ = "schedules"
    __table_args__ = (
        Index(
            "uq_schedules_tenant_id_name",
            "tenant_id",
            "name",
            unique=True,
            postgresql_where=_LIVING,
        ),
        CheckConstraint("(notebook IS NULL) <> (dashboard_id IS NULL)", name="notebook_or_dashboard"),
        CheckConstraint("catch_up IN ('skip', 'latest', 'all')", name="known_catch_up"),
    )

    name: Mapped[str]
    notebook: Mapped[str | None]  # artifact key
    notebook_name: Mapped[str] = mapped_column(server_default="", default="")
    dashboard_id: Mapped[UUID | None] = mapped_column(ForeignKey("dashboards.id"))
    cron: Mapped[str]
    timezone: Mapped[str] = mapped_column(server_default="UTC", default="UTC")
    parameters: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    run_as_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    catch_up: Mapped[str] = mapped_column(server_default="latest", default="latest")
    retries: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    timeout_seconds: Mapped[int] = mapped_column(server_default=text("3600"), default=3600)
    recipients: Mapped[list[Any]] = mapped_column(server_default=_NONE, default=list)
    formats: Mapped[list[Any]] = mapped_column(server_default=_NONE, default=list)
    gate: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    active_since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ticked_until: Mapped[datetime | None]  # every due time up to here has its run
    deleted_at: Mapped[datetime | None]

    tenant: Mapped[Tenant] = relationship()
    run_as: Mapped[User] = relationship(foreign_keys=[run_as_id])
    owner: Mapped[User] = relationship(foreign_keys=[owner_id])
    dashboard: Mapped[Dashboard | None] = relationship()


class Run(TenantRow):
    """One execution of a notebook. `local_minute` is the schedule's wall clock: never two runs for one."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("schedule_id", "local_minute"),
        UniqueConstraint("alert_id", "local_minute"),
        CheckConstraint(f"state IN {RUN_STATES}", name="known_state"),
        CheckConstraint("trigger IN ('schedule', 'manual', 'retry', 'alert')", name="known_trigger"),
        Index("ix_runs_tenant_id_created_at", "tenant_id", "created_at"),
        Index("ix_runs_open", "state", postgresql_where=text("state IN ('queued', 'running')")),
    )

    schedule_id: Mapped[UUID | None] = mapped_column(ForeignKey("schedules.id"), index=True)
    alert_id: Mapped[UUID | None] = mapped_column(ForeignKey("alerts.id"), index=True)
    trigger: Mapped[str] = mapped_column(server_default="schedule", default="schedule")
    requested_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    run_as_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(server_default="", default="")
    notebook: Mapped[str]  # artifact key
    scheduled_for: Mapped[datetime]
    local_minute: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="queued", default="queued")
    attempt: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    retries: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    timeout_seconds: Mapped[int] = mapped_column(server_default=text("3600"), default=3600)
    parameters: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    access_class: Mapped[str | None]
    artifacts: Mapped[list[Any]] = mapped_column(server_default=_NONE, default=list)
    error: Mapped[dict[str, Any] | None]
    progress: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    worker: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    schedule: Mapped[Schedule | None] = relationship()
    run_as: Mapped[User] = relationship(foreign_keys=[run_as_id])
    tenant: Mapped[Tenant] = relationship()


class Token(Row):
    """An execution token that was issued: never the token, only its hash, so that it can be revoked."""

    __tablename__ = "tokens"
    __table_args__ = (CheckConstraint("purpose IN ('interactive', 'run', 'view')", name="known_purpose"),)

    tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str] = mapped_column(index=True)
    purpose: Mapped[str]
    access_class: Mapped[str | None]
    object: Mapped[str] = mapped_column(server_default="", default="")
    issued_by: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class AuditEvent(Base):
    """Who did what, to what; append only. Postgres gives `number` and `hash`, which chains each row to the one before."""

    __tablename__ = "audit_events"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"), index=True)
    tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id"), index=True)
    actor: Mapped[str]
    action: Mapped[str]
    object: Mapped[str] = mapped_column(server_default="", default="")
    details: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    hash: Mapped[bytes]
