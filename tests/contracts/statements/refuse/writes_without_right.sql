# What the gate lets through, for those who may: this holder has no right to write there, or no session.

INSERT INTO flights VALUES (1)

INSERT INTO flights SELECT * FROM flights

INSERT INTO flights FORMAT CSV 1

WITH x AS (SELECT 1) INSERT INTO flights SELECT * FROM x

INSERT INTO flights.airlines (carrier) VALUES ('x')

INSERT INTO airlines (carrier, name) SELECT carrier, name FROM airlines

INSERT INTO vault.hidden VALUES ('x')

INSERT INTO vault.landing VALUES (1, 'x')

INSERT INTO late SELECT * FROM flights

INSERT INTO system.one VALUES (1)

INSERT INTO system.query_log FORMAT JSONEachRow {}

INSERT INTO `flights.landing` VALUES (1, 'x')

INSERT INTO Landing VALUES (1, 'x')

INSERT INTO default.landing VALUES (1, 'x')

INSERT INTO _temporary_and_external_tables.landing VALUES (1, 'x')

INSERT INTO nowhere VALUES (1)

INSERT INTO landing SELECT 1, secret FROM airlines

INSERT INTO landing SELECT 1, canary FROM vault.hidden

INSERT INTO landing (id, name) VALUES (1, file('/etc/passwd'))

INSERT INTO landing (id, name) VALUES (1, upper('x'))

INSERT INTO landing (id, name) VALUES ((SELECT 1), 'x')

INSERT INTO landing (id, name) VALUES (1 + 1, 'x')

INSERT INTO landing (id, name) FORMAT Values (1, getServerSetting('x'))

INSERT INTO landing (id, name) FORMAT Values (1, {x:String})

INSERT INTO landing (id, name) FORMAT JSONEachRow {"id": 1, "name": "x"} ; DROP TABLE landing

INSERT INTO landing (id, nothing) VALUES (1, 'x')

CREATE TEMPORARY TABLE t (x Int8)

CREATE TEMPORARY TABLE t AS SELECT 1

DROP TEMPORARY TABLE t

TRUNCATE TEMPORARY TABLE t

SET max_threads = 1
