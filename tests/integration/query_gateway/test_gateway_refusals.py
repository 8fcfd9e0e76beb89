"""What a token does not open: cases of files, networks, settings, other rows, and more than one statement."""

from typing import Any

import httpx
import pytest

from notehouse_hub.service.query_gateway.gate import functions

REFUSED = [
    # files and networks, as table functions and as scalars, however written
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT \"file\"('/etc/passwd')",
    "SELECT FILE('/etc/passwd')",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
    "SELECT /* c */ file /* d */ ('/etc/passwd')",
    "SELECT ('/etc/passwd' AS x) AS y, file(x)",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
    "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
    "SELECT COLUMNS('.*') APPLY(x -> file(x)) FROM (SELECT '/etc/passwd')",
    "WITH (SELECT file('/etc/passwd')) AS f SELECT f",
    "EXPLAIN QUERY TREE SELECT file('/etc/passwd')",
    "EXPLAIN SYNTAX SELECT file('/etc/passwd')",
    "SELECT 1 WHERE 1 IN (SELECT length(file('/etc/passwd')))",
    "SELECT 1 FROM flights JOIN (SELECT file('/etc/passwd') AS c) AS f ON 1 = 1",
    "SELECT 1 ORDER BY file('/etc/passwd')",
    "SELECT fileIf('/etc/passwd', 1)",
    "SELECT * FROM values('a String DEFAULT file(\\'/etc/passwd\\')', ('x'))",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1:9000', system.one)",
    "SELECT * FROM remoteSecure('127.0.0.1', system.one)",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM postgresql('127.0.0.1:5432', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mysql('127.0.0.1:3306', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('/tmp/x.db', 't')",
    "SELECT * FROM executable('id', 'LineAsString', 'x String')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', 'LineAsString')",
    "SELECT * FROM view(SELECT file('/etc/passwd'))",
    "SELECT * FROM loop(flights)",
    "SELECT * FROM dictionary('d')",
    "SELECT * FROM input('x String')",
    "SELECT * FROM format('CSV', 'a')",
    "SELECT 1 INTO OUTFILE '/tmp/out'",
    "SELECT 1 INTO OUTFILE '/tmp/out' FORMAT CSV",
    # other rows
    "SELECT * FROM merge('flights', '^flights$')",
    "SELECT * FROM vault.hidden",
    "SELECT canary FROM vault . hidden",
    "SELECT secret FROM flights.airlines",
    "SELECT * FROM flights.airlines",
    "SELECT * FROM mergeTreeIndex('flights', 'flights')",
    "SELECT * FROM mergeTreeProjection('flights', 'flights', 'p')",
    "SELECT dictGet('d', 'a', 1)",
    "SELECT joinGet('flights.flights', 'a', 1)",
    "EXPLAIN ESTIMATE SELECT * FROM flights",
    "EXPLAIN indexes = 1 SELECT * FROM flights",
    "EXPLAIN TABLE OVERRIDE url('http://x', 'y') COLUMNS (a Int8)",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM flights))",
    "SELECT total_rows FROM system.tables",
    "SELECT `total_rows` FROM system.tables",
    "SELECT t.total_rows FROM system.tables AS t",
    "SELECT * FROM system.tables",
    "SELECT t.* FROM system.tables AS t",
    "SELECT COLUMNS('rows') FROM system.tables",
    "SELECT data_paths FROM system.tables",
    "SELECT * FROM `system`.`tables`",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.processes",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.users",
    "SELECT * FROM system.row_policies",
    "SELECT * FROM system.grants",
    "SELECT 1 IN system.processes",
    "SELECT * FROM {d:Identifier}.{t:Identifier}",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM INFORMATION_SCHEMA.TABLES",
    "SHOW PROCESSLIST",
    "SHOW GRANTS FOR default",
    "SHOW TABLES WHERE file('/etc/passwd') = ''",
    "SHOW USERS",
    # settings
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT 1 SETTINGS max_execution_time = 100000",
    "SELECT 1 SETTINGS max_rows_to_read = 0",
    "SELECT 1 SETTINGS additional_table_filters = {'flights.flights': '1'}",
    "SELECT 1 SETTINGS SQL_x = 1",
    "SELECT 1 SETTINGS profile = 'default'",
    "SELECT 1 SETTINGS log_comment = 'x'",
    "SELECT 1 SETTINGS max_threads = 1, readonly = 0",
    "SELECT * FROM (SELECT 1 SETTINGS readonly = 0)",
    "SELECT 1 UNION ALL SELECT 2 SETTINGS dialect = 'prql'",
    "SELECT 1 FORMAT CSV SETTINGS allow_introspection_functions = 1",
    "SET readonly = 0",
    "SET ROLE ALL",
    "USE vault",
    # what changes something, or is more than one statement
    "INSERT INTO flights VALUES (1)",
    "INSERT INTO FUNCTION url('http://127.0.0.1:1', 'CSV', 'x Int8') SELECT 1",
    "CREATE TABLE t (x Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE t (x Int8)",
    "CREATE FUNCTION f AS x -> x",
    "CREATE USER u",
    "DROP TABLE flights",
    "ALTER TABLE flights DELETE WHERE 1",
    "TRUNCATE TABLE flights",
    "OPTIMIZE TABLE flights",
    "SYSTEM SHUTDOWN",
    "SYSTEM STOP LISTEN HTTP",
    "KILL QUERY WHERE 1",
    "GRANT ALL ON *.* TO default",
    "EXECUTE AS default SELECT 1",
    "BACKUP TABLE flights TO Disk('d', 'x')",
    "ATTACH TABLE t FROM '/etc' (x Int8) ENGINE = Memory",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE flights",
    "SELECT 1 PARALLEL WITH DROP TABLE flights",
    "BEGIN TRANSACTION",
    "CHECK TABLE flights",
    # what the engine tells of itself
    "SELECT hostName()",
    "SELECT getServerSetting('max_connections')",
    "SELECT getClientHTTPHeader('X-Notehouse-Key')",
    "SELECT getMacro('x')",
    "SELECT showCertificate()",
    "SELECT currentRoles()",
    "SELECT serverUUID()",
    "SELECT filesystemAvailable()",
    # not understood
    "SELEC 1",
    "",
    "   ",
    "-- only a comment",
    "\x00",
    "SELECT 'unclosed",
    "SELECT 1 /* unclosed",
    "EXPLAIN EXPLAIN AST SELECT file('x')",
    "optimize = 1 SELECT 1",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_is_refused_as_clickhouse_refuses(house: Any, statement: str) -> None:
    answer = house.ask(statement, param_d="system", param_t="processes")
    assert answer.status_code >= 400, answer.text
    code = answer.headers["X-ClickHouse-Exception-Code"]
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "canary" not in answer.text.replace(statement, "")
    assert "root:" not in answer.text
    assert answer.status_code < 500 or "statement" not in answer.text or code != "210"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("role", "default"),
        ("profile", "default"),
        ("quota_key", "x"),
        ("dialect", "prql"),
        ("readonly", "0"),
        ("readonly", "2"),
        ("replace_running_query", "1"),
        ("additional_table_filters", "{'flights.flights':'1'}"),
        ("additional_result_filter", "1"),
        ("allow_ddl", "1"),
        ("http_response_headers", "{'Content-Type': 'text/html'}"),
        ("add_http_cors_header", "1"),
        ("decompress", "1"),
        ("format_schema", "x"),
        ("stacktrace", "1"),
        ("max_execution_time", "0"),
        ("max_execution_time", "86400"),
        ("max_memory_usage", "0"),
        ("max_result_rows", "0"),
        ("compress", "yes"),
        ("buffer_size", "99999999999999999999"),
        ("default_format", "CSV INTO OUTFILE"),
        ("query_id", "x' OR 1"),
        ("database", "system"),
        ("database", "vault"),
        ("database", "default; x"),
        ("param_x y", "1"),
        ("secret", "1"),
    ],
)
def test_a_parameter_that_is_ours_is_refused(house: Any, name: str, value: str) -> None:
    answer = house.ask("SELECT 1", **{name: value})
    assert answer.status_code >= 400
    assert answer.text.startswith("Code: ")


