# Plain queries: expressions, clauses, set operations.

SELECT 1

SELECT 1;

SELECT 1 AS a, 'x' AS b, NULL AS c, [1, 2] AS d, (1, 'x') AS e, map('k', 1) AS f

SELECT * FROM flights LIMIT 3

SELECT * FROM flights.flights WHERE carrier = 'UA' LIMIT 3

SELECT f.* FROM flights AS f LIMIT 1

SELECT carrier, origin FROM flights PREWHERE origin = 'EWR' WHERE dep_delay > 10 LIMIT 5

SELECT DISTINCT origin FROM flights ORDER BY origin

SELECT DISTINCT ON (origin) origin, day FROM flights ORDER BY origin, day

SELECT origin, count() FROM flights GROUP BY origin ORDER BY count() DESC, origin

SELECT origin, count() AS n FROM flights GROUP BY ALL ORDER BY ALL

SELECT origin, day, count() FROM flights GROUP BY ROLLUP (origin, day) LIMIT 5

SELECT origin, day, count() FROM flights GROUP BY CUBE (origin, day) LIMIT 5

SELECT origin, toMonth(day) AS m, count() FROM flights GROUP BY GROUPING SETS ((origin), (m), ()) ORDER BY ALL

SELECT origin, grouping(origin), count() FROM flights GROUP BY origin WITH ROLLUP

SELECT origin, count() FROM flights GROUP BY origin WITH CUBE

SELECT origin, count() FROM flights GROUP BY origin WITH TOTALS

SELECT origin, count() AS n FROM flights GROUP BY origin HAVING n > 1

SELECT day, dep_delay FROM flights ORDER BY dep_delay DESC NULLS LAST LIMIT 3 OFFSET 2

SELECT day, dep_delay FROM flights ORDER BY dep_delay DESC NULLS FIRST LIMIT 2, 3

SELECT day FROM flights ORDER BY day LIMIT 1 WITH TIES

SELECT origin, day FROM flights ORDER BY day LIMIT 2 BY origin

SELECT origin, day FROM flights ORDER BY day LIMIT 1, 2 BY origin LIMIT 10

SELECT origin FROM (SELECT 'a' AS origin) ORDER BY origin COLLATE 'en'

SELECT toDate('2013-01-01') + number AS d FROM numbers(3) ORDER BY d WITH FILL FROM toDate('2013-01-01') TO toDate('2013-01-10') STEP 1

SELECT number AS n, number AS v FROM numbers(1, 3) ORDER BY n WITH FILL FROM 0 TO 6 INTERPOLATE (v AS v + 1)

SELECT 1 UNION ALL SELECT 2

SELECT 1 UNION DISTINCT SELECT 1

(SELECT 1) UNION ALL (SELECT 2 UNION ALL SELECT 3)

SELECT number FROM numbers(5) INTERSECT SELECT number FROM numbers(3)

SELECT number FROM numbers(5) EXCEPT SELECT number FROM numbers(3)

SELECT number FROM numbers(5) EXCEPT DISTINCT SELECT number FROM numbers(3) ORDER BY number

SELECT CASE origin WHEN 'EWR' THEN 'Newark' WHEN 'JFK' THEN 'Kennedy' ELSE 'other' END FROM flights LIMIT 1

SELECT CASE WHEN dep_delay IS NULL THEN 'none' WHEN dep_delay > 15 THEN 'late' END FROM flights LIMIT 1

SELECT if(dep_delay > 15, 'late', 'fine'), dep_delay > 15 ? 'late' : 'fine' FROM flights LIMIT 1

SELECT multiIf(dep_delay < 5, 'a', dep_delay < 10, 'b', 'c') FROM flights LIMIT 1

SELECT 1 BETWEEN 0 AND 2, 3 NOT BETWEEN 0 AND 2, 'a' LIKE 'a%', 'A' ILIKE 'a%', 'a' NOT LIKE 'b%'

