"""audit chain: each event carries a hash of itself and the one before, and nobody changes or takes one away."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

HASH = """
CREATE FUNCTION notehouse_audit_hash(previous bytea, one audit_events) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(jsonb_build_array(
    encode(previous, 'hex'), one.number, to_char(one.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
    one.tenant_id, one.actor, one.action, one.object, one.details, one.address, one.request_id)::text, 'UTF8'))
$$"""
# The lock (any number that only this uses) is held from an event to its transaction's end: the chain has one order.
CHAIN = """
CREATE FUNCTION notehouse_chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  scope text := coalesce(current_setting('notehouse.tenants', true), '');
  last audit_events;
BEGIN
  PERFORM set_config('notehouse.tenants', '*', true);  -- the chain goes through all tenants
  PERFORM pg_advisory_xact_lock(1635084649);
  SELECT * INTO last FROM audit_events ORDER BY number DESC LIMIT 1;
  NEW.number := coalesce(last.number, 0) + 1;
  NEW.created_at := clock_timestamp();
  NEW.hash := notehouse_audit_hash(coalesce(last.hash, ''), NEW);
  PERFORM set_config('notehouse.tenants', scope, true);
  RETURN NEW;
END $$"""
KEEP = """
CREATE FUNCTION notehouse_keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The audit is append only: no event may be changed or taken away.' USING ERRCODE = '42501';
END $$"""
BREAK = """
CREATE FUNCTION notehouse_audit_break() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  scope text := coalesce(current_setting('notehouse.tenants', true), '');
  found bigint;
BEGIN
  PERFORM set_config('notehouse.tenants', '*', true);
  SELECT min(number) INTO found FROM (
    SELECT a.number, a.hash <> notehouse_audit_hash(lag(a.hash, 1, '') OVER chain, a)
        OR a.number <> row_number() OVER chain AS broken
    FROM audit_events a WINDOW chain AS (ORDER BY a.number)) looked_at WHERE broken;
  PERFORM set_config('notehouse.tenants', scope, true);
  RETURN found;
END $$"""
REVOKE = """
DO $$ DECLARE one text; BEGIN
  FOR one IN SELECT DISTINCT grantee FROM information_schema.role_table_grants
             WHERE table_name = 'audit_events' AND grantee <> current_user LOOP
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON audit_events FROM %I', one);
  END LOOP;
END $$"""


def upgrade() -> None:
    """Chain what there is, then keep it."""
    op.add_column("audit_events", sa.Column("hash", sa.LargeBinary(), nullable=True))
    for statement in (HASH, CHAIN, KEEP):
        op.execute(statement)
    op.execute(
        "CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT tenant_id, actor, action, object, details, address, "
        "request_id FROM audit_events ORDER BY number"
    )
    op.execute("DELETE FROM audit_events")
    op.execute(
        "CREATE TRIGGER chain BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION notehouse_chain_audit()"
    )
    op.execute(
        "INSERT INTO audit_events (tenant_id, actor, action, object, details, address, request_id) SELECT * FROM kept"
    )
    op.alter_column("audit_events", "hash", nullable=False)
    op.execute(
        "CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION notehouse_keep_audit()"
    )
    op.execute(
        "CREATE TRIGGER keep_all BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT "
        "EXECUTE FUNCTION notehouse_keep_audit()"
    )
    op.execute("CREATE POLICY anyone_writes ON audit_events FOR INSERT WITH CHECK (true)")
    op.execute(BREAK)
    op.execute(REVOKE)
