# Functions that read beyond the caller's rows, or tell of the server; and table functions that widen what is read.

SELECT dictGet('d', 'a', 1)

SELECT `dictGet`('d', 'a', 1)

SELECT DICTGET('d', 'a', 1)

SELECT dictGetString('d', 'a', toUInt64(1))

SELECT dictGetOrDefault('d', 'a', 1, '')

SELECT dictGetOrNull('d', 'a', 1)

SELECT dictGetAll('d', 'a', 1)

SELECT dictHas('d', 1)

SELECT dictIsIn('d', 1, 2)

SELECT dictGetHierarchy('d', 1)

SELECT dictGetChildren('d', 1)

SELECT dictGetDescendants('d', 1)

SELECT dictGetKeys('d', 'a', 1)

SELECT arrayMap(x -> dictGet('d', 'a', x), [1])

SELECT * FROM dictionary('d')

SELECT * FROM dictionary(d)

SELECT joinGet('flights.flights', 'a', 1)

SELECT joinGetOrNull('flights.flights', 'a', 1)

SELECT * FROM merge('flights', '^flights$')

SELECT * FROM merge('^flights$')

SELECT * FROM merge(REGEXP('.*'), '.*')

SELECT * FROM mergeTreeIndex('flights', 'flights')

SELECT * FROM mergeTreeIndex(flights, flights, with_marks = true)

SELECT * FROM mergeTreeProjection('flights', 'flights', 'p')

SELECT * FROM mergeTreeAnalyzeIndexes('flights', 'flights')

SELECT * FROM loop(flights)

SELECT * FROM loop('flights', 'flights')

SELECT * FROM viewIfPermitted(SELECT 1 ELSE null('x Int8'))

SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM flights))

SELECT * FROM (EXPLAIN SELECT 1)

SELECT * FROM (EXPLAIN ESTIMATE SELECT * FROM flights)

SELECT * FROM (EXPLAIN AST SELECT 1) LIMIT 1

SELECT * FROM (SHOW TABLES)

SELECT * FROM format('CSV', 'a')

SELECT * FROM format(CSV, $$1,2$$)

SELECT * FROM fuzzQuery('SELECT 1')

SELECT fuzzQuery('SELECT 1')

SELECT * FROM fuzzJSON('{}', 'x')

SELECT * FROM null('x Int8')

SELECT * FROM eval('SELECT 1')

SELECT * FROM python('x')

SELECT * FROM nowhere(1)

SELECT nowhere(1)

SELECT __getScalar('x')

SELECT __actionName('x', 'y')

SELECT __applyFilter('x', 1)

SELECT hostName()

SELECT hostname()

SELECT HOSTNAME()

SELECT FQDN()

SELECT fullHostName()

SELECT displayName()

SELECT serverUUID()

SELECT tcpPort()

SELECT getServerPort('tcp_port')

SELECT getServerSetting('max_connections')

SELECT getMergeTreeSetting('index_granularity')

SELECT getMacro('x')

SELECT getOSKernelVersion()

SELECT getClientHTTPHeader('X-Notehouse-Key')

SELECT `getClientHTTPHeader`('X-ClickHouse-Key')

SELECT arrayMap(h -> getClientHTTPHeader(h), ['X-Notehouse-Key'])

SELECT showCertificate()

SELECT buildId()

SELECT tid()

SELECT logTrace('x')

SELECT currentRoles()

SELECT enabledRoles()

SELECT defaultRoles()

SELECT currentProfiles()

SELECT enabledProfiles()

SELECT connectionId()

SELECT filesystemAvailable()

SELECT filesystemCapacity()

SELECT filesystemUnreserved()

SELECT zookeeperSessionUptime()

SELECT transactionID()

SELECT runningConcurrency(now(), now())

SELECT hasColumnInTable('flights', 'airlines', 'secret')

SELECT estimateCompressionRatio(day) FROM flights

SELECT addressToLine(1)

SELECT addressToSymbol(1)

SELECT demangle('x')

SELECT flameGraph(1)

SELECT structureToProtobufSchema('x Int8')

SELECT regionToName(1)

SELECT shardNum()

SELECT generateSerialID('x')

SELECT hasThreadFuzzer()

SELECT chdb()

SELECT aggThrow(0.5)(1)

SELECT dictGetIf('d', 'a', 1, 1)

SELECT hostNameOrNull()

SELECT * APPLY(hostName) FROM (SELECT 1)

SELECT * APPLY(x -> dictGet('d', 'a', x)) FROM (SELECT 1)

WITH hostName() AS h SELECT h

WITH hostName AS f SELECT f()

WITH x -> x AS file SELECT file('SECRET')

WITH x -> x AS hostName SELECT hostName()

WITH x -> x AS nowhere SELECT nothere(1)

WITH x -> file(x) AS f SELECT f('SECRET')

WITH x -> x AS dictGetIf SELECT dictGetIf('d', 'a', 1, 1)
