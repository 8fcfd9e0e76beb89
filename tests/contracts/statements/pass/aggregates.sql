# Aggregate functions, combinators, sketches, statistics.

SELECT sum(dep_delay), avg(dep_delay), min(day), max(day), any(origin), anyLast(origin) FROM flights

SELECT sumIf(dep_delay, dep_delay > 5), countIf(dep_delay > 5), avgIf(dep_delay, origin = 'JFK') FROM flights

SELECT uniq(day), uniqExact(day), uniqHLL12(day), uniqCombined(day), uniqCombined64(12)(day) FROM flights

SELECT quantile(dep_delay), quantile(0.9)(dep_delay), quantiles(0.5, 0.9)(dep_delay), median(dep_delay) FROM flights

SELECT quantileExact(dep_delay), quantileTDigest(0.5)(dep_delay), quantileTiming(0.5)(dep_delay), quantileDD(0.01, 0.5)(dep_delay) FROM flights

SELECT argMax(origin, day), argMin(origin, day), topK(2)(origin), topKWeighted(2)(origin, 1) FROM flights

SELECT stddevPop(dep_delay), varSamp(dep_delay), corr(dep_delay, toUInt32(day)), covarPop(dep_delay, 1) FROM flights

SELECT skewPop(dep_delay), kurtPop(dep_delay), entropy(origin), simpleLinearRegression(toFloat64(dep_delay), toFloat64(toUInt32(day))) FROM flights

SELECT histogram(5)(dep_delay), groupBitOr(1), groupArraySample(3)(day) FROM flights

SELECT sumOrNull(dep_delay), avgOrDefault(dep_delay), sumDistinct(dep_delay), countDistinct(origin) FROM flights

SELECT sumForEach([1, 2]), sumArray([1, 2]), sumMapIf(map('a', 1), 1), uniqArray([1, 2])

SELECT uniqMerge(s) FROM (SELECT uniqState(day) AS s FROM flights GROUP BY origin)

SELECT finalizeAggregation(s), toTypeName(s) FROM (SELECT avgState(dep_delay) AS s FROM flights)

SELECT quantilesMerge(0.5, 0.9)(s) FROM (SELECT quantilesState(0.5, 0.9)(dep_delay) AS s FROM flights)

SELECT sumSimpleState(dep_delay), minSimpleState(dep_delay) FROM flights

SELECT windowFunnel(86400)(toDateTime(day), origin = 'EWR', origin = 'JFK') FROM flights

SELECT sequenceMatch('(?1)(?2)')(toDateTime(day), origin = 'EWR', origin = 'JFK'), retention(origin = 'EWR', origin = 'JFK') FROM flights

SELECT groupArrayMovingSum(2)(x), groupArrayMovingAvg(x), groupArrayInsertAt(0, 5)(x, 1) FROM (SELECT 1 AS x)

SELECT mannWhitneyUTest(dep_delay, origin = 'EWR'), welchTTest(toFloat64(dep_delay), origin = 'EWR') FROM (SELECT assumeNotNull(dep_delay) AS dep_delay, origin FROM flights)

SELECT avgWeighted(dep_delay, 1), sumWithOverflow(dep_delay), sumKahan(toFloat64(1)), deltaSum(dep_delay), boundingRatio(1, 1) FROM flights

SELECT sumResample(0, 60, 20)(dep_delay, dep_delay) FROM (SELECT assumeNotNull(dep_delay) AS dep_delay FROM flights)

SELECT groupConcat(origin) FROM (SELECT DISTINCT origin FROM flights)

SELECT minMap(map('a', 1)), argMaxIf(origin, day, 1), anyHeavy(origin), first_value(day), last_value(day) FROM flights

SELECT approx_top_k(2)(origin), groupBitmap(toUInt32(day)), cramersV(origin, carrier) FROM flights

SELECT largestTriangleThreeBuckets(5)(number, number) FROM numbers(100)

SELECT sparkbar(9)(day, n) FROM (SELECT day, count() AS n FROM flights GROUP BY day)
