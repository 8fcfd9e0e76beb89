# What would open a connection: table functions by every name they have.

SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')

SELECT * FROM URL('http://127.0.0.1:1/', 'LineAsString')

SELECT * FROM `url`('http://127.0.0.1:1/')

SELECT * FROM url ( 'http://169.254.169.254/latest/meta-data' , LineAsString )

SELECT * FROM url(concat('http://', '127.0.0.1:1'), 'LineAsString')

SELECT * FROM urlCluster('default', 'http://127.0.0.1:1/', 'LineAsString')

SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'LineAsString')

SELECT * FROM s3('http://127.0.0.1:1/bucket/key', NOSIGN, 'LineAsString')

SELECT * FROM s3Cluster('default', 'http://127.0.0.1:1/bucket/key')

SELECT * FROM gcs('http://127.0.0.1:1/bucket/key')

SELECT * FROM oss('http://127.0.0.1:1/bucket/key')

SELECT * FROM cosn('http://127.0.0.1:1/bucket/key')

SELECT * FROM azureBlobStorage('http://127.0.0.1:1', 'c', 'b')

SELECT * FROM azureBlobStorageCluster('default', 'http://127.0.0.1:1', 'c', 'b')

SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', 'LineAsString')

SELECT * FROM hdfsCluster('default', 'hdfs://127.0.0.1:1/x')

SELECT * FROM iceberg('http://127.0.0.1:1/')

SELECT * FROM icebergS3('http://127.0.0.1:1/')

SELECT * FROM icebergAzure('http://127.0.0.1:1/', 'c', 'b')

SELECT * FROM deltaLake('http://127.0.0.1:1/')

SELECT * FROM hudi('http://127.0.0.1:1/')

SELECT * FROM paimon('http://127.0.0.1:1/')

SELECT * FROM remote('127.0.0.1:9000', system.one)

SELECT * FROM remote('127.0.0.1', 'system', 'one', 'default', '')

SELECT * FROM remote('127.0.0.{1..9}', view(SELECT 1))

SELECT * FROM remoteSecure('127.0.0.1', system.one)

SELECT * FROM cluster('default', system.one)

SELECT * FROM cluster(default, system, one)

SELECT * FROM clusterAllReplicas('default', system.one)

SELECT * FROM postgresql('127.0.0.1:5432', 'a', 'b', 'c', 'd')

SELECT * FROM mysql('127.0.0.1:3306', 'a', 'b', 'c', 'd')

SELECT * FROM mongodb('127.0.0.1:27017', 'a', 'b', 'c', 'd', 'x String')

SELECT * FROM redis('127.0.0.1:6379', 'k', 'k String')

SELECT * FROM jdbc('jdbc:x', 'a', 'b')

SELECT * FROM odbc('DSN=x', 'a', 'b')

SELECT * FROM ytsaurus('http://127.0.0.1:1', 'x', 'y', 'z String')

SELECT * FROM view(SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString'))

SELECT * FROM (SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString'))

WITH u AS (SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')) SELECT * FROM u

SELECT 1 IN (SELECT length(line) FROM url('http://127.0.0.1:1/', 'LineAsString', 'line String'))

SELECT 1 FROM flights WHERE EXISTS (SELECT * FROM s3('http://127.0.0.1:1/'))

SELECT * FROM flights CROSS JOIN mysql('127.0.0.1:3306', 'a', 'b', 'c', 'd')

DESCRIBE url('http://127.0.0.1:1/', 'LineAsString')

DESCRIBE TABLE s3('http://127.0.0.1:1/b/k')

EXPLAIN SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')

EXPLAIN TABLE OVERRIDE url('http://x', 'y') COLUMNS (a Int8)

EXPLAIN QUERY TREE SELECT * FROM remote('127.0.0.1', system.one)

INSERT INTO FUNCTION url('http://127.0.0.1:1', 'CSV', 'x Int8') SELECT 1

INSERT INTO TABLE FUNCTION s3('http://127.0.0.1:1/b/k') SELECT 1

SELECT aiGenerate('model', 'prompt')

SELECT aiClassify('a', ['b'])

SELECT aiEmbed('a')

SELECT aiTranslate('a', 'de')

SELECT AIGenerate('x')

SELECT * FROM prometheusQuery('x', 'y', now())

SELECT * FROM timeSeriesSelector('x', 'y', now(), now())
