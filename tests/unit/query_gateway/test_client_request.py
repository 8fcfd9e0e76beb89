"""Requests, credentials and the canonical request that is made of them."""

import base64
import gzip

import pytest

from notehouse_core.access import TableGrant, make_class
from notehouse_core.tokens import INTERACTIVE, Claims
from notehouse_hub.service.query_gateway import canonical_request, credentials
from notehouse_hub.service.query_gateway.canonical_request import Question
from notehouse_hub.service.query_gateway.client_request import ClientRequest, asked
from notehouse_hub.service.query_gateway.holder import Holder
from notehouse_hub.service.query_gateway.refusal import Refusal

GRANT = TableGrant("warehouse", "flights", "flights", None, "carrier = 'UA'")
UNITED = make_class("united", [GRANT])
HOLDER = Holder(Claims("ann", "united", UNITED.id, INTERACTIVE), UNITED)


def request(url: str = "/", body: bytes = b"", **headers: str) -> ClientRequest:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return ClientRequest.read("POST", url.encode(), pairs, body)


def question(url: str = "/", body: bytes = b"SELECT 1", **headers: str) -> Question:
    one = request(url, body, **headers)
    return canonical_request.question(one, asked(one), HOLDER, "warehouse", "flights")


def test_statement_and_parameters_are_found_wherever_they_stand() -> None:
    assert asked(request("/?query=SELECT+%27%C3%A4%27")).statement == "SELECT 'ä'".encode()
    assert asked(request("/?query=SELECT+%27%ff%27")).statement == b"SELECT '\xff'"
    assert asked(request("/", gzip.compress(b"SELECT 1"), content_encoding="gzip")).statement == b"SELECT 1"
    form = b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1\r\n--b\r\n'
    form += b'Content-Disposition: form-data; name="param_x"\r\n\r\n2\r\n--b--\r\n'
    found = asked(request("/", form, content_type="multipart/form-data; boundary=b"))
    assert (found.statement, found.parameters) == (b"SELECT 1", {"param_x": "2"})


@pytest.mark.parametrize(
    ("url", "body", "said"),
    [
        ("/?a=1&a=2", b"", "given twice"),
        ("/?query=SELECT+1", b"x", "in one of them"),
        ("/?x%20y=1", b"", "other than letters"),
        ("/?" + "&".join(f"a{n}=1" for n in range(2000)), b"", "more than 1000"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(url: str, body: bytes, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        asked(request(url, body))
    assert said in caught.value.text


def test_a_header_given_twice_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        ClientRequest.read("POST", b"/", [(b"Authorization", b"a"), (b"authorization", b"b")], b"")
    assert caught.value.close


def test_the_token_is_found() -> None:
    both = base64.b64encode(b"me:tok:en").decode()
    assert credentials.token(request(authorization=f"Basic {both}")) == "tok:en"
    assert credentials.token(request(authorization="bearer token")) == "token"
    assert credentials.token(request("/?password=token", x_clickhouse_key="token")) == "token"
    for one in (
        request(),
        request("/?password="),
        request("/?password=a", x_clickhouse_key="b"),
        request(authorization="Basic ä"),
    ):
        with pytest.raises(Refusal) as caught:
            credentials.token(one)
        assert caught.value.status == 401


def test_what_goes_up_is_ours() -> None:
    made = question(
        "/?user=default&session_id=s&max_threads=2&param_x=1&query_id=q&log_comment=cell&default_format=CSV"
    )
    assert made.settings["quota_key"] == "ann"
    assert made.query_id == f"nh-{HOLDER.name}-q"
    assert made.arguments == {"x": "1"}
    assert '"said": "cell"' in made.settings["log_comment"]
    assert set(made.settings) == {
        "max_threads",
        "database",
        "query_id",
        "quota_key",
        "default_format",
        "log_comment",
    }
    assert canonical_request.own_query_id(HOLDER, made.query_id) == made.query_id


def test_another_holders_query_id_becomes_ones_own() -> None:
    assert canonical_request.own_query_id(HOLDER, "nh-0000-q") == f"nh-{HOLDER.name}-nh-0000-q"


@pytest.mark.parametrize(
    "name", ["role", "profile", "quota_key", "dialect", "readonly", "replace_running_query", "x"]
)
def test_parameters_that_are_not_the_callers_are_refused_by_name(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        question(f"/?{name}=1")
    assert name in caught.value.text


def test_databases() -> None:
    assert question("/?database=default").database == "flights"
    assert question(x_clickhouse_database="flights").database == "flights"
    for name in ("system", "information_schema", "other", "flights`"):
        with pytest.raises(Refusal) as caught:
            question(f"/?database={name}")
        assert caught.value.code == 81


def test_a_statement_too_long() -> None:
    with pytest.raises(Refusal) as caught:
        question(body=b"SELECT '" + b"x" * 3_000_000 + b"'")
    assert caught.value.status == 413
