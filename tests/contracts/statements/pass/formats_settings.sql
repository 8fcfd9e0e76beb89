# FORMAT, SETTINGS, and both in every place where they may stand.

SELECT 1 FORMAT JSON

SELECT 1 AS a FORMAT JSONEachRow

SELECT 1 FORMAT JSONCompact

SELECT 1 FORMAT TabSeparatedWithNamesAndTypes

SELECT 1 FORMAT CSVWithNames

SELECT 1 FORMAT Pretty

SELECT 1 FORMAT PrettyCompactMonoBlock

SELECT 1 FORMAT Vertical

SELECT 1 FORMAT Arrow

SELECT 1 FORMAT ArrowStream

SELECT 1 FORMAT Parquet

SELECT 1 FORMAT Native

SELECT 1 FORMAT RowBinaryWithNamesAndTypes

SELECT 1 FORMAT XML

SELECT 1 FORMAT Markdown

SELECT 1 FORMAT ORC

SELECT 1 FORMAT MsgPack

SELECT 1 FORMAT SQLInsert

SELECT 1 FORMAT Null

SELECT 1 FORMAT Values

SELECT 'x' FORMAT TSVRaw;

SELECT 1 SETTINGS max_threads = 1

SELECT 1 SETTINGS max_threads = 1, max_block_size = 100

SELECT 1 SETTINGS `max_threads` = 1

SELECT 1 SETTINGS max_execution_time = 5 FORMAT JSON

SELECT 1 FORMAT JSON SETTINGS max_execution_time = 5

SELECT * FROM (SELECT 1 SETTINGS max_threads = 2) SETTINGS max_threads = 1

SELECT 1 SETTINGS max_threads = 1 UNION ALL SELECT 2 SETTINGS max_threads = 2

WITH f AS (SELECT 1 SETTINGS max_threads = 2) SELECT * FROM f

SELECT count() FROM flights SETTINGS max_rows_to_read = 1000000, join_use_nulls = 1

SELECT * FROM flights LIMIT 100 SETTINGS max_result_rows = 10, result_overflow_mode = 'break'

SELECT now() SETTINGS session_timezone = 'Asia/Tokyo'

SELECT count() FROM flights SETTINGS use_query_cache = 1, query_cache_ttl = 60

SELECT count() FROM flights SETTINGS use_query_cache = 0

SELECT toDateTime('2013-01-01 00:00:00') SETTINGS date_time_output_format = 'iso'

SELECT count() FROM flights SETTINGS use_skip_indexes = 0

SELECT 1 AS settings

SELECT settings FROM (SELECT 1 AS settings)

SELECT settings FROM (SELECT 1 AS settings) SETTINGS max_threads = 1

SELECT 1 AS format, 2 AS outfile

SELECT 1 AS a FORMAT JSONEachRow SETTINGS output_format_json_quote_64bit_integers = 0

SELECT 1.5 SETTINGS output_format_csv_crlf_end_of_line = 1 FORMAT CSV

SELECT 1 SETTINGS max_memory_usage = 1000000000

SELECT origin, count() FROM flights GROUP BY origin WITH TOTALS SETTINGS totals_mode = 'after_having_exclusive', extremes = 1

SELECT 1 SETTINGS limit = 5, offset = 0