SELECT 1 IN (1, 2), 1 NOT IN (2, 3), (1, 2) IN ((1, 2), (3, 4)), 'x' IN 'x'

SELECT 1 IS NULL, NULL IS NOT NULL, NOT 1, -1, - -1, 1 <=> NULL

SELECT 1 + 2 * 3 / 4 % 5 - 6, 7 DIV 2, 7 MOD 2, 'a' || 'b' || 'c'

SELECT 1 AND 0 OR xor(1, 1)

SELECT 0x1F, 0b101, 1e3, 1_000_000, .5, 1., inf, nan, 'it''s', 'it\'s', $$heredoc$$, $tag$heredoc$tag$

SELECT DATE '2013-01-01', TIMESTAMP '2013-01-01 00:00:00', INTERVAL 1 DAY, INTERVAL '2' WEEK

SELECT now() - INTERVAL 1 HOUR, today() + INTERVAL 3 MONTH, now() - toIntervalSecond(5)

SELECT CAST(1 AS String), CAST('1', 'UInt8'), 1::Float64, '2013-01-01'::Date, [1, 2]::Array(UInt8)

SELECT EXTRACT(YEAR FROM toDate('2013-01-01')), EXTRACT(DOW FROM today()) SETTINGS max_threads = 1

SELECT SUBSTRING('abc' FROM 2 FOR 1), SUBSTRING('abc', 2), POSITION('b' IN 'abc'), TRIM(BOTH ' ' FROM ' a ')

SELECT dateDiff('day', toDate('2013-01-01'), today()), date_trunc('month', today()), DATE_ADD(DAY, 1, today())

SELECT toStartOfInterval(day, INTERVAL 1 WEEK) AS w, count() FROM flights GROUP BY w ORDER BY w LIMIT 3

SELECT (SELECT max(day) FROM flights) AS latest

SELECT * FROM (SELECT * FROM (SELECT * FROM flights LIMIT 10) LIMIT 5) LIMIT 2

SELECT count() FROM flights WHERE origin IN (SELECT origin FROM flights WHERE day > '2013-06-01')

SELECT count() FROM flights WHERE (carrier, origin) IN (SELECT carrier, origin FROM flights LIMIT 5)

SELECT count() FROM flights WHERE EXISTS (SELECT 1)

SELECT count() FROM flights AS f WHERE day = (SELECT max(day) FROM flights)

SELECT count() FROM flights WHERE dep_delay > ALL (SELECT number FROM numbers(3))

SELECT count() FROM flights WHERE dep_delay = ANY (SELECT number FROM numbers(3))

SELECT x FROM (SELECT 1 AS x) QUALIFY row_number() OVER () = 1

SELECT 1 AS x, x + 1 AS y, y * 2 AS z

SELECT (1 AS a) + a

FROM flights SELECT count()

FROM numbers(3) SELECT number WHERE number > 1

SELECT TOP 3 number FROM numbers(10)

SELECT number FROM numbers(10) ORDER BY number OFFSET 0 ROWS FETCH FIRST 3 ROWS ONLY

SELECT number FROM numbers(10) ORDER BY number OFFSET 1 ROW FETCH NEXT 3 ROWS ONLY

SELECT sum(x) FILTER (WHERE x > 1) FROM (SELECT arrayJoin([1, 2, 3]) AS x)

SELECT count(*), count(1), count(DISTINCT origin), COUNT() FROM flights

SELECT t.1, t.2, tupleElement(t, 1) FROM (SELECT (1, 'a') AS t)

SELECT untuple((1, 2, 3))

SELECT not(1), negate(2), plus(1, 2), equals(1, 1), and(1, 0), or(1, 0)

SELECT (1, 2, 3).2, [10, 20][1], map('a', 5)['a']

SELECT true, false, TRUE AND FALSE

SELECT * FROM flights WHERE day >= '2013-01-01' AND day < '2013-02-01' AND (origin = 'EWR' OR origin = 'JFK') AND NOT (dep_delay < 5) LIMIT 1
