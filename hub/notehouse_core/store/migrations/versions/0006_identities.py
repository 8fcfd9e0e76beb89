"""identities of an OpenID provider."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """People may come from a provider, and roles too."""
    op.add_column("users", sa.Column("oidc_subject", sa.String(), nullable=True))
    op.create_unique_constraint(op.f("uq_users_oidc_subject"), "users", ["oidc_subject"])
    op.add_column("memberships", sa.Column("origin", sa.String(), server_default="local", nullable=False))
    op.create_check_constraint(
        op.f("ck_memberships_known_origin"), "memberships", "origin IN ('local', 'oidc')"
    )
