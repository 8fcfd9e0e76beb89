"""people on requests: what is shown of a person is kept between requests; a tenant's dashboards are counted in an index."""

import sqlalchemy as sa
from alembic import op

from notehouse_core.store.generations import WATCHED, trigger

revision = "0017"
down_revision = "0016"
INDEX = "ix_dashboards_tenant_id_name"
BEFORE = ("username", "attributes", "is_active", "is_admin")


def upgrade() -> None:
    _watch(WATCHED["users"])
    _index("is_public", "owner_id", "id")


def downgrade() -> None:
    _watch(BEFORE)
    _index()


def _watch(columns: tuple[str, ...]) -> None:
    op.execute("DROP TRIGGER turn_generation ON users")
    op.execute(trigger("users", columns))


def _index(*beside: str) -> None:
    """Whether somebody may see a dashboard is found beside its name, without a look at the dashboard."""
    op.drop_index(INDEX, "dashboards")
    living = sa.text("deleted_at IS NULL")
    columns = ["tenant_id", "name"]
    op.create_index(INDEX, "dashboards", columns, postgresql_where=living, postgresql_include=beside)
