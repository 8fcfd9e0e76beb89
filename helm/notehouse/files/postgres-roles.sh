#!/bin/sh
# Roles and databases of a new Postgres: the owner of the schema only migrates, the app reads and writes rows, the
# Hub has a database of its own.
set -eu
psql --username=postgres --no-psqlrc --set=ON_ERROR_STOP=1 \
  --set=owner="$OWNER_PASSWORD" --set=app="$APP_PASSWORD" --set=hub="$HUB_PASSWORD" <<'SQL'
CREATE ROLE notehouse_owner LOGIN PASSWORD :'owner';
CREATE ROLE notehouse_app LOGIN PASSWORD :'app';
CREATE ROLE notehouse_hub LOGIN PASSWORD :'hub';
CREATE DATABASE notehouse OWNER notehouse_owner;
CREATE DATABASE hub OWNER notehouse_hub;
REVOKE ALL ON DATABASE notehouse FROM PUBLIC;
REVOKE ALL ON DATABASE hub FROM PUBLIC;
GRANT CONNECT ON DATABASE notehouse TO notehouse_app;
\connect notehouse
ALTER DEFAULT PRIVILEGES FOR ROLE notehouse_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO notehouse_app;
ALTER DEFAULT PRIVILEGES FOR ROLE notehouse_owner GRANT USAGE ON SEQUENCES TO notehouse_app;
ALTER DEFAULT PRIVILEGES FOR ROLE notehouse_owner GRANT USAGE ON TYPES TO notehouse_app;
ALTER DEFAULT PRIVILEGES FOR ROLE notehouse_owner GRANT EXECUTE ON FUNCTIONS TO notehouse_app;
SQL
