# Settings that are not a caller's to give, in every place where a statement may give them.

SELECT 1 SETTINGS readonly = 0

SELECT 1 SETTINGS readonly = 1

SELECT 1 SETTINGS `readonly` = 0

SELECT 1 SETTINGS "readonly" = 0

SELECT 1 settings READONLY = 0

SELECT 1 SETTINGS/**/readonly/**/=/**/0

SELECT 1 SETTINGS -- c
readonly = 0

SELECT 1 SETTINGS max_threads = 1, readonly = 0

SELECT 1 SETTINGS max_threads = 1, max_block_size = 1, allow_ddl = 1

SELECT 1 FORMAT CSV SETTINGS allow_ddl = 1

SELECT 1 SETTINGS allow_ddl = 1 FORMAT CSV

SELECT 1 SETTINGS max_threads = 1 FORMAT CSV SETTINGS allow_ddl = 1

SELECT * FROM (SELECT 1 SETTINGS readonly = 0)

SELECT * FROM (SELECT * FROM (SELECT 1 SETTINGS readonly = 0) SETTINGS max_threads = 1) SETTINGS max_threads = 1

SELECT 1 UNION ALL SELECT 2 SETTINGS readonly = 0

SELECT 1 SETTINGS readonly = 0 UNION ALL SELECT 2

(SELECT 1 SETTINGS readonly = 0) UNION ALL (SELECT 2)

SELECT 1 INTERSECT SELECT 1 SETTINGS readonly = 0

WITH a AS (SELECT 1 SETTINGS readonly = 0) SELECT * FROM a

SELECT (SELECT 1 SETTINGS readonly = 0)

SELECT 1 IN (SELECT 1 SETTINGS readonly = 0)

SELECT * FROM view(SELECT 1 SETTINGS readonly = 0)

SELECT * FROM flights AS f JOIN (SELECT 1 AS x SETTINGS readonly = 0) AS g ON f.origin = toString(g.x)

EXPLAIN SELECT 1 SETTINGS readonly = 0

EXPLAIN indexes = 1 SELECT * FROM flights

EXPLAIN json = 1, indexes = 1 SELECT * FROM flights

EXPLAIN projections = 1 SELECT * FROM flights

EXPLAIN readonly = 0 SELECT 1

EXPLAIN PLAN max_threads = 1 SELECT 1

EXPLAIN SYNTAX readonly = 0 SELECT 1

EXPLAIN AST max_query_size = 1 SELECT 1

DESCRIBE flights SETTINGS readonly = 0

DESCRIBE (SELECT 1 SETTINGS readonly = 0)

SHOW CREATE TABLE flights SETTINGS readonly = 0

SHOW TABLES SETTINGS readonly = 0

EXISTS flights SETTINGS readonly = 0

SELECT 1 SETTINGS additional_table_filters = {'flights.flights': '1'}

SELECT 1 SETTINGS additional_table_filters = '{\'flights.flights\': \'1\'}'

SELECT 1 SETTINGS additional_result_filter = '1'

SELECT 1 SETTINGS SQL_x = 1

SELECT 1 SETTINGS profile = 'default'

SELECT 1 SETTINGS role = 'x'

SELECT 1 SETTINGS log_comment = 'x'

SELECT 1 SETTINGS log_queries = 0

SELECT 1 SETTINGS quota_key = 'x'

SELECT 1 SETTINGS dialect = 'prql'

SELECT 1 SETTINGS dialect = 'kusto'

SELECT 1 SETTINGS implicit_select = 1

SELECT 1 SETTINGS implicit_table_at_top_level = 'flights'

SELECT 1 SETTINGS allow_introspection_functions = 1

SELECT 1 SETTINGS allow_get_client_http_header = 1

SELECT 1 SETTINGS format_schema = 'x'

SELECT 1 SETTINGS format_template_row = '/etc/passwd' FORMAT Template

SELECT 1 SETTINGS output_format_schema = '/tmp/x' FORMAT Protobuf

SELECT 1 SETTINGS format_display_secrets_in_show_and_select = 1

SELECT 1 SETTINGS http_response_headers = '{\'X\': \'y\'}'

SELECT 1 SETTINGS add_http_cors_header = 1

SELECT 1 SETTINGS max_query_size = 0

SELECT 1 SETTINGS max_concurrent_queries_for_user = 0

SELECT 1 SETTINGS query_cache_share_between_users = 1

SELECT 1 SETTINGS cancel_http_readonly_queries_on_client_close = 0

SELECT 1 SETTINGS max_network_bandwidth = 0

SELECT 1 SETTINGS timeout_overflow_mode = 'break'

SELECT 1 SETTINGS read_overflow_mode = 'break'

SELECT 1 SETTINGS enable_analyzer = 0

SELECT 1 SETTINGS allow_experimental_analyzer = 0

SELECT 1 SETTINGS max_rows_to_read_leaf = 0

SELECT 1 SETTINGS max_memory_usage_for_user = 0

SELECT 1 SETTINGS max_untracked_memory = 1000000000

SELECT 1 SETTINGS priority = 0

SELECT 1 SETTINGS os_thread_priority = -20

SELECT 1 SETTINGS compatibility = '20.1'

SELECT 1 SETTINGS send_logs_level = 'trace'

SELECT 1 SETTINGS send_logs_source_regexp = '.*'

SELECT 1 SETTINGS opentelemetry_start_trace_probability = 1

SELECT 1 SETTINGS query_profiler_real_time_period_ns = 1

SELECT 1 SETTINGS max_threads = {x:UInt8}

SELECT 1 SETTINGS max_threads = DEFAULT, readonly = DEFAULT

SELECT 1 SETTINGS no_such_setting = 1

SELECT 1 SETTINGS max_execution_time = (SELECT 1)

SELECT * FROM flights SETTINGS force_data_skipping_indices = 'x'

SELECT * FROM flights SETTINGS parallel_replicas_count = 2

SELECT * FROM flights SETTINGS allow_experimental_parallel_reading_from_replicas = 1, cluster_for_parallel_replicas = 'default'

SELECT * FROM flights SETTINGS prefer_localhost_replica = 0

SET readonly = 0

SET ROLE ALL

SET ROLE default

SET DEFAULT ROLE ALL TO default

SET TRANSACTION SNAPSHOT 1

SET param_x = 1

USE vault

USE system
