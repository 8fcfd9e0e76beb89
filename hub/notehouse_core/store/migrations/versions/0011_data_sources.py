"""data sources outside of the house, and what is known of their tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from notehouse_core.store.isolation import isolate, within_tenant

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Sources of any type; a cache of their schemas; how far reading them is."""
    op.drop_constraint(op.f("ck_data_sources_known_type"), "data_sources", type_="check")
    op.add_column(
        "data_sources",
        sa.Column(
            "secret_fields", postgresql.ARRAY(sa.TEXT()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column(
        "data_sources",
        sa.Column("is_external", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("data_sources", sa.Column("attached_as", sa.String(), nullable=True))
    op.add_column("data_sources", sa.Column("status_message", sa.String(), server_default="", nullable=False))
    op.create_unique_constraint(op.f("uq_data_sources_attached_as"), "data_sources", ["attached_as"])
    op.create_table(
        "data_source_schemas",
        sa.Column("data_source_id", sa.Uuid(), nullable=False),
        sa.Column("schema", sa.String(), nullable=False),
        sa.Column("table", sa.String(), nullable=False),
        sa.Column("column", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("nullable", sa.Boolean(), nullable=False),
        sa.Column("default", sa.String(), nullable=True),
        sa.Column("comment", sa.String(), server_default="", nullable=False),
        sa.Column("table_comment", sa.String(), server_default="", nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        *_common(),
        sa.ForeignKeyConstraint(
            ["data_source_id"], ["data_sources.id"], name=op.f("fk_data_source_schemas_data_source_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_data_source_schemas_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_source_schemas")),
        sa.UniqueConstraint(
            "data_source_id", "schema", "table", "column",
            name=op.f("uq_data_source_schemas_data_source_id_schema_table_column"),
        ),
    )  # fmt: skip
    op.create_index(
        op.f("ix_data_source_schemas_tenant_id"), "data_source_schemas", ["tenant_id"], unique=False
    )
    op.create_table(
        "schema_refreshes",
        sa.Column("data_source_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), server_default="running", nullable=False),
        sa.Column("tables_done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tables_total", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_common(),
        sa.CheckConstraint(
            "state IN ('running', 'ready', 'failed')", name=op.f("ck_schema_refreshes_known_state")
        ),
        sa.ForeignKeyConstraint(
            ["data_source_id"], ["data_sources.id"], name=op.f("fk_schema_refreshes_data_source_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_schema_refreshes_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schema_refreshes")),
        sa.UniqueConstraint("data_source_id", name=op.f("uq_schema_refreshes_data_source_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_schema_refreshes_tenant_id"), "schema_refreshes", ["tenant_id"], unique=False)
    for table in ("data_source_schemas", "schema_refreshes"):
        op.execute(within_tenant(table, "data_source_id", "data_sources"))
        for statement in isolate(table):
            op.execute(statement)


def _common() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
