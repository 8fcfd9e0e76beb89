"""What watches by itself and what is sent: alerts, their states and history, and the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from notehouse_core.alerting import STATES
from notehouse_core.store.models.accounts import Tenant, User
from notehouse_core.store.models.base import TenantRow

_EMPTY = text("'{}'::jsonb")
_LIVING = text("deleted_at IS NULL")
DELIVERY_STATES = ("pending", "sending", "sent", "dead")


class Alert(TenantRow):
    """A condition on a query's rows, or a notebook that raises one; looked at when `cron` says."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("uq_alerts_tenant_id_name", "tenant_id", "name", unique=True, postgresql_where=_LIVING),
        CheckConstraint("(sql IS NULL) <> (notebook IS NULL)", name="sql_or_notebook"),
    )

    name: Mapped[str]
    data_source: Mapped[str] = mapped_column(server_default="warehouse", default="warehouse")
    sql: Mapped[str | None]
    notebook: Mapped[str | None]  # artifact key
    condition: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    group_by: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"), default=list)
    for_seconds: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    cron: Mapped[str]
    timezone: Mapped[str] = mapped_column(server_default="UTC", default="UTC")
    notification: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    active_since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ticked_until: Mapped[datetime | None]  # every due time up to here was looked at
    muted_until: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]  # a worker looks right now
    deleted_at: Mapped[datetime | None]

    tenant: Mapped[Tenant] = relationship()
    owner: Mapped[User] = relationship()
    states: Mapped[list[AlertState]] = relationship(order_by="AlertState.group_key")


class AlertState(TenantRow):
    """Where an alert stands for one group of rows; `group_key` is empty where it does not group."""

    __tablename__ = "alert_states"
    __table_args__ = (
        UniqueConstraint("alert_id", "group_key"),
        CheckConstraint(f"state IN {STATES}", name="known_state"),
    )

    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alerts.id"), index=True)
    group_key: Mapped[str] = mapped_column(server_default="", default="")
    state: Mapped[str] = mapped_column(server_default="normal", default="normal")
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    value: Mapped[float | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]


class AlertEvaluation(TenantRow):
    """One look at an alert: what was found and what changed."""

    __tablename__ = "alert_history"
    __table_args__ = (Index("ix_alert_history_alert_id_created_at", "alert_id", "created_at"),)

    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alerts.id"))
    group_key: Mapped[str] = mapped_column(server_default="", default="")
    state_before: Mapped[str]
    state: Mapped[str]
    value: Mapped[float | None]
    threshold: Mapped[float | None]
    rows: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"), default=list)
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id"))
    notified: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    error: Mapped[str | None]


class Delivery(TenantRow):
    """A message that is owed: written in the transaction that decided, sent afterwards, retried."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(f"state IN {DELIVERY_STATES}", name="known_state"),
        CheckConstraint("kind IN ('mail', 'webhook')", name="known_kind"),
        Index("ix_deliveries_open", "next_try_at", postgresql_where=text("state IN ('pending', 'sending')")),
        Index("ix_deliveries_tenant_id_created_at", "tenant_id", "created_at"),
    )

    idempotency_key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    address: Mapped[str]
    subject: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(server_default=_EMPTY, default=dict)
    state: Mapped[str] = mapped_column(server_default="pending", default="pending")
    attempts: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    next_try_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    leased_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    message: Mapped[str | None]  # artifact key of what was sent
    object: Mapped[str] = mapped_column(server_default="", default="")  # run:<id> or alert:<id>

    tenant: Mapped[Tenant] = relationship()
