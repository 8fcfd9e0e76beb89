"""What is known of the tables of a data source, and how far the reading of them is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from notehouse_core.store.models.base import TenantRow

REFRESH_STATES = ("running", "ready", "failed")


class SourceColumn(TenantRow):
    """A column of a source as it was last read; what is said of its table stands beside each of its columns."""

    __tablename__ = "data_source_schemas"
    __table_args__ = (UniqueConstraint("data_source_id", "schema", "table", "column"),)

    data_source_id: Mapped[UUID] = mapped_column(ForeignKey("data_sources.id", ondelete="CASCADE"))
    schema: Mapped[str]
    table: Mapped[str]
    column: Mapped[str]
    position: Mapped[int]
    type: Mapped[str]
    nullable: Mapped[bool]
    default: Mapped[str | None]
    comment: Mapped[str] = mapped_column(server_default="", default="")
    table_comment: Mapped[str] = mapped_column(server_default="", default="")
    rows: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int | None] = mapped_column(BigInteger)


class SchemaRefresh(TenantRow):
    """The last reading of a source's tables; `updated_at` is its heartbeat while it runs."""

    __tablename__ = "schema_refreshes"
    __table_args__ = (CheckConstraint(f"state IN {REFRESH_STATES}", name="known_state"),)

    data_source_id: Mapped[UUID] = mapped_column(
        ForeignKey("data_sources.id", ondelete="CASCADE"), unique=True
    )
    state: Mapped[str] = mapped_column(server_default="running", default="running")
    tables_done: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    tables_total: Mapped[int | None]
    error: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ended_at: Mapped[datetime | None]
