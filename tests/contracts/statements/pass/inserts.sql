# Rows into a table that this holder may write to. What follows a row is a row, and never a statement.

INSERT INTO landing VALUES (1, 'x')

INSERT INTO flights.landing VALUES (1, 'it''s'), (2, 'a\nb'), (3, '/* no comment */')

insert into landing (id, name) values (4, 'VALUES (5)')

INSERT INTO TABLE landing VALUES (5, 'x');

INSERT INTO landing VALUES (5, 'x'); DROP TABLE landing

INSERT INTO `flights`.`landing` (`name`, `id`) VALUES ('x', 6)

INSERT INTO landing (id) VALUES (7)

INSERT INTO landing FORMAT CSV 8,"x"

INSERT INTO landing (id, name) FORMAT JSONEachRow {"id": 9, "name": "FORMAT Null; SELECT 1"}

INSERT INTO landing FORMAT TabSeparated
10	x
11	y

INSERT INTO landing SETTINGS max_threads = 1 VALUES (12, 'x')

INSERT INTO landing (id, name) SETTINGS format_csv_delimiter = ';', insert_deduplicate = 0 FORMAT CSV 13;x

-- rows
INSERT /* of mine */ INTO landing -- here
VALUES (14, 'x')

INSERT INTO landing SELECT number, toString(number) FROM numbers(3)

INSERT INTO landing (id, name) SELECT 20, origin FROM flights LIMIT 1

INSERT INTO landing WITH 21 AS x SELECT x, 'x'

INSERT INTO landing WITH o AS (SELECT origin FROM flights LIMIT 1) SELECT 22, origin FROM o

WITH x AS (SELECT 24 AS a) INSERT INTO landing SELECT a, 'x' FROM x

INSERT INTO landing SELECT {x:UInt32}, {s:String}

INSERT INTO landing (id, name) SELECT id, name FROM landing WHERE id = 1 SETTINGS max_threads = 1

INSERT INTO landing (SELECT 23, 'x')
