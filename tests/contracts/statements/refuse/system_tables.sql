# What the engine tells of itself and of others, and INFORMATION_SCHEMA.

SELECT * FROM system.query_log

SELECT * FROM `system`.`query_log`

SELECT * FROM "system"."query_log"

SELECT * FROM system . query_log

SELECT * FROM system/**/./**/query_log

SELECT query FROM system.processes

SELECT count() FROM system.parts

SELECT count() FROM system.parts_columns

SELECT * FROM system.users

SELECT * FROM system.roles

SELECT * FROM system.row_policies

SELECT * FROM system.grants

SELECT * FROM system.quotas

SELECT * FROM system.quota_usage

SELECT * FROM system.settings_profiles

SELECT * FROM system.settings_profile_elements

SELECT * FROM system.session_log

SELECT * FROM system.text_log

SELECT * FROM system.trace_log

SELECT * FROM system.part_log

SELECT * FROM system.metrics

SELECT * FROM system.asynchronous_metrics

SELECT * FROM system.events

SELECT * FROM system.errors

SELECT * FROM system.server_settings

SELECT * FROM system.merge_tree_settings

SELECT * FROM system.macros

SELECT * FROM system.clusters

SELECT * FROM system.disks

SELECT * FROM system.storage_policies

SELECT * FROM system.dictionaries

SELECT * FROM system.named_collections

SELECT * FROM system.mutations

SELECT * FROM system.merges

SELECT * FROM system.query_cache

SELECT * FROM system.backups

SELECT * FROM system.certificates

SELECT * FROM system.zookeeper WHERE path = '/'

SELECT * FROM system.stack_trace

SELECT * FROM system.symbols

SELECT * FROM system.detached_parts

SELECT * FROM system.data_skipping_indices

SELECT * FROM system.projections

SELECT * FROM system.views

SELECT * FROM system.licenses

SELECT * FROM system.build_options

SELECT * FROM system.contributors

SELECT * FROM system.numbers

SELECT * FROM system.no_such_table

SELECT 1 IN system.processes

SELECT 1 IN (SELECT count() FROM system.parts)

SELECT * FROM flights JOIN system.users AS u ON 1 = 1

SELECT * FROM (SELECT * FROM system.users)

WITH u AS (SELECT * FROM system.users) SELECT * FROM u

SELECT * FROM view(SELECT * FROM system.users)

SELECT (SELECT count() FROM system.parts)

SELECT * FROM {d:Identifier}.{t:Identifier}

SELECT * FROM {st:Identifier}

SELECT total_rows FROM system.tables

SELECT `total_rows` FROM system.tables

SELECT "total_rows" FROM system.tables

SELECT t.total_rows FROM system.tables AS t

SELECT tables.total_rows FROM system.tables

SELECT system.tables.total_rows FROM system.tables

SELECT x FROM (SELECT total_rows AS x FROM system.tables)

SELECT 1 FROM system.tables WHERE total_rows > 5

SELECT 1 FROM system.tables ORDER BY total_bytes

SELECT max(total_bytes) FROM system.tables

SELECT {hidden:Identifier} FROM system.tables

SELECT * FROM system.tables

SELECT t.* FROM system.tables AS t

SELECT * EXCEPT (name) FROM system.tables

SELECT COLUMNS('rows') FROM system.tables

SELECT COLUMNS('.*') APPLY(toString) FROM system.tables

SELECT COLUMNS(total_rows) FROM system.tables

SELECT (SELECT total_rows FROM system.tables LIMIT 1)

SELECT data_paths FROM system.tables

SELECT metadata_path FROM system.tables

SELECT create_table_query, uuid FROM system.tables

SELECT * FROM system.columns

SELECT data_uncompressed_bytes FROM system.columns

SELECT * FROM system.databases

SELECT data_path FROM system.databases

SELECT engine_full FROM system.databases

SELECT * FROM (SELECT * FROM system.tables)

SELECT * FROM (SELECT name FROM system.tables) JOIN system.tables AS t USING (name)

SELECT total_rows FROM (SELECT * FROM system.tables)

SELECT * FROM information_schema.tables

SELECT * FROM INFORMATION_SCHEMA.TABLES

SELECT * FROM INFORMATION_SCHEMA.COLUMNS

SELECT * FROM `information_schema`.schemata

SHOW PROCESSLIST

SHOW GRANTS

SHOW GRANTS FOR default

SHOW USERS

SHOW ROLES

SHOW CURRENT ROLES

SHOW PROFILES

SHOW POLICIES

SHOW QUOTAS

SHOW QUOTA

SHOW ACCESS

SHOW CREATE USER default

SHOW CREATE ROW POLICY p ON flights

SHOW CREATE QUOTA default

SHOW CREATE SETTINGS PROFILE default

SHOW CLUSTERS

SHOW CLUSTER 'default'

SHOW FILESYSTEM CACHES

SHOW MERGES

SHOW DICTIONARIES

SHOW PRIVILEGES

SHOW CREATE DICTIONARY d

SHOW TABLES WHERE name = 'x'

SHOW TABLES WHERE 1 = (SELECT count() FROM system.users)

DESCRIBE system.query_log

DESCRIBE TABLE (SELECT * FROM system.query_log)

EXISTS system.query_log

SHOW CREATE TABLE system.query_log

EXPLAIN SELECT * FROM system.query_log

EXPLAIN QUERY TREE SELECT * FROM system.users

WITH system.users AS u SELECT 1 IN u

SELECT system.users AS u, 1 IN u

SELECT 1 NOT IN system.users

SELECT 1 GLOBAL IN (system.users)

SELECT notNullIn(1, system.users)

SELECT arrayExists(x -> 1 IN x, [system.users])
