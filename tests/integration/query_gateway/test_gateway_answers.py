"""What a token opens, through each client that people use."""

import gzip
import json
import subprocess
import time
from dataclasses import replace
from typing import Any

import clickhouse_connect
import httpx
import pytest
import sqlalchemy
from clickhouse_connect.driver.external import ExternalData

from notehouse_core.tokens import API, FRAME, RUN, VIEW, Claims, class_subject

BY_CARRIER = "SELECT carrier, count() FROM flights GROUP BY carrier ORDER BY carrier"


def test_each_token_shows_the_rows_of_its_class(house: Any) -> None:
    assert house.ask(BY_CARRIER, house.united).text == "UA\t10000\n"
    assert house.ask(BY_CARRIER, house.delta).text == "DL\t10000\n"
    assert house.ask(BY_CARRIER, house.admin).text == "AA\t10000\nDL\t10000\nUA\t10000\n"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/warehouse/",
        "/warehouse",
        "/services/notehouse/clickhouse/warehouse/",
        "/services/notehouse/clickhouse",
    ],
)
def test_every_address_of_the_source_answers(house: Any, path: str) -> None:
    assert house.ask("SELECT currentDatabase()", path=path).text == "flights\n"


@pytest.mark.parametrize(
    "path", ["/other/", "/warehouse/x", "/play", "/dashboard", "/services/notehouse/metrics", "//"]
)
def test_other_addresses_are_refused(house: Any, path: str) -> None:
    assert house.ask("SELECT 1", path=path).status_code in {400, 404}


def test_curl(house: Any) -> None:
    def curl(*words: str) -> str:
        done = subprocess.run(
            ["curl", "-sS", "--fail-with-body", *words], capture_output=True, text=True, check=False
        )
        return done.stdout

    token = house.united
    assert curl(house.url, "-u", f"me:{token}", "-d", BY_CARRIER) == "UA\t10000\n"
    assert curl(house.url, "-H", f"Authorization: Bearer {token}", "-d", BY_CARRIER) == "UA\t10000\n"
    assert curl(house.url, "-H", f"X-ClickHouse-Key: {token}", "-d", "SELECT 1") == "1\n"
    assert curl(f"{house.url}/?password={token}&query=SELECT%201") == "1\n"
    assert (
        curl(
            f"{house.url}/?password={token}", "--data-binary", "SELECT 1", "-H", "Transfer-Encoding: chunked"
        )
        == "1\n"
    )
    assert (
        curl(f"{house.url}/?password={token}", "-F", "query=SELECT {x:UInt8} + 1", "-F", "param_x=2") == "3\n"
    )
    big = "SELECT '" + "x" * 2000 + "'"
    assert len(curl(house.url, "-u", f"me:{token}", "-H", "Expect: 100-continue", "-d", big)) == 2001
    assert "No token was given" in curl(house.url, "-d", "SELECT 1")
    assert "Unknown table" in curl(house.url, "-u", f"me:{token}", "-d", "SELECT * FROM nowhere")


def test_a_compressed_body_and_a_compressed_answer(house: Any) -> None:
    headers = {"Authorization": f"Bearer {house.united}", "Content-Encoding": "gzip"}
    answer = httpx.post(
        f"{house.url}/?enable_http_compression=1", content=gzip.compress(BY_CARRIER.encode()), headers=headers
    )
    assert answer.headers["Content-Encoding"] in {"gzip", "deflate", "br", "zstd"}
    assert answer.text == "UA\t10000\n"
    bomb = gzip.compress(b" " * 2**27)
    assert "larger than" in httpx.post(house.url, content=bomb, headers=headers).text
    assert "is not gzip" in httpx.post(house.url, content=b"SELECT 1", headers=headers).text
    headers["Content-Encoding"] = "compress"
    assert "is not read here" in httpx.post(house.url, content=b"SELECT 1", headers=headers).text


