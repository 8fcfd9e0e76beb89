# Arrays, maps, tuples, lambdas, text, JSON, dates, types.

SELECT arrayMap(x -> x * 2, [1, 2, 3]), arrayFilter(x -> x % 2, range(10)), arraySort((x, y) -> y, [1, 2], [2, 1])

SELECT arrayMap((x, y) -> x + y, [1, 2], [3, 4]), arrayReduce('sum', [1, 2, 3]), arrayFold((acc, x) -> acc + x, [1, 2], toInt64(0))

SELECT arrayReduce('uniqIf', [1, 2], [1, 0]), arrayReduceInRanges('sum', [(1, 2)], [1, 2, 3])

SELECT arrayJoin(splitByChar(',', 'a,b,c')) AS part, length(part)

SELECT arrayZip([1, 2], ['a', 'b']), arrayFlatten([[1], [2, 3]]), arrayDistinct([1, 1]), has([1, 2], 1)

SELECT arrayStringConcat(arrayMap(x -> toString(x), range(5)), '-')

SELECT arrayExists(x -> x = 1, [1, 2]), arrayAll(x -> x > 0, [1]), arrayCount(x -> x > 1, [1, 2]), arraySum([1, 2])

SELECT arraySlice([1, 2, 3], 2), arrayReverse([1, 2]), arrayConcat([1], [2]), arrayPushBack([1], 2), indexOf([1, 2], 2)

SELECT groupArray(origin), groupUniqArray(3)(carrier), groupArrayIf(day, dep_delay > 58) FROM (SELECT * FROM flights LIMIT 10)

SELECT mapKeys(m), mapValues(m), m['a'] FROM (SELECT map('a', 1, 'b', 2) AS m)

SELECT mapFilter((k, v) -> v > 1, map('a', 1, 'b', 2)), mapApply((k, v) -> (k, v * 2), map('a', 1))

SELECT sumMap(map('a', 1)), maxMap(map('a', 1))

SELECT tuple(1, 'a'), tupleConcat((1,), (2,)), (1, 2) + (3, 4), dotProduct((1, 2), (3, 4))

SELECT tupleToNameValuePairs(CAST((1, 2), 'Tuple(a UInt8, b UInt8)'))

SELECT * APPLY(toString) FROM (SELECT 1 AS a, 2 AS b)

SELECT COLUMNS('day|origin') APPLY(max) FROM flights

SELECT COLUMNS(day, dep_delay) APPLY(min) APPLY(toString) FROM flights

SELECT * EXCEPT (day) FROM flights LIMIT 1

SELECT * EXCEPT ('d.*') FROM flights LIMIT 1

SELECT * REPLACE (lower(origin) AS origin) FROM flights LIMIT 1

SELECT f.* EXCEPT day, f.COLUMNS('day') FROM flights AS f LIMIT 1

SELECT * APPLY(x -> toString(x)) FROM (SELECT 1 AS a)

SELECT upper('a'), lower('A'), length('größe'), lengthUTF8('größe'), reverse('abc'), concat('a', 'b'), substring('abc', 2, 1)

SELECT replaceAll('aXb', 'X', '-'), replaceRegexpAll('a1b2', '[0-9]', ''), extract('a=1', '=(.*)'), match('abc', 'b.')

SELECT splitByString(', ', 'a, b'), splitByRegexp('[,;]', 'a,b;c'), extractAll('a1b2', '\\d'), format('{} {}', 'a', 'b')

SELECT position('abc', 'b'), positionCaseInsensitive('ABC', 'b'), startsWith('abc', 'a'), endsWith('abc', 'c')

SELECT trim(' a '), trimLeft(' a'), leftPad('a', 3, '0'), rightPad('a', 3), repeat('ab', 2), left('abc', 2), right('abc', 1)

SELECT multiSearchAny('abc', ['b', 'x']), ngramDistance('abc', 'abd'), levenshteinDistance('a', 'b'), soundex('Robert')

SELECT hex('a'), unhex('61'), base64Encode('a'), base64Decode('YQ=='), encodeURLComponent('a b'), decodeURLComponent('a%20b')

SELECT toValidUTF8('a'), normalizeUTF8NFC('a'), initcap('new york'), ascii('a'), char(97), concatWithSeparator('-', 'a', 'b')

SELECT domain('https://a.example.org/x'), path('https://a.org/x?y=1'), protocol('https://a'), extractURLParameter('https://a/?b=c', 'b'), cutQueryString('https://a/?b')

SELECT 'file(\'/etc/passwd\')', "file" FROM (SELECT 1 AS file)

SELECT 'url(''http://127.0.0.1'')' AS text, 'SETTINGS readonly = 0' AS more

SELECT '-- not a comment', '/* neither */', '; DROP TABLE flights'

SELECT JSONExtractInt('{"a": 1}', 'a'), JSONExtract('{"a": [1, 2]}', 'a', 'Array(UInt8)'), JSONHas('{"a": 1}', 'a')

