"""isolation: Postgres shows a transaction its own tenants' rows only, and references stay within a tenant."""

from alembic import op

from notehouse_core.store.isolation import FUNCTIONS, isolate, referable, within_tenant

revision = "0009"
down_revision = "0008"

TABLES = (
    "alert_history", "alert_states", "alerts", "audit_events", "channels", "comments", "dashboard_links",
    "dashboard_permissions", "dashboard_versions", "dashboards", "data_sources", "deliveries", "memberships",
    "permissions", "roles", "runs", "saved_queries", "schedules", "snapshots", "subscriptions", "tokens",
)  # fmt: skip
REFERABLE = (
    "alerts",
    "channels",
    "dashboard_versions",
    "dashboards",
    "data_sources",
    "roles",
    "runs",
    "schedules",
)
REFERENCES = (
    ("dashboards", "published_version_id", "dashboard_versions"),
    ("alert_states", "alert_id", "alerts"),
    ("dashboard_links", "dashboard_id", "dashboards"),
    ("dashboard_permissions", "role_id", "roles"),
    ("dashboard_permissions", "dashboard_id", "dashboards"),
    ("dashboard_versions", "dashboard_id", "dashboards"),
    ("memberships", "role_id", "roles"),
    ("permissions", "role_id", "roles"),
    ("saved_queries", "data_source_id", "data_sources"),
    ("schedules", "dashboard_id", "dashboards"),
    ("subscriptions", "dashboard_id", "dashboards"),
    ("subscriptions", "channel_id", "channels"),
    ("comments", "dashboard_id", "dashboards"),
    ("comments", "version_id", "dashboard_versions"),
    ("runs", "alert_id", "alerts"),
    ("runs", "schedule_id", "schedules"),
    ("snapshots", "version_id", "dashboard_versions"),
    ("alert_history", "alert_id", "alerts"),
    ("alert_history", "run_id", "runs"),
)


def upgrade() -> None:
    """References first: they are checked against the rows there are."""
    for statement in (
        *FUNCTIONS,
        *(referable(table) for table in REFERABLE),
        *(within_tenant(*reference) for reference in REFERENCES),
        *(statement for table in TABLES for statement in isolate(table)),
        *isolate("tenants", "id"),
    ):
        op.execute(statement)