def external(house: Any, parameters: dict[str, str], data: bytes = b"1\tx\n2\ty\n") -> httpx.Response:
    """Send a table `e` with a statement that joins it."""
    statement = "SELECT e.*, count() FROM e CROSS JOIN flights GROUP BY ALL ORDER BY 1"
    headers = {"Authorization": f"Bearer {house.united}"}
    files = {"e": ("e", data)}
    return httpx.post(house.url, params={"query": statement, **parameters}, files=files, headers=headers)


def test_a_table_that_comes_with_a_statement(house: Any) -> None:
    rows = "1\tx\t10000\n2\ty\t10000\n"
    assert external(house, {"e_structure": "a Int8, b String"}).text == rows
    assert external(house, {"e_types": "Int8,String"}).text == rows
    assert (
        external(house, {"e_structure": "a Int8, b String", "e_format": "CSV"}, b"1,x\r\n2,y\n").text == rows
    )
    some_bad = {
        "e_structure": "a Int8, b String",
        "input_format_allow_errors_num": "1",
        "async_insert": "1",
    }
    assert external(house, some_bad, b"1\tx\nmany\tz\n2\ty\n").text == rows


@pytest.mark.parametrize(
    "parameters",
    [
        {"e_structure": "a Int8, b String DEFAULT file('/etc/passwd')"},
        {"e_structure": "a Int8, b String alias file('/etc/passwd')"},
        {"e_structure": "a Int8, b String MATERIALIZED 1"},
        {"e_structure": "a Int8, b String CODEC(NONE)"},
        {"e_structure": "a Int8, b String TTL now()"},
        {"e_structure": "a Int8; DROP TABLE flights"},
        {"e_structure": "a Int8, b String", "e_format": "Values"},
        {"e_structure": "a Int8, b String", "e_format": "Template"},
        {"e_structure": "a Int8, b String", "e_format": "CapnProto"},
        {"e_types": "Int8, String DEFAULT 1"},
        {"f_structure": "a Int8"},
        {},
    ],
)
def test_a_table_that_would_compute_something_is_refused(house: Any, parameters: dict[str, str]) -> None:
    answer = external(house, parameters)
    assert answer.status_code >= 400
    assert "root:" not in answer.text


def test_clickhouse_connect(house: Any) -> None:
    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=house.port, username="me", password=house.united, database="flights"
    )
    assert client.query(BY_CARRIER).result_rows == [("UA", 10_000)]
    assert client.query("SELECT {x:String}", parameters={"x": "it's"}).result_rows == [("it's",)]
    assert client.query("SELECT %(x)s", parameters={"x": "it's"}).result_rows == [("it's",)]
    assert client.query_arrow("SELECT * FROM flights").num_rows == 10_000
    assert len(client.query_df("SELECT * FROM flights LIMIT 5")) == 5
    assert client.command("SELECT count() FROM flights") == 10_000
    with client.query_row_block_stream("SELECT number FROM numbers(1000000)") as stream:
        assert sum(len(block) for block in stream) == 1_000_000
    with pytest.raises(Exception, match="ACCESS_DENIED"):
        client.query("SELECT * FROM file('/etc/passwd')")
    with pytest.raises(Exception, match="Unknown expression identifier"):
        client.query("SELECT nothing FROM flights")
    brought = ExternalData(file_name="e.csv", fmt="CSV", structure="a Int8, b String", data=b"1,x\n2,y\n")
    assert client.query("SELECT b FROM e ORDER BY a", external_data=brought).result_rows == [("x",), ("y",)]
    client.close()


def test_clickhouse_connect_without_a_database_and_with_a_proxy_path(house: Any) -> None:
    client = clickhouse_connect.get_client(
        host="127.0.0.1",
        port=house.port,
        access_token=house.delta,
        proxy_path="/services/notehouse/clickhouse/warehouse/",
    )
    assert client.query(BY_CARRIER).result_rows == [("DL", 10_000)]
    client.close()


