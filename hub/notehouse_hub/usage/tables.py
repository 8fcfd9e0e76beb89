"""Who used what, and what it cost: tables by month, ordered by tenant first.

Queries are written by ClickHouse itself: a materialised view takes them from its own query log, with what the query
gateway has noted about the holder. So they cost a request nothing, and none is lost at a clean stop.
"""

from __future__ import annotations

DATABASE = "notehouse"

_WHO = "time DateTime64(3, 'UTC'), tenant LowCardinality(String), user LowCardinality(String)"
_ENGINE = """ENGINE = MergeTree PARTITION BY toYYYYMM(time) ORDER BY (tenant, time)
TTL toDateTime(time) + INTERVAL {days} DAY"""

_TABLES = {
    "query_metrics": """
    purpose LowCardinality(String), object String,
    notebook String COMMENT 'As the kernel says; a person could make it say anything',
    access_class LowCardinality(String), database LowCardinality(String), query_id String,
    statement_hash UInt64, statement String COMMENT 'Without its values',
    rows_read UInt64, bytes_read UInt64, result_rows UInt64, result_bytes UInt64,
    milliseconds UInt64, memory_bytes UInt64, cached Bool, status LowCardinality(String), error_code Int32""",
    "dashboard_events": """
    event LowCardinality(String) COMMENT 'view, filter, live, export or csv',
    dashboard String, version UInt32, access_class LowCardinality(String), milliseconds UInt64,
    detail String COMMENT 'Filters that were set, the format of an export, the tile of a table',
    request_id String""",
    "user_activity": "action LowCardinality(String), status UInt16, milliseconds UInt64, request_id String",
}

# What tables of an earlier version lack.
_NEW = (
    "dashboard_events ADD COLUMN IF NOT EXISTS detail String, ADD COLUMN IF NOT EXISTS request_id String",
)

_QUERIES = """
SELECT
    event_time_microseconds AS time,
    JSONExtractString(log_comment, 'tenant') AS tenant,
    JSONExtractString(log_comment, 'user') AS user,
    JSONExtractString(log_comment, 'purpose') AS purpose,
    JSONExtractString(log_comment, 'object') AS object,
    JSONExtractString(log_comment, 'said') AS notebook,
    JSONExtractString(log_comment, 'class') AS access_class,
    current_database AS database,
    query_id,
    normalized_query_hash AS statement_hash,
    substringUTF8(normalizeQuery(query), 1, 1000) AS statement,
    read_rows AS rows_read, read_bytes AS bytes_read, result_rows, result_bytes,
    query_duration_ms AS milliseconds, memory_usage AS memory_bytes,
    query_cache_usage = 'Read' AS cached,
    if(type = 'QueryFinish', 'finished', 'failed') AS status,
    exception_code AS error_code
FROM system.query_log
WHERE type != 'QueryStart' AND is_initial_query AND JSONExtractString(log_comment, 'tenant') != ''
"""


def statements(days: int) -> list[str]:
    """What makes the tables, and lets what is new in the query log into them; safe to repeat. Kept for `days`."""
    made = [
        f"CREATE TABLE IF NOT EXISTS {DATABASE}.{name} ({_WHO}, {columns}) {_ENGINE.format(days=days)}"
        for name, columns in _TABLES.items()
    ]
    return [
        f"CREATE DATABASE IF NOT EXISTS {DATABASE}",
        *made,
        *(f"ALTER TABLE {DATABASE}.{change}" for change in _NEW),
        "SYSTEM FLUSH LOGS",  # makes the query log where there is none yet
        f"DROP VIEW IF EXISTS {DATABASE}.query_metrics_writer",
        f"CREATE MATERIALIZED VIEW {DATABASE}.query_metrics_writer TO {DATABASE}.query_metrics AS {_QUERIES}",
    ]
