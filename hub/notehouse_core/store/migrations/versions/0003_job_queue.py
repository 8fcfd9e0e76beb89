"""The job queue: procrastinate's own tables and functions, from the release in use."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make them in the schema's own transaction; many statements at once, so past SQLAlchemy."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None  # noqa: S101 - a connection in use
    connection.execute(SchemaManager.get_schema())
