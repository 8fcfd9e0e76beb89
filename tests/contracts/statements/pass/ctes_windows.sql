# WITH in its forms, and window functions.

WITH 1 AS x SELECT x

WITH (SELECT count() FROM flights) AS n SELECT n

WITH f AS (SELECT * FROM flights) SELECT count() FROM f

WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT * FROM b

WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT sum(n) FROM r

WITH f AS (WITH g AS (SELECT 1 AS x) SELECT x FROM g) SELECT x FROM f

WITH toDate('2013-01-01') AS first SELECT count() FROM flights WHERE day >= first

WITH x -> x * 2 AS double SELECT double(21)

WITH late AS (SELECT * FROM flights WHERE dep_delay > 30) SELECT origin, count() FROM late GROUP BY origin

WITH url AS (SELECT 'https://example.org/a?b=c' AS u) SELECT domain(u) FROM url

WITH file AS (SELECT 1 AS x) SELECT x FROM file

SELECT * FROM (WITH c AS (SELECT 2 AS v) SELECT v FROM c)

WITH t AS MATERIALIZED (SELECT 1 AS x) SELECT x FROM t

SELECT row_number() OVER (ORDER BY day) FROM flights LIMIT 1

SELECT rank() OVER w, dense_rank() OVER w FROM flights WINDOW w AS (PARTITION BY origin ORDER BY day) LIMIT 1

SELECT sum(dep_delay) OVER (PARTITION BY origin ORDER BY day ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM flights LIMIT 1

SELECT avg(dep_delay) OVER (ORDER BY day RANGE BETWEEN 7 PRECEDING AND 7 FOLLOWING) FROM flights LIMIT 1

SELECT sum(1) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM flights LIMIT 1

SELECT lagInFrame(dep_delay, 1, 0) OVER (PARTITION BY origin ORDER BY day) FROM flights LIMIT 1

SELECT leadInFrame(dep_delay) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM flights LIMIT 1

SELECT first_value(day) OVER (PARTITION BY origin ORDER BY day), last_value(day) OVER (PARTITION BY origin) FROM flights LIMIT 1

SELECT nth_value(day, 2) OVER (ORDER BY day) FROM flights LIMIT 1

SELECT ntile(4) OVER (PARTITION BY origin ORDER BY dep_delay) FROM flights LIMIT 1

SELECT percent_rank() OVER (ORDER BY day), cume_dist() OVER (ORDER BY day) FROM flights LIMIT 1

SELECT count() OVER () AS n, origin FROM flights LIMIT 1

SELECT origin, d, d - lag(d) OVER (PARTITION BY origin ORDER BY d) FROM (SELECT origin, day AS d FROM flights) LIMIT 2

SELECT exponentialTimeDecayedAvg(10)(assumeNotNull(dep_delay), toDateTime(day)) OVER (ORDER BY day) FROM flights LIMIT 1

SELECT sum(n) OVER (ORDER BY m) FROM (SELECT toStartOfMonth(day) AS m, count() AS n FROM flights GROUP BY m)

WITH (x, y) -> x + y AS add_up SELECT add_up(1, add_up(2, 3))

SELECT arrayMap(x -> x + 1 AS f, [1, 2])