def test_user_and_session_of_the_address_change_nothing(house: Any) -> None:
    answer = house.ask("SELECT currentUser(), count() FROM flights", user="default", session_id="x")
    user = f"nh_{house.claims('united-analyst', 'united').access_class}"
    assert answer.text == f"{user}\t10000\n"


def test_a_parameter_given_twice_is_refused(house: Any) -> None:
    headers = {"Authorization": f"Bearer {house.united}"}
    answer = httpx.post(f"{house.url}/?max_threads=1&max_threads=2", content="SELECT 1", headers=headers)
    assert "was given twice" in answer.text


def test_a_comment_hides_nothing(house: Any) -> None:
    assert house.ask("SELECT 1 -- x\r; SELECT 2").text == "1\n"
    assert house.ask("SELECT /*! 2 */ 1").text == "1\n"


def test_a_statement_in_two_places_is_refused(house: Any) -> None:
    assert "Send the statement in one of them" in house.ask(" , 2", query="SELECT 1").text


def test_limits_may_be_lowered(house: Any) -> None:
    assert house.ask("SELECT count() FROM flights", max_execution_time=5, max_threads=1).text == "10000\n"
    assert house.ask("SELECT * FROM flights SETTINGS max_rows_to_read = 10").headers[
        "X-ClickHouse-Exception-Code"
    ] in {"158", "396"}
    broken_off = house.ask(
        "SELECT number FROM numbers(100)", max_result_rows=10, result_overflow_mode="break", max_block_size=10
    )
    assert 10 <= len(broken_off.text.splitlines()) < 100


