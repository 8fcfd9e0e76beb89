# What a class's grants refuse: other databases, tables and columns. These pass the gate; the engine says no.

SELECT * FROM vault.hidden

SELECT canary FROM vault . hidden

SELECT canary FROM `vault`.`hidden`

SELECT count() FROM vault.hidden

SELECT 1 IN (SELECT canary FROM vault.hidden)

SELECT * FROM flights JOIN vault.hidden AS h ON 1 = 1

WITH h AS (SELECT * FROM vault.hidden) SELECT * FROM h

SELECT * FROM view(SELECT * FROM vault.hidden)

SELECT (SELECT max(canary) FROM vault.hidden)

SELECT 1 WHERE 'x' IN vault.hidden

SELECT secret FROM flights.airlines

SELECT a.secret FROM airlines AS a

SELECT * FROM flights.airlines

SELECT count() FROM airlines WHERE secret LIKE 'c%'

SELECT count() FROM airlines PREWHERE secret LIKE 'c%'

SELECT 1 FROM airlines ORDER BY secret

SELECT COLUMNS('secret') FROM airlines

SELECT max(secret) FROM airlines

SELECT carrier FROM airlines GROUP BY carrier, secret

DESCRIBE vault.hidden

SHOW CREATE TABLE vault.hidden

SELECT * FROM {vault:Identifier}.{hiddentable:Identifier}

SELECT * FROM notehouse.query_metrics
