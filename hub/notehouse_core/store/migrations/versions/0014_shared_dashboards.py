"""shared dashboards: found by the person or the role that they are shared with."""

from alembic import op

revision = "0014"
down_revision = "0013"
TABLE, COLUMNS = "dashboard_permissions", ("user_id", "role_id")


def upgrade() -> None:
    for column in COLUMNS:
        op.create_index(op.f(f"ix_{TABLE}_{column}"), TABLE, [column])


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_index(op.f(f"ix_{TABLE}_{column}"), TABLE)
