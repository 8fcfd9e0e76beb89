"""rights generation: Postgres counts the changes of what people may see."""

import sqlalchemy as sa
from alembic import op

from notehouse_core.store.generations import FUNCTION, WATCHED, trigger

revision = "0015"
down_revision = "0014"
TABLE = "rights_generation"
REVOKE = """
DO $$ DECLARE one text; BEGIN
  FOR one IN SELECT DISTINCT grantee FROM information_schema.role_table_grants
             WHERE table_name = 'rights_generation' AND grantee <> current_user LOOP
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON rights_generation FROM %I', one);
  END LOOP;
END $$"""


def upgrade() -> None:
    """The app reads the number; only the function moves it."""
    op.create_table(
        TABLE,
        sa.Column("single", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("single", name=op.f(f"ck_{TABLE}_one_row")),
        sa.PrimaryKeyConstraint("single", name=op.f(f"pk_{TABLE}")),
    )
    op.execute(f"INSERT INTO {TABLE} DEFAULT VALUES")
    op.execute(REVOKE)
    op.execute(FUNCTION)
    for table, columns in WATCHED.items():
        op.execute(trigger(table, columns))


def downgrade() -> None:
    for table in WATCHED:
        op.execute(f"DROP TRIGGER turn_generation ON {table}")
    op.execute("DROP FUNCTION notehouse_turn_generation")
    op.drop_table(TABLE)
