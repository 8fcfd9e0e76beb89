"""Log lines: JSON with the request's id as a field, and no secret in any form that one comes in."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys

import pytest

from notehouse_core import log_context
from notehouse_core.logs import JsonFormatter, scrub

CANARY = "canary5e6b7c8d"
SIGNED = f"eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.{CANARY}"


def line(message: str, *args: object, **extra: object) -> dict[str, object]:
    record = logging.getLogger("test").makeRecord(
        "test", logging.INFO, __file__, 1, message, args, None, extra=extra
    )
    said: dict[str, object] = json.loads(JsonFormatter().format(record))
    return said


def test_the_work_at_hand_is_in_the_line() -> None:
    with log_context.about(request_id="0123456789"):
        with log_context.about(run="r1"):
            assert (
                line("a %s", "b").items()
                >= {"message": "a b", "request_id": "0123456789", "run": "r1"}.items()
            )
        assert "run" not in line("after")
    assert "request_id" not in line("outside")


async def test_requests_side_by_side_do_not_mix() -> None:
    async def serve(identifier: str) -> str:
        log_context.begin(request_id=identifier)
        await asyncio.sleep(0)
        return str(line("x")["request_id"])

    served = await asyncio.gather(*(asyncio.create_task(serve(f"request-{n}")) for n in range(5)))
    assert served == [f"request-{n}" for n in range(5)]
    assert log_context.passed_on() == {}


@pytest.mark.parametrize(
    "offered", [None, "", "short", "line\nbreak-in-it", "x" * 65, "spaces are not taken"]
)
def test_an_id_that_could_harm_a_log_is_replaced(offered: str | None) -> None:
    assert log_context.taken_over(offered) != offered
    assert len(log_context.taken_over(offered)) == 36


def test_a_callers_id_is_taken_over() -> None:
    assert log_context.taken_over("from-a-caller_1") == "from-a-caller_1"


@pytest.mark.parametrize(
    "secret",
    [
        SIGNED,
        f"GET /frame?token={CANARY}&a=1",
        f"GET /x?frame_token={CANARY}",
        f"GET /hub/oauth_callback?code={CANARY}&state={CANARY}",
        f"Authorization: token {CANARY}",
        f"{{'Authorization': 'Bearer {CANARY}'}}",
        f"Authorization: Basic {CANARY}",
        f"postgresql://notehouse:{CANARY}@127.0.0.1/db",
        f'{{"password": "{CANARY}"}}',
        f"password={CANARY}",
        f"{{'api_token': '{CANARY}'}}",
        f"X-ClickHouse-Key: {CANARY}",
        f"X-Notehouse-Key: {CANARY}",
        f"Set-Cookie: {CANARY}",
        f"client_secret={CANARY}",
        f"Setting new xsrf cookie for b'{CANARY}:x' {{'path': '/hub/'}}",
    ],
)
def test_no_secret_is_written(secret: str) -> None:
    assert CANARY not in scrub(secret)
    assert CANARY not in json.dumps(line(secret))
    assert CANARY not in json.dumps(line("it was %r", secret))
    assert CANARY not in json.dumps(line("with facts", said=secret, nested={"deep": [secret]}))
    try:
        raise ValueError(secret)
    except ValueError:
        record = logging.getLogger("test").makeRecord(
            "test", logging.ERROR, __file__, 1, "failed", (), sys.exc_info()
        )
    assert CANARY not in JsonFormatter().format(record)


def test_plain_words_stay() -> None:
    said = (
        "The password is wrong. Query state: running, code 497, 12 tokens revoked; the secret of a good page"
    )
    assert scrub(said) == said


def test_warnings_and_last_words_are_lines_too() -> None:
    program = (
        "import warnings; from notehouse_core.logs import configure_logs; configure_logs();"
        f"warnings.warn('old'); raise ValueError('password={CANARY}')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    warned, last = (json.loads(one) for one in ended.stderr.splitlines())
    assert (warned["level"], last["level"]) == ("warning", "critical")
    assert "ValueError" in last["exception"]
    assert CANARY not in ended.stderr