SELECT JSON_VALUE('{"a": {"b": 1}}', '$.a.b'), JSON_QUERY('{"a": [1]}', '$.a'), JSON_EXISTS('{"a": 1}', '$.a')

SELECT '{"a": {"b": 1}}'::JSON AS j, j.a.b, j.a.b::Int64

SELECT JSONAllPaths('{"a": 1}'::JSON), toJSONString(map('a', 1)), isValidJSON('{}'), simpleJSONExtractInt('{"a":1}', 'a')

SELECT visitParamExtractString('{"a":"b"}', 'a'), JSONLength('[1, 2]'), JSONType('{"a":1}', 'a'), JSONExtractKeysAndValues('{"a":1}', 'UInt8')

SELECT toYear(day), toMonth(day), toDayOfWeek(day), toISOWeek(day), toYYYYMM(day), toStartOfQuarter(day), toMonday(day) FROM flights LIMIT 1

SELECT toDateTime('2013-01-01 00:00:00', 'America/New_York'), toTimeZone(now(), 'Asia/Tokyo'), toUnixTimestamp(now()), fromUnixTimestamp(0)

SELECT formatDateTime(toDateTime('2013-01-02 03:04:05'), '%Y-%m-%d %H:%i'), parseDateTimeBestEffort('1 Jan 2013'), parseDateTime('2013-01-01', '%Y-%m-%d')

SELECT toDateTime64('2013-01-01 00:00:00.123', 3), now64(3), toDate32('1950-01-01'), dateName('month', today()), timeSlot(now())

SELECT addDays(today(), 1), subtractMonths(today(), 1), date_diff('hour', now(), now()), toLastDayOfMonth(today()), makeDate(2013, 1, 1), age('year', today(), today())

SELECT toUInt8(1), toInt128(1), toUInt256(1), toFloat32(1), toDecimal64(1, 2), toDecimal256('1.5', 3), toFixedString('a', 3), toString(1)

SELECT toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), generateUUIDv4() != generateUUIDv4(), toIPv4('1.2.3.4'), toIPv6('::1'), toLowCardinality('a')

SELECT toInt8OrZero('x'), toInt8OrNull('x'), toInt8OrDefault('x', toInt8(5)), accurateCastOrNull(300, 'UInt8'), toTypeName(1), toNullable(1)

SELECT CAST('a', 'Enum8(\'a\' = 1)'), CAST([1], 'Array(Nullable(UInt8))'), CAST((1, 'a'), 'Tuple(x UInt8, y String)'), CAST(1, 'Variant(UInt8, String)')

SELECT coalesce(NULL, 1), ifNull(NULL, 1), nullIf(1, 1), isNull(NULL), assumeNotNull(1), isNotNull(1), nullIf('', '')

SELECT round(1.5), floor(1.5), ceil(1.5), sqrt(2), pow(2, 3), exp(1), log(2), sin(0), pi(), intDiv(7, 2), modulo(7, 2), gcd(4, 6), greatest(1, 2), least(1, 2), sign(-1), abs(-1)

SELECT cityHash64('a'), sipHash64('a'), xxHash64('a'), MD5('a'), SHA256('a'), halfMD5('a'), murmurHash3_64('a'), farmHash64('a')

SELECT bitAnd(5, 3), bitOr(1, 2), bitXor(1, 3), bitShiftLeft(1, 3), bitCount(7), bitmapCardinality(bitmapBuild([1, 2]))

SELECT geoDistance(0, 0, 1, 1), greatCircleDistance(0, 0, 1, 1), geohashEncode(0.0, 0.0), pointInPolygon((1, 1), [(0, 0), (3, 0), (3, 3)])

SELECT formatReadableSize(1e6), formatReadableQuantity(1e6), formatReadableTimeDelta(100), bar(5, 0, 10, 10)

SELECT transform(1, [1, 2], ['one', 'two'], 'other'), transform('a', ['a'], ['b'])

SELECT version(), currentDatabase(), currentUser(), timezone(), uptime() >= 0

SELECT toTypeName(tuple(1, 'a', [1.5], map('k', toDate('2013-01-01')), NULL, toDecimal32(1, 2)))

SELECT randCanonical() < 1, rand() >= 0, rand64() >= 0, randUniform(0, 1) < 1

SELECT L2Distance([1, 2], [3, 4]), cosineDistance([1, 2], [3, 4]), arrayDotProduct([1, 2], [3, 4])

SELECT URLHash('a'), topLevelDomain('https://a.org'), tokens('a b c'), ngrams('abcd', 2), alphaTokens('a1b')

SELECT dateTimeToSnowflakeID(now()) > 0, snowflakeIDToDateTime(toUInt64(7204436857747984384)), UUIDv7ToDateTime(generateUUIDv7()) > 0
