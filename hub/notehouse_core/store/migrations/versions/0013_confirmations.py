"""confirmations: when a browser has last shown its person's password."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    column = sa.Column(
        "confirmed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
    )
    op.add_column("login_sessions", column)
    op.execute("UPDATE login_sessions SET confirmed_at = created_at")


def downgrade() -> None:
    op.drop_column("login_sessions", "confirmed_at")