def test_no_row_of_others_stops_a_statement(house: Any) -> None:
    for statement in (
        "SELECT throwIf(carrier = 'DL') FROM flights FORMAT Null",
        "SELECT count() FROM flights WHERE throwIf(carrier = 'DL')",
        "SELECT count() FROM flights PREWHERE throwIf(carrier = 'DL')",
        "SELECT intDiv(1, carrier != 'DL') FROM flights FORMAT Null",
    ):
        assert house.ask(statement).status_code == 200, statement


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count() FROM flights",
        "SELECT count() FROM flights.flights AS f",
        "SELECT count() FROM late",
        "WITH f AS (SELECT * FROM flights) SELECT count() FROM f",
        "SELECT count() FROM (SELECT * FROM flights UNION ALL SELECT * FROM flights WHERE 0)",
        "SELECT count() FROM flights WHERE carrier IN (SELECT carrier FROM flights)",
        "SELECT count() FROM {t:Identifier}",
        "SELECT count() FROM view(SELECT * FROM flights)",
        "SELECT sum(1) FROM flights",
        "SELECT countIf(1) FROM flights",
        "SELECT countIf(carrier = 'UA') + countIf(carrier != 'UA') FROM flights",
    ],
)
def test_only_rows_of_the_class_count(house: Any, statement: str) -> None:
    assert house.ask(statement, param_t="flights").text == "10000\n"


def test_the_lists_of_functions_name_every_one_of_the_engine(house: Any) -> None:
    """A function on neither list is refused; that a list has it shows that somebody has looked at it."""
    known = set(
        house.clickhouse.query("SELECT name FROM system.functions WHERE origin = 'System'").lower().split()
    )
    assert known - functions.ALLOWED - functions.DENIED == set()
    tables = set(house.clickhouse.query("SELECT name FROM system.table_functions").lower().split())
    assert tables - functions.TABLE_FUNCTIONS - functions.DENIED_TABLE_FUNCTIONS == set()


def test_a_token_of_odd_bytes_is_no_token(house: Any) -> None:
    for value in (b"Bearer \xff\xfe", b"Bearer a.b.c", b"Basic \xff", b"Bearer " + b"x" * 100_000):
        answer = httpx.post(house.url, content="SELECT 1", headers={b"Authorization": value})
        assert answer.status_code == 401
