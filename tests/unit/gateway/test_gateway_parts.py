"""The gateway's parts that need no server."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest
from jupyter_client.session import Session
from tornado.web import HTTPError

from notehouse_core.kernel_connection import OutputBudget, decode, encode
from notehouse_core.token_renewal import read_token
from notehouse_gateway import (
    comm_ids,
    connection,
    handlers,
    kernelspecs,
    lab_server,
    memory,
    server_extension,
)
from notehouse_gateway.crowds import Crowds
from notehouse_gateway.desk import Desk, write_token
from notehouse_gateway.environment import kernel_environment
from notehouse_gateway.held_token import HeldToken
from notehouse_gateway.limits import KernelLimits, passed
from notehouse_gateway.template import chance, usual
from notehouse_gateway.template.in_child import in_child


def test_environment_of_kernels_is_a_list_of_names() -> None:
    given = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "NOTEHOUSE_TOKEN_FILE": "/t",
        "NOTEHOUSE_QUERY_URL": "q",
        "NOTEHOUSE_DATABASE_URL": "secret",
        "JUPYTERHUB_API_TOKEN": "secret",
        "JPY_API_TOKEN": "secret",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "LD_PRELOAD": "x",
        "PYTHONPATH": "x",
    }
    assert kernel_environment(given).keys() == {
        "PATH",
        "LC_ALL",
        "NOTEHOUSE_TOKEN_FILE",
        "NOTEHOUSE_QUERY_URL",
    }


def test_ids_follow_from_the_seed() -> None:
    first, again, other = (comm_ids.id_sequence(seed) for seed in ("a", "a", "b"))
    ids = [next(first) for _ in range(50)]
    assert ids == [next(again) for _ in range(50)]
    assert len({*ids, *(next(other) for _ in range(50))}) == 100
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in ids)


def test_token_file_is_private_and_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "token"
    write_token(file, "one")
    before = file.open()
    write_token(file, "two")
    assert before.read() == "one"
    assert file.read_text() == "two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["token"]


def test_a_held_token_is_read_whole_and_is_gone_when_it_is_let_go() -> None:
    held = HeldToken("a longer one")
    file = Path(f"/proc/self/fd/{held.descriptor}")
    reader = file.open()
    assert read_token(file) == "a longer one"
    held.write("two")
    assert read_token(file) == "two"
    fcntl.flock(reader, fcntl.LOCK_SH)  # who never lets go does not keep the next token out
    held.write("three")
    assert file.read_text() == "three"
    held.close()
    assert reader.read() == ""
    held.close()


def test_a_desk_is_private_and_nothing_stays_of_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "k")
    desk.open()
    (desk.folder / "kept").write_text("x")
    assert stat.S_IMODE(desk.folder.stat().st_mode) == 0o700
    desk.close()
    assert not desk.folder.exists()
    desk.close()


def test_a_desk_is_never_shared(tmp_path: Path) -> None:
    Desk(tmp_path / "k").open()
    with pytest.raises(FileExistsError):
        Desk(tmp_path / "k").open()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "must be a JSON object"),
        ([], "must be a JSON object"),
        ({"name": "notehouse"}, "Missing field: token"),
        ({"name": "notehouse", "token": None}, "Missing field: token"),
        ({"name": "notehouse", "token": 3}, "Not a text: token"),
        ({"name": "notehouse", "token": "t", "env": {}, "cwd": "/"}, "Unknown field: cwd, env"),
        ({"name": "notehouse", "token": "t" * 20_000}, "too long"),
        ({"name": "notehouse", "token": "t", "seed": "xyz"}, "hexadecimal"),
        ({"name": "notehouse", "token": "t", "seed": "a" * 15}, "hexadecimal"),
        ({"name": "notehouse", "token": "t", "seed": "a" * 129}, "hexadecimal"),
        ({"name": "notehouse", "token": "t", "seed": "a" * 16 + "\n"}, "hexadecimal"),
    ],
)
def test_bad_orders_are_refused_with_the_reason(body: object, said: str) -> None:
    with pytest.raises(HTTPError) as raised:
        handlers.read_order(body)
    assert raised.value.status_code == 400
    assert said in str(raised.value)


def test_good_order() -> None:
    order = handlers.read_order({"name": "notehouse", "token": "t", "seed": None})
    assert (order.name, order.token, order.seed) == ("notehouse", "t", None)


def test_kernel_spec_is_found_and_asks_for_our_provisioner() -> None:
    spec = json.loads((kernelspecs.kernelspec_folder() / "notehouse" / "kernel.json").read_text())
    assert spec["display_name"] == "SQL + Python"
    assert spec["metadata"]["kernel_provisioner"]["provisioner_name"] == "notehouse-fork-provisioner"
    assert spec["argv"][0] == "python"
    assert kernelspecs.OneKernelSpec().find_kernel_specs().keys() == {"notehouse"}


def test_frames_come_back_as_they_went() -> None:
    session = Session(key=b"")
    message = session.msg("comm_msg", content={"a": "é"}, metadata={"m": 1})
    message["buffers"] = [memoryview(b"\x00\x01"), b""]
    channel, read = decode(session, encode(session, "iopub", message))
    assert channel == "iopub"
    assert read["content"] == {"a": "é"}
    assert read["metadata"] == {"m": 1}
    assert read["header"]["msg_id"] == message["header"]["msg_id"]
    assert read["msg_type"] == "comm_msg"
    assert read["buffers"] == [b"\x00\x01", b""]


def output(kind: str) -> dict[str, object]:
    return {"msg_type": kind, "header": {"msg_type": kind}, "content": {"text": "x"}, "buffers": []}


def test_budget_of_output() -> None:
    budget = OutputBudget(100)
    assert budget.admit(output("stream"), 60) == output("stream")
    notice = budget.admit(output("display_data"), 60)
    assert notice is not None
    assert notice["msg_type"] == notice["header"]["msg_type"] == "stream"
    assert "Output stopped here" in notice["content"]["text"]
    assert budget.admit(output("stream"), 1) is None
    assert budget.admit(output("error"), 1) == output("error")
    assert budget.admit(output("status"), 10_000) == output("status")
    assert budget.admit(output("comm_msg"), 10_000) == output("comm_msg")


def test_beginning_of_a_huge_output() -> None:
    text = {"msg_type": "stream", "content": {"text": "x" * 3_000_000}}
    assert len(connection.beginning(text)) == connection.KEPT_TEXT
    assert connection.beginning({"msg_type": "display_data", "content": {"data": {}}}) == ""


def test_guide_is_copied_once(tmp_path: Path) -> None:
    notebooks, home = tmp_path / "notebooks", tmp_path / "home"
    (notebooks / "guide").mkdir(parents=True)
    (notebooks / "guide" / "01.ipynb").write_text("original")
    (notebooks / "guide" / "01.ipynb").chmod(0o444)
    home.mkdir()
    lab_server.settle_in(home, notebooks)
    mine = home / "guide" / "01.ipynb"
    mine.write_text("changed")
    lab_server.settle_in(home, notebooks)
    assert mine.read_text() == "changed"


def test_token_is_renewed_before_half_of_its_life_is_over() -> None:
    now = datetime.now(UTC)
    token = server_extension.ExecutionToken("secret", now + timedelta(hours=1))
    assert 0 < token.renew_after(now) < 1800
    assert server_extension.ExecutionToken("secret", now).renew_after(now) > 0
    assert "secret" not in repr(token)


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"token": "t"}', b'{"token": "t", "expires_at": "soon"}', b"<html>"]
)
def test_answers_that_hold_no_token(body: bytes) -> None:
    with pytest.raises(ValueError):
        server_extension.read_answer(body)


def test_extension_without_a_hub_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
    monkeypatch.delenv("NOTEHOUSE_TOKEN_FILE", raising=False)
    said: list[str] = []
    server_extension._load_jupyter_server_extension(SimpleNamespace(log=SimpleNamespace(warning=said.append)))  # type: ignore[arg-type]
    assert len(said) == 1


@pytest.mark.parametrize("name", [*usual.LIBRARIES, *usual.KERNEL])
def test_what_templates_import_is_there(name: str) -> None:
    assert importlib.util.find_spec(name) is not None


@pytest.mark.parametrize(
    ("limits", "code", "limit"),
    [
        (KernelLimits(cpu_seconds=1), "while True: pass", "CPU time"),
        (KernelLimits(file_megabytes=1), "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
         "open('large', 'wb').write(bytes(2**21))", "size of a file"),
    ],
)  # fmt: skip
def test_a_process_past_a_limit_ends_and_its_exit_says_which(
    limits: KernelLimits, code: str, limit: str, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", f"input()\n{code}"], stdin=subprocess.PIPE, cwd=tmp_path
    )
    limits.impose(process.pid)
    process.communicate(b"go\n", timeout=30)
    assert passed(process.returncode) == limit
    assert passed(0) is passed(1) is passed(None) is passed(-9) is None
    limits.impose(process.pid)  # it has ended


CHAIN = """
import os, sys, time
depth = 0
while depth < 500 and os.fork() == 0:
    depth += 1
