# Joins of every kind.

SELECT f.carrier, a.name FROM flights AS f INNER JOIN airlines AS a ON f.carrier = a.carrier LIMIT 1

SELECT f.carrier, a.name FROM flights f LEFT JOIN airlines a USING (carrier) LIMIT 1

SELECT f.carrier, name FROM flights f LEFT JOIN airlines USING carrier LIMIT 1

SELECT count() FROM flights f RIGHT JOIN (SELECT carrier, name FROM airlines) a USING (carrier)

SELECT count() FROM flights f FULL OUTER JOIN (SELECT carrier, name FROM airlines) a USING (carrier)

SELECT count() FROM numbers(3) AS a CROSS JOIN numbers(3) AS b

SELECT count() FROM numbers(3) AS a, numbers(3) AS b WHERE a.number = b.number

SELECT count() FROM flights AS f LEFT SEMI JOIN airlines AS a ON f.carrier = a.carrier

SELECT count() FROM flights AS f LEFT ANTI JOIN airlines AS a ON f.carrier = a.carrier

SELECT count() FROM flights AS f ANY LEFT JOIN airlines AS a ON f.carrier = a.carrier

SELECT count() FROM flights AS f ALL INNER JOIN airlines AS a ON f.carrier = a.carrier

SELECT count() FROM flights AS f GLOBAL INNER JOIN airlines AS a ON f.carrier = a.carrier

SELECT l.t, r.v FROM (SELECT 1 AS k, number AS t FROM numbers(5)) AS l ASOF JOIN (SELECT number * 2 AS t, number AS v, 1 AS k FROM numbers(3)) AS r ON l.k = r.k AND l.t >= r.t

SELECT l.t, r.v FROM (SELECT 1 AS k, number AS t FROM numbers(5)) AS l ASOF LEFT JOIN (SELECT 1 AS k, number * 2 AS t, number AS v FROM numbers(3)) AS r USING (k, t)

SELECT count() FROM flights AS a JOIN flights AS b ON a.carrier = b.carrier AND a.day = b.day AND a.origin != b.origin SETTINGS join_algorithm = 'hash'

SELECT count() FROM (SELECT 1 AS x) AS a JOIN (SELECT 1 AS x) AS b ON a.x = b.x JOIN (SELECT 1 AS x) AS c ON b.x = c.x

SELECT count() FROM (SELECT 1 AS x) AS a PASTE JOIN (SELECT 2 AS y) AS b

SELECT a.x, b.y FROM (SELECT 1 AS x) AS a LEFT OUTER JOIN (SELECT 2 AS x, 3 AS y) AS b ON a.x = b.x SETTINGS join_use_nulls = 1

SELECT count() FROM flights LEFT ARRAY JOIN [1, 2] AS x

SELECT x, i FROM (SELECT [10, 20] AS xs) ARRAY JOIN xs AS x, arrayEnumerate(xs) AS i

SELECT s, a FROM (SELECT 's' AS s, [1, 2] AS a) ARRAY JOIN a

SELECT n.a, n.b FROM (SELECT [1, 2] AS `n.a`, [3, 4] AS `n.b`) ARRAY JOIN n

SELECT count() FROM flights AS f JOIN airlines AS a ON f.carrier = a.carrier OR f.origin = a.name

SELECT count() FROM flights AS f LEFT JOIN airlines AS a ON f.carrier = a.carrier AND a.name LIKE 'U%'

SELECT count() FROM late AS l INNER JOIN flights AS f ON l.carrier = f.carrier AND l.day = f.day AND l.origin = f.origin

SELECT count() FROM flights AS f WHERE f.carrier GLOBAL IN (SELECT carrier FROM airlines)
