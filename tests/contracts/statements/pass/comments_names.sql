# Comments, white space, names that look like functions or keywords, other scripts.

SELECT 1 -- a comment

SELECT 1 --a comment without a space

SELECT /* in the middle */ 1

/* before */ SELECT 1 /* after */

-- a line before
SELECT 1

SELECT 1 # a comment of shells

#! a comment of scripts
SELECT 1

SELECT /* file('/etc/passwd') */ 1

SELECT 1 -- ; DROP TABLE flights

SELECT /* nested /* is not ended twice */ 1 */ 1

SELECT
    origin,
    count()          AS n
FROM
    flights
GROUP BY
    origin

	SELECT	1

SELECT 1 AS file, 2 AS url, 3 AS s3, 4 AS remote

SELECT file, url + remote FROM (SELECT 1 AS file, 2 AS url, 3 AS remote)

SELECT f.file FROM (SELECT 1 AS file) AS f

SELECT 1 AS `file`, `file` + 1

SELECT `select`, `from` FROM (SELECT 1 AS `select`, 2 AS `from`)

SELECT 1 AS `a b`, 2 AS `a.b`, 3 AS "c d"

SELECT 1 AS `größe`, 2 AS `名前`, 3 AS `имя`

SELECT '名前', 'größe', '🛫'

SELECT 1 AS `with ``tick`, 2 AS "with ""quote"

SELECT 1 AS dictGet, 2 AS hostName, dictGet + hostName

SELECT x.a FROM (SELECT 1 AS a) AS x

SELECT sElEcT FROM (SELECT 1 AS sElEcT)

select Count(*) from flights where origin is null settings max_threads = 1 format null

SELECT 1 AS `SETTINGS readonly = 0`

SELECT 1 AS `INTO OUTFILE`

SELECT '\xff', unhex('ff'), '\xe2'

SELECT '\0\t\n\\' AS escapes, '\x41'

SELECT loop.a FROM (SELECT 1) AS loop(a)

SELECT 1 AS into, 2 AS readonly

SELECT(1)

SELECT((((1))))

SELECT 1,2,3,

SELECT ('a''b'), ('a\\'), ("x") FROM (SELECT 1 AS x)

SELECT 1 AS a,/**/2 AS b/**/FROM/**/numbers(1)