if depth == 500:
    print("grown", flush=True)
time.sleep(60)
"""


def test_a_family_is_seen_whole_however_deep_it_is() -> None:
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", CHAIN], stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"grown\n"
        assert len(set(memory.tree(process.pid))) == 501
        assert memory.use_of([process.pid]).processes == 501
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert memory.tree(process.pid) == []


def test_who_stays_at_the_limit_of_processes_is_named_and_who_was_there_once_is_not() -> None:
    crowds = Crowds(most=100)
    assert crowds.look({1: 95, 2: 95, 3: 5}) == crowds.look({1: 95, 2: 10, 3: 5}) == []
    assert crowds.look({1: 95, 2: 95, 3: 5}) == [1]
    without = Crowds(most=0)
    assert [without.look({1: 10**6}) for _ in range(5)] == [[]] * 5


def test_numbers_drawn_without_a_seed_differ_after_a_fork_and_seeded_ones_do_not() -> None:
    def both(seed: int | None) -> tuple[float, float]:
        first, second = numpy.random.default_rng(seed), numpy.random.default_rng(seed)
        second.bit_generator.state = first.bit_generator.state
        chance.reseed({"generator": second})
        return float(first.random()), float(second.random())

    seeded, drawn = both(7), both(None)
    assert seeded[0] == seeded[1]
    assert drawn[0] != drawn[1]


def test_a_child_answers_or_raises() -> None:
    assert in_child(divmod)(7, 3) == (2, 1)
    with pytest.raises(ZeroDivisionError):
        in_child(divmod)(1, 0)
    with pytest.raises(RuntimeError, match="ended before it was done"):
        in_child(os._exit)(3)