def test_sqlalchemy(house: Any) -> None:
    address = f"clickhousedb://me:{house.united}@127.0.0.1:{house.port}/flights"
    engine = sqlalchemy.create_engine(address)
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text(BY_CARRIER)).fetchall() == [("UA", 10_000)]
        assert connection.execute(sqlalchemy.text("SELECT :x + 1"), {"x": 1}).scalar() == 2
    inspector = sqlalchemy.inspect(engine)
    assert set(inspector.get_table_names(schema="flights")) == {"flights", "airlines", "late", "landing"}
    assert [one["name"] for one in inspector.get_columns("flights", schema="flights")][:2] == [
        "carrier",
        "origin",
    ]
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SHOW TABLES",
        "SHOW DATABASES",
        "SHOW CREATE TABLE flights",
        "SHOW COLUMNS FROM flights",
        "DESCRIBE flights",
        "DESCRIBE TABLE (SELECT 1)",
        "EXISTS TABLE flights",
        "EXPLAIN SELECT * FROM flights",
        "EXPLAIN PIPELINE SELECT * FROM flights",
        "EXPLAIN AST SELECT 1",
        "SELECT version(), timezone(), now()",
        "SELECT name, engine, comment FROM system.tables WHERE database = 'flights'",
        "SELECT name, type FROM system.columns WHERE table = 'flights'",
        "SELECT count(*) FROM system.functions",
        "SELECT * FROM numbers(3)",
        "SELECT * FROM values('a Int8, b String', (1, 'x'))",
        "SELECT quantiles(0.5, 0.9)(dep_delay) FROM flights GROUP BY origin WITH TOTALS",
        "SELECT carrier, uniqMerge(s) FROM (SELECT carrier, uniqState(day) AS s FROM flights GROUP BY carrier) GROUP BY 1",
        "SELECT sum(dep_delay) OVER (PARTITION BY origin ORDER BY day ROWS 3 PRECEDING) FROM flights",
        "SELECT toStartOfMonth(day) AS m, avg(dep_delay) FROM flights GROUP BY m ORDER BY m WITH FILL STEP INTERVAL 1 MONTH",
        "SELECT arrayJoin([1, 2, 3]) AS x, arrayMap(y -> y + 1, [x]) SETTINGS max_threads = 1",
        "SELECT 1 FORMAT JSONCompact SETTINGS output_format_json_quote_64bit_integers = 0",
        "SELECT * FROM flights LIMIT 3 SETTINGS max_result_rows = 100, result_overflow_mode = 'break'",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r",
        "SELECT * EXCEPT (day) REPLACE (upper(origin) AS origin) FROM flights LIMIT 1",
        "SELECT a.carrier FROM flights AS a INNER JOIN airlines AS b USING (carrier) LIMIT 1",
        "SELECT carrier FROM flights LIMIT 1 BY origin",
        "SELECT CASE WHEN dep_delay > 10 THEN 'late' ELSE 'ok' END AS x, count() FROM flights GROUP BY x HAVING count() > 1",
        "SELECT JSONExtractString('{\"a\": \"b\"}', 'a'), formatReadableSize(1e6), dateDiff('day', today(), now())",
        "SELECT 'größe', `größe` FROM (SELECT 1 AS `größe`);",
        "/* a */ SELECT 1 -- b",
    ],
)
def test_what_analysts_write_passes(house: Any, statement: str) -> None:
    answer = house.ask(statement)
    assert answer.status_code == 200, answer.text


def test_the_engines_error_keeps_the_authors_position(house: Any) -> None:
    answer = house.ask("SELECT count( FROM flights")
    assert answer.status_code == 400
    assert answer.text.startswith("Code: 62. DB::Exception: Syntax error: failed at position ")
    position = int(answer.text.split("position ")[1].split(" ")[0])
    assert "SELECT count( FROM flights"[position - 1 :].startswith("( FROM")
    second_line = house.ask("SELECT 1\nFROM flights\nWHER x").text
    assert "line 3" in second_line, second_line


