"""What a token does not open: cases of files, networks, settings, other rows, and more than one statement."""

from typing import Any

import httpx
import pytest

from notehouse_hub.service.query_gateway.gate import functions


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
    who = ("united-analyst", "united")
    own = house.plan.writer_of(*who) or house.plan.class_of(*who)
    assert answer.text == f"nh_{own.id}\t10000\n"


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
