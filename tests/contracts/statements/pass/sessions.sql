# What is kept in a session, one after the other.

SET max_threads = 1

SET max_threads = 2, join_use_nulls = 1, session_timezone = 'UTC'

SELECT getSetting('max_threads') FROM flights LIMIT 1

CREATE TEMPORARY TABLE mine (id UInt32, name Nullable(String), tags Array(LowCardinality(String)), at DateTime64(3, 'UTC'))

CREATE TEMPORARY TABLE IF NOT EXISTS mine (id UInt32) ENGINE = Memory

INSERT INTO mine (id, name) VALUES (1, 'x'), (2, NULL)

INSERT INTO mine (id, tags) FORMAT JSONEachRow {"id": 3, "tags": ["a", "b"]}

INSERT INTO mine (id) SELECT number FROM numbers(10)

SELECT count(), any(tags) FROM mine WHERE id < 3

SELECT f.origin, mine.id FROM flights AS f, mine LIMIT 2

CREATE TEMPORARY TABLE origins AS SELECT DISTINCT origin FROM flights

CREATE TEMPORARY TABLE `to day` ENGINE = Memory AS WITH 1 AS x SELECT x

CREATE TEMPORARY TABLE more (p Tuple(a Int8, b String), e Enum8('a' = 1), m Map(String, Decimal(9, 2)), f FixedString(3))

INSERT INTO landing SELECT id, coalesce(name, '') FROM mine

TRUNCATE TEMPORARY TABLE mine

SELECT * FROM origins

DROP TEMPORARY TABLE IF EXISTS mine

DROP TEMPORARY TABLE `to day`