def test_tokens_of_other_purposes_and_times(house: Any) -> None:
    asked = "SELECT count() FROM flights"
    mine = house.claims("united-analyst", "united")
    for purpose in (RUN, VIEW):
        for subject in (class_subject(mine.access_class), "united-analyst"):
            good = house.token("united-analyst", "united", purpose=purpose, subject=subject)
            assert house.ask(asked, good).text == "10000\n"
        for subject in ("x", "delta-analyst", class_subject("0" * 20)):
            bad = house.token("united-analyst", "united", purpose=purpose, subject=subject)
            assert house.ask(asked, bad).status_code == 403
    expired = house.ask(asked, house.token("united-analyst", "united", expires_at=int(time.time()) - 5))
    assert expired.status_code == 401
    assert "The token has expired. Get a new one" in expired.text
    assert expired.headers["X-ClickHouse-Exception-Code"] == "516"
    for audience in ((API,), (FRAME,)):
        assert house.ask(asked, house.token("united-analyst", "united", audience=audience)).status_code == 401
    for token in ("x", house.united[:-4] + "AAAA", house.clickhouse.key, "a.b.c"):
        assert house.ask(asked, token).status_code == 401
    others = house.claims("delta-analyst", "delta").access_class
    stolen: list[Claims] = [
        replace(mine, access_class=others),
        replace(mine, access_class=others, purpose=RUN),
        replace(mine, tenant="delta"),
        replace(mine, access_class="0" * 20),
        replace(mine, subject="delta-analyst"),
        replace(mine, tenant="*"),
    ]
    for claims in stolen:
        answer = house.ask(asked, house.signer.sign(claims))
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "497"), claims
    other_source = house.ask(asked, house.token("united-analyst", "united", sources=("other",)))
    assert "There is no data source warehouse for this token" in other_source.text


def test_two_tokens_and_damaged_ones(house: Any) -> None:
    headers = {"Authorization": f"Bearer {house.united}", "X-ClickHouse-Key": house.delta}
    assert "Two different tokens" in httpx.post(house.url, content="SELECT 1", headers=headers).text
    for value in ("Basic !!!", "Digest x", "Bearer", "Basic " + "=" * 5):
        assert httpx.post(house.url, content="SELECT 1", headers={"Authorization": value}).status_code == 401


def test_who_asked_stands_in_query_log_and_nothing_secret_in_ours(house: Any) -> None:
    token = house.token("united-analyst", "united", object="dashboard:7")
    answer = httpx.get(f"{house.url}/?query=SELECT%2042&log_comment=cell%203&query_id=mine&password={token}")
    query_id = answer.headers["X-ClickHouse-Query-Id"]
    assert query_id.startswith("nh-")
    assert query_id.endswith("-mine")
    house.clickhouse.query("SYSTEM FLUSH LOGS")
    row = house.clickhouse.query(
        f"SELECT log_comment FROM system.query_log WHERE query_id = '{query_id}' FORMAT TSVRaw"
    )
    said = json.loads(row.splitlines()[0])
    assert (said["user"], said["tenant"], said["object"], said["said"]) == (
        "united-analyst",
        "united",
        "dashboard:7",
        "cell 3",
    )
    text = house.log()
    assert query_id in text
    for secret in (token, house.clickhouse.key, "class-secret-of-tests", house.postgres.passwords.app):
        assert secret not in text


def test_health_metrics_and_ping(house: Any) -> None:
    assert httpx.get(f"{house.url}/health/live").json() == {"status": "live"}
    assert httpx.get(f"{house.url}/health/ready").json() == {"status": "ready", "missing": []}
    assert httpx.get(f"{house.url}/ping").text == "Ok.\n"
    assert "notehouse_query_gateway_statements_total{" in httpx.get(f"{house.url}/metrics").text
    assert httpx.get(f"{house.url}/services/notehouse/clickhouse/metrics").status_code == 404


def test_an_answer_is_never_a_page_of_ours(house: Any) -> None:
    headers = house.ask("SELECT '<script>alert(1)</script>' FORMAT XML").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert "X-ClickHouse-Server-Display-Name" not in headers
    assert "Access-Control-Allow-Origin" not in headers
