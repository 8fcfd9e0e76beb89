"""A running query tells how far it is, and is gone from the database when its cell, kernel or token is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integration.query_gateway.conftest import House
from integration.sql.kernel import Kernel, running_kernel
from integration.sql.test_in_a_kernel import run_of_papermill
from notehouse_sql.session import Session

LONG = "%%sql\nSELECT sum(cityHash64(number)) FROM numbers(1e12)"
SOME_SECONDS = "%%sql\nSELECT sum(sipHash64(number)) FROM numbers({}) SETTINGS max_threads = 1"
GONE = 0.5  # seconds


def running(house: House) -> bool:
    asked = (
        "SELECT count() FROM system.processes WHERE query LIKE '%numbers(1e12)%' AND query_id LIKE '%-cell-%'"
    )
    return "1" in house.clickhouse.query(asked)


def until(true: Callable[[], bool], seconds: float = 10) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)
    return time.monotonic() - began


def test_an_interrupted_cells_query_is_gone_twenty_times_of_twenty(house: House, tmp_path: Path) -> None:
    with running_kernel(house, house.delta, tmp_path) as kernel:
        taken = [interrupted(house, kernel, turn) for turn in range(20)]
    assert max(taken) < GONE, taken


def interrupted(house: House, kernel: Kernel, turn: int) -> float:
    """Interrupt a cell at some stage of its progress; how long its query stays."""
    cell = kernel.send(LONG)
    until(lambda: running(house))
    time.sleep(0.07 * (turn % 10))
    kernel.manager.interrupt_kernel()
    taken = until(lambda: not running(house))
    said = kernel.said(cell, 15)
    assert "Interrupted: the query was cancelled in the database too." in said.text
    assert "Traceback" not in said.text
    return taken


@pytest.mark.parametrize("how", ["shut down", "killed"])
def test_a_kernel_takes_its_query_with_it(house: House, tmp_path: Path, how: str) -> None:
    with running_kernel(house, house.delta, tmp_path) as kernel:
        kernel.send(LONG)
        until(lambda: running(house))
        end = kernel.kill if how == "killed" else kernel.manager.shutdown_kernel
        ending = threading.Thread(target=end)
        ending.start()
        assert until(lambda: not running(house)) < GONE
        ending.join()


def test_a_token_that_is_revoked_takes_its_query_with_it(house: House, tmp_path: Path) -> None:
    claims = house.claims("delta-analyst", "delta")
    with running_kernel(house, house.signer.sign(claims), tmp_path) as kernel:
        cell = kernel.send(LONG)
        until(lambda: running(house))
        house.execute(
            "INSERT INTO tokens (id, token_sha256, subject, purpose, issued_by, expires_at, revoked_at) VALUES "
            f"('{claims.jti}', 'x', 'delta-analyst', 'interactive', 'x', now() + interval '1 hour', now()); "
            "NOTIFY notehouse_rights"
        )
        assert until(lambda: not running(house)) < GONE
        assert kernel.said(cell, 15).status == "error"


def test_somebody_who_looks_on_sees_a_bar(kernel: Kernel) -> None:
    said = kernel.run(SOME_SECONDS.format("150000000"), stdin=True)
    assert said.status == "ok", said.text
    bars = [page for page in said.data("text/html") if "<progress" in page]
    assert len(bars) > 1
    assert "rows read" in bars[-1]
    updates = [one for one in said.messages if one["msg_type"] == "update_display_data"]
    assert updates[-1]["content"]["data"] == {"text/plain": ""}


def test_a_notebook_that_runs_alone_is_silent_but_for_the_log(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run: Any = run_of_papermill(house, tmp_path, monkeypatch, SOME_SECONDS.format("150000000"))
    (cell,) = run()["cells"]
    said = capfd.readouterr().err
    shown = [str(output.get("data") or output.get("text")) for output in cell["outputs"]]
    assert not [one for one in shown if "rows read" in one], shown
    assert "rows read" in said


def test_an_answer_is_read_to_its_end_so_that_nothing_has_to_be_ended(house: House, session: Session) -> None:
    before = _left(house)
    for _ in range(20):
        session.ask("SELECT number % 1000 AS n, uniqExact(number) FROM numbers_mt(3000000) GROUP BY n")
    assert _left(house) == before
    session.ask("SELECT number FROM numbers(100000000)", limit=10)
    until(lambda: _left(house) == before + 1)  # what is beyond the limit is not fetched


def _left(house: House) -> int:
    """How many answers somebody left before their end."""
    return house.log().count('"statement left"')
