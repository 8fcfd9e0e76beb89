"""dashboards by name: the first page of a tenant's list is read in its order."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
INDEX = "ix_dashboards_tenant_id_name"


def upgrade() -> None:
    living = sa.text("deleted_at IS NULL")
    op.create_index(INDEX, "dashboards", ["tenant_id", "name"], postgresql_where=living)


def downgrade() -> None:
    op.drop_index(INDEX, "dashboards")
