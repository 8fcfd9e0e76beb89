# Typed parameters; values are given by the test.

SELECT {x:UInt8}

SELECT {x:UInt8} + 1 AS y

SELECT {s:String}, {injection:String}

SELECT count() FROM flights WHERE origin = {origin:String}

SELECT count() FROM flights WHERE day >= {start:Date}

SELECT count() FROM flights WHERE origin IN {origins:Array(String)}

SELECT has({origins:Array(String)}, origin) FROM flights LIMIT 1

SELECT {m:Map(String, UInt8)}['a']

SELECT {n:Nullable(String)} IS NULL

SELECT {pair:Tuple(UInt8, String)}

SELECT {ts:DateTime64(3)}, {f:Float64}, {price:Decimal(10, 2)}, {u:UUID}

SELECT * FROM numbers({x:UInt8})

SELECT number FROM numbers(10) LIMIT {x:UInt8}

SELECT quantile(0.5)(number) FROM numbers({x:UInt64})

WITH {x:UInt8} AS y SELECT y

SELECT {a$b:UInt8}

SELECT '{x:UInt8}' AS text
