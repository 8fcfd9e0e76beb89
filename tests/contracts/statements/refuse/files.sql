# Files of the server, as scalar and table functions, however written and nested. SECRET stands for a planted file.

SELECT file('SECRET')

SELECT `file`('SECRET')

SELECT "file"('SECRET')

SELECT FILE('SECRET')

SELECT File('SECRET')

SELECT file ('SECRET')

SELECT file/**/('SECRET')

SELECT file -- end of line
('SECRET')

SELECT file('SECRET', 'nothing')

SELECT length(file('SECRET'))

SELECT [file('SECRET')]

SELECT (1, file('SECRET'))

SELECT map('a', file('SECRET'))

SELECT {'a': file('SECRET')}

SELECT arrayMap(x -> file(x), ['SECRET'])

SELECT arrayMap(x -> arrayMap(y -> file(y), [x]), ['SECRET'])

SELECT arrayFilter(x -> file(x) != '', ['SECRET'])

SELECT arrayFold((a, x) -> concat(a, file(x)), ['SECRET'], '')

SELECT 1 ? file('SECRET') : ''

SELECT CASE WHEN 1 THEN file('SECRET') END

SELECT CAST(file('SECRET') AS String)

SELECT file('SECRET')::String

SELECT 'SECRET' AS f, file(f)

SELECT file({s:String})

WITH 'SECRET' AS f SELECT file(f)

WITH file('SECRET') AS t SELECT t

WITH (SELECT file('SECRET')) AS t SELECT t

WITH x -> file(x) AS f SELECT f('SECRET')

WITH t AS (SELECT file('SECRET') AS c) SELECT c FROM t

WITH RECURSIVE r AS (SELECT file('SECRET') AS n UNION ALL SELECT n FROM r WHERE 0) SELECT * FROM r

SELECT * FROM (SELECT * FROM (SELECT file('SECRET')))

SELECT 1 WHERE file('SECRET') != ''

SELECT count() FROM flights PREWHERE file('SECRET') != ''

SELECT count() FROM flights GROUP BY file('SECRET')

SELECT count() FROM flights HAVING file('SECRET') != ''

SELECT 1 ORDER BY file('SECRET')

SELECT number FROM numbers(3) ORDER BY number WITH FILL FROM length(file('SECRET'))

SELECT number FROM numbers(3) ORDER BY number WITH FILL TO 5 INTERPOLATE (number AS length(file('SECRET')))

SELECT number FROM numbers(3) LIMIT length(file('SECRET'))

SELECT number FROM numbers(3) LIMIT 1 OFFSET length(file('SECRET'))

SELECT number FROM numbers(3) LIMIT 1 BY file('SECRET')

SELECT sum(length(file('SECRET'))) OVER () FROM numbers(2)

SELECT sum(1) OVER (PARTITION BY file('SECRET')) FROM numbers(2)

SELECT sum(1) OVER w FROM numbers(2) WINDOW w AS (ORDER BY file('SECRET'))

SELECT number FROM numbers(3) QUALIFY file('SECRET') != ''

SELECT 1 FROM numbers(1) AS a JOIN numbers(1) AS b ON file('SECRET') != '' AND a.number = b.number

SELECT 1 FROM numbers(1) ARRAY JOIN [file('SECRET')] AS x

SELECT 1 IN (SELECT length(file('SECRET')))

SELECT 1 UNION ALL SELECT length(file('SECRET'))

SELECT 1 INTERSECT SELECT length(file('SECRET'))

SELECT 1 EXCEPT SELECT length(file('SECRET'))

SELECT DISTINCT ON (file('SECRET')) 1

SELECT * APPLY(file) FROM (SELECT 'SECRET')

SELECT * APPLY file FROM (SELECT 'SECRET')

SELECT * APPLY(x -> file(x)) FROM (SELECT 'SECRET')

SELECT COLUMNS('.*') APPLY(file) FROM (SELECT 'SECRET' AS a)

SELECT a.* APPLY(toString) APPLY(file) FROM (SELECT 'SECRET' AS a) AS a

SELECT * REPLACE (file(a) AS a) FROM (SELECT 'SECRET' AS a)

SELECT fileIf('SECRET', 1)

SELECT fileArray(['SECRET'])

SELECT quantile(length(file('SECRET')))(1)

SELECT * FROM numbers(length(file('SECRET')))

SELECT * FROM values('a String', (file('SECRET')))

SELECT * FROM values('a String DEFAULT file(\'SECRET\')', ('x'))

SELECT * FROM values('a String ALIAS file(\'SECRET\')', ('x'))

SELECT * FROM values('a String MATERIALIZED file(\'SECRET\')', ('x'))

SELECT * FROM values('a String EPHEMERAL file(\'SECRET\')', ('x'))

SELECT * FROM view(SELECT file('SECRET'))

SELECT * FROM view(WITH file('SECRET') AS t SELECT t)

EXPLAIN SELECT file('SECRET')

EXPLAIN AST SELECT file('SECRET')

EXPLAIN SYNTAX SELECT file('SECRET')

EXPLAIN QUERY TREE SELECT file('SECRET')

EXPLAIN PIPELINE SELECT file('SECRET')

DESCRIBE (SELECT file('SECRET'))

DESCRIBE TABLE file('SECRET', 'LineAsString')

DESCRIBE file('SECRET', 'LineAsString')

SELECT * FROM file('SECRET', 'LineAsString')

SELECT * FROM file('SECRET', 'LineAsString', 'line String')

SELECT * FROM `file`('SECRET', 'LineAsString')

SELECT * FROM file('SECRET*', 'RawBLOB')

SELECT * FROM flights JOIN file('SECRET', 'LineAsString') AS f ON 1 = 1

SELECT 1 IN (SELECT * FROM file('SECRET', 'LineAsString'))

SELECT * FROM fileCluster('default', 'SECRET', 'LineAsString')

SELECT * FROM filesystem('/')

SELECT * FROM executable('id', 'LineAsString', 'x String')

SELECT * FROM sqlite('SECRET', 't')

SELECT * FROM input('x String')

SELECT * FROM deltaLakeLocal('/')

SELECT * FROM icebergLocal('/')

SELECT * FROM default.'SECRET'

SELECT * FROM `SECRET`

SELECT 1 INTO OUTFILE '/tmp/out'

SELECT 1 INTO OUTFILE '/tmp/out' FORMAT CSV

SELECT 1 INTO OUTFILE '/tmp/out' AND STDOUT FORMAT CSV

SELECT 1 INTO OUTFILE '/tmp/out' TRUNCATE

SELECT 1 INTO OUTFILE '/tmp/out' APPEND COMPRESSION 'gzip' LEVEL 3

(SELECT 1) UNION ALL SELECT 2 INTO OUTFILE '/tmp/out'

SHOW TABLES INTO OUTFILE '/tmp/out'

EXPLAIN SELECT 1 INTO OUTFILE '/tmp/out'

SHOW TABLES WHERE file('SECRET') = ''

SHOW DATABASES WHERE file('SECRET') = ''

SHOW COLUMNS FROM flights WHERE file('SECRET') = ''

SHOW INDEX FROM flights WHERE file('SECRET') = ''

SELECT catboostEvaluate('SECRET', 1)

SELECT naiveBayesClassifier('SECRET', 'x')

SELECT evalMLMethod(1, 2)
