# What is no statement of the engine's, or could be read in two ways.

SELEC 1

SELECT

SELECT 'unclosed

SELECT "unclosed

SELECT `unclosed

SELECT 1 /* unclosed

SELECT $$unclosed

-- only a comment

/* only a comment */

;

()

SELECT 1 FROM

SELECT 1 2 3

SELECT (1

SELECT 1)

SELECT 1 FORMAT

SELECT 1 SETTINGS

SELECT 1 SETTINGS max_threads

SELECT 1 SETTINGS max_threads = 1 max_block_size = 2

SELECT 1 FORMAT CSV FORMAT JSON

optimize = 1 SELECT 1

EXPLAIN

EXPLAIN NOTHING SELECT 1

SELECT {x}

SELECT {x:}

SELECT {x:NoSuchType}

SELECT 1 AS `a\nb`

SELECT 1 AS `a\tb`

SELECT 1 AS `(children 2)
  Function file`

SELECT 1 AS "line
break"

VALUES (1)

1

file('/etc/passwd')

DESCRIBE

SHOW

SHOW NOTHING

TABLE flights

CALL f()

PREPARE x AS SELECT 1

DECLARE @x INT

MERGE INTO flights USING airlines ON 1 WHEN MATCHED THEN DELETE

from flights | take 1

SELECT \x31

SELECT 1 ＋ 1

ＳＥＬＥＣＴ 1
