# Forms of writing, and of keeping something in a session, that nobody may use.

INSERT INTO landing FROM INFILE 'SECRET' FORMAT CSV

INSERT INTO landing FROM INFILE 'SECRET' COMPRESSION 'gzip' FORMAT CSV

INSERT INTO landing (id, name) FROM INFILE 'SECRET' FORMAT CSV

INSERT INTO FUNCTION file('SECRET') SELECT 1

INSERT INTO TABLE FUNCTION file('SECRET', 'CSV', 'a String') VALUES ('x')

INSERT INTO FUNCTION url('http://127.0.0.1:1/', 'CSV', 'a String') VALUES ('x')

INSERT INTO FUNCTION remote('127.0.0.1:1', flights.landing) SELECT 1, 'x'

INSERT INTO FUNCTION null('a String') SELECT 'x'

INSERT INTO landing SELECT 1, file('SECRET')

INSERT INTO landing SELECT 1, line FROM file('SECRET', 'LineAsString')

INSERT INTO landing SELECT number, `file`('SECRET') FROM numbers(1)

INSERT INTO landing WITH file('SECRET') AS x SELECT 1, x

INSERT INTO landing SELECT * FROM input('id UInt32, name String') FORMAT CSV

INSERT INTO landing SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')

INSERT INTO landing SELECT 1, (SELECT * APPLY(file) FROM (SELECT 'SECRET'))

INSERT INTO file SELECT * APPLY(file) FROM (SELECT 'SECRET')

INSERT INTO file (id, name) SELECT * APPLY(file) FROM (SELECT 'SECRET')

INSERT INTO landing SELECT 1, query FROM system.query_log

INSERT INTO landing SELECT 1, name FROM system.users

INSERT INTO landing SELECT * FROM system.tables

INSERT INTO landing (* EXCEPT name) VALUES (1)

INSERT INTO landing (id, name) FORMAT Template 1

INSERT INTO landing (id, name) FORMAT CustomSeparated 1

INSERT INTO landing (id, name) FORMAT Protobuf 1

INSERT INTO landing (id, name) FORMAT CapnProto 1

INSERT INTO landing (id, name) FORMAT AvroConfluent 1

INSERT INTO landing (id, name) FORMAT Avro 1

INSERT INTO landing (id, name) FORMAT MySQLDump 1

INSERT INTO landing (id, name) FORMAT Regexp 1

INSERT INTO landing SETTINGS input_format_values_interpret_expressions = 1 VALUES (1, file('SECRET'))

INSERT INTO landing SETTINGS input_format_values_deduce_templates_of_expressions = 1 VALUES (1, file('SECRET'))

INSERT INTO landing SETTINGS readonly = 0 VALUES (1, 'x')

INSERT INTO landing SETTINGS async_insert = 1 VALUES (1, 'x')

INSERT INTO landing SETTINGS input_format_record_errors_file_path = '/tmp/x' FORMAT CSV 1

INSERT INTO landing SETTINGS max_threads = 1, allow_ddl = 1 FORMAT CSV 1

INSERT INTO landing SELECT 1, 'x' SETTINGS readonly = 0

INSERT INTO landing SETTINGS format_schema = '/etc/passwd' FORMAT JSONEachRow {}

INSERT INTO {table:Identifier} VALUES (1)

EXPLAIN INSERT INTO landing VALUES (1, 'x')

EXPLAIN AST INSERT INTO landing SELECT file('SECRET')

CREATE TEMPORARY TABLE t (x String) ENGINE = URL('http://127.0.0.1:1/', 'CSV')

CREATE TEMPORARY TABLE t (x String) ENGINE = File('CSV', 'SECRET')

CREATE TEMPORARY TABLE t (x String) ENGINE = Log

CREATE TEMPORARY TABLE t (x String) ENGINE = MergeTree ORDER BY x

CREATE TEMPORARY TABLE t (x String) ENGINE = Merge('vault', '.*')

CREATE TEMPORARY TABLE t (x String) ENGINE = Buffer('vault', 'hidden', 1, 1, 1, 1, 1, 1, 1)

CREATE TEMPORARY TABLE t (x String) ENGINE = Memory SETTINGS max_rows_to_keep = 1

CREATE TEMPORARY TABLE t (x String DEFAULT file('SECRET'))

CREATE TEMPORARY TABLE t (x String DEFAULT 'a')

CREATE TEMPORARY TABLE t (x String MATERIALIZED file('SECRET'))

CREATE TEMPORARY TABLE t (x String ALIAS file('SECRET'))

CREATE TEMPORARY TABLE t (x String EPHEMERAL file('SECRET'))

CREATE TEMPORARY TABLE t (x String CODEC(ZSTD))

CREATE TEMPORARY TABLE t (x Date TTL x + INTERVAL 1 DAY)

CREATE TEMPORARY TABLE t (x String, CONSTRAINT c CHECK file('SECRET') = '')

CREATE TEMPORARY TABLE t (x String, INDEX i x TYPE minmax)

CREATE TEMPORARY TABLE t (x AggregateFunction(sum, UInt64))

CREATE TEMPORARY TABLE t AS vault.hidden

CREATE TEMPORARY TABLE t CLONE AS vault.hidden

CREATE TEMPORARY TABLE t AS file('SECRET')

CREATE TEMPORARY TABLE t AS numbers(3)

CREATE TEMPORARY TABLE t AS SELECT file('SECRET')

CREATE TEMPORARY TABLE t AS SELECT * FROM file('SECRET', 'LineAsString')

CREATE TEMPORARY TABLE t AS SELECT * FROM system.users

CREATE TEMPORARY TABLE t EMPTY AS SELECT file('SECRET')

CREATE TEMPORARY TABLE t ON CLUSTER c (x Int8)

CREATE TEMPORARY TABLE flights.t (x Int8)

CREATE OR REPLACE TEMPORARY TABLE t (x Int8)

REPLACE TEMPORARY TABLE t (x Int8)

CREATE TEMPORARY VIEW v AS SELECT 1

CREATE TEMPORARY DATABASE d

CREATE TEMPORARY TABLE t UUID '61f0c404-5cb3-11e7-907b-a6006ad3dba0' (x Int8)

DROP TABLE landing

DROP TEMPORARY TABLE flights.landing

DROP TEMPORARY TABLE t, u

DROP TEMPORARY TABLE t ON CLUSTER c

TRUNCATE TABLE landing

DETACH TEMPORARY TABLE t

ALTER TEMPORARY TABLE t ADD COLUMN y Int8

SET readonly = 0

SET max_threads = 1, readonly = 0

SET allow_ddl = 1

SET dialect = 'prql'

SET additional_table_filters = {'flights': '1'}

SET param_table = 'hidden'

SET param_x = 1

SET input_format_values_interpret_expressions = 1

SET async_insert = 1

SET log_comment = 'x'

SET ROLE ALL

SET DEFAULT ROLE ALL TO default

SET TRANSACTION SNAPSHOT 1

USE vault
