# What stands behind FROM: tables, views, table functions that read nothing, the engine's own open tables.

SELECT count() FROM numbers(10)

SELECT count() FROM numbers(5, 10)

SELECT count() FROM numbers_mt(10)

SELECT * FROM generate_series(1, 5)

SELECT * FROM generateSeries(1, 10, 3)

SELECT * FROM values('a UInt8, b String', (1, 'x'), (2, 'y'))

SELECT * FROM VALUES('a UInt8', 1, 2, 3)

SELECT * FROM values('a Array(UInt8), b Map(String, UInt8)', ([1], map('a', 1)))

SELECT c1 FROM values((1, 'a'), (2, 'b'))

SELECT count() FROM view(SELECT * FROM flights)

SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2) AS t(b)

SELECT dummy FROM system.one

SELECT count() FROM (SELECT * FROM generateRandom('a Int8, b String', 1, 10) LIMIT 5)


SELECT name FROM system.functions WHERE name LIKE 'to%' LIMIT 3

SELECT name, value FROM system.settings WHERE name = 'max_threads'

SELECT name FROM system.formats ORDER BY name LIMIT 3

SELECT name FROM system.data_type_families LIMIT 3

SELECT * FROM system.aggregate_function_combinators LIMIT 3

SELECT time_zone FROM system.time_zones LIMIT 3

SELECT name FROM system.table_engines LIMIT 3

SELECT name FROM system.collations LIMIT 1

SELECT name, engine, comment FROM system.databases

SELECT database, name, engine, comment, primary_key, sorting_key FROM system.tables WHERE database = 'flights'

SELECT table, name, type, comment, position, is_in_primary_key FROM system.columns WHERE database = currentDatabase()

SELECT count() FROM system.tables

SELECT count(*) FROM system.columns

SELECT t.name, c.name FROM system.tables AS t JOIN system.columns AS c ON t.name = c.table AND t.database = c.database LIMIT 3

SELECT `name` FROM `system`.`functions` LIMIT 1

SELECT "carrier" FROM "flights"."flights" LIMIT 1

SELECT * FROM late LIMIT 1

SELECT count() FROM {table:Identifier}

SELECT count() FROM {database:Identifier}.{table:Identifier}

SELECT {column:Identifier} FROM flights LIMIT 1

SELECT * FROM flights AS system LIMIT 1

SELECT system.carrier FROM flights AS system LIMIT 1

SELECT system.load FROM (SELECT CAST((1, 2), 'Tuple(load UInt8, cpu UInt8)') AS system)

SELECT max(system.cpu), min(system.load) FROM (SELECT CAST((1, 2), 'Tuple(load UInt8, cpu UInt8)') AS system)
