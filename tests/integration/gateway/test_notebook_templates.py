"""A notebook that runs once at a real gateway, and the kernels that go on where it ended."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from notehouse_core.remote_kernel import RemoteKernelError, RemoteKernelManager
from notehouse_core.remote_template import RemoteTemplate, TemplateState

Kernels = Callable[..., RemoteKernelManager]
SEED = "ab" * 16
WIDGETS = "application/vnd.jupyter.widget-state+json"
CELLS = (
    "import os, random, numpy, pandas as pd, altair as alt, ipywidgets as w\n"
    "df = pd.DataFrame({'y': range(1_000_000)})\nrng = numpy.random.default_rng()\nfixed = numpy.random.default_rng(7)\n"
    "print('one'); import sys; print('two', file=sys.stderr)",
    "slider = w.IntSlider(value=5, max=100, description='first')\nsum_of = w.Label('n=5')\n"
    "slider.observe(lambda c: setattr(sum_of, 'value', str(df.y[:c['new']].sum())), 'value')\nw.VBox([slider, sum_of])",
    "caught = w.Output()\nwith caught:\n    print('captured')\ncaught",
    "w.interactive(lambda x: print(x * 2), x=(0, 10))",
    "alt.Chart(df.head(10)).mark_bar().encode(y='y')",
    "alt.renderers.enable('svg'); alt.Chart(df.head(10)).mark_bar().encode(x='y')",
    "%%capture held\nprint('held back')",
    "from IPython.display import clear_output, display\nprint('gone'); clear_output()\n"
    "handle = display('a', display_id=True)\nhandle.update('b')",
    "import asyncio; await asyncio.sleep(0); len(df)",
)


def notebook(*cells: str) -> nbformat.NotebookNode:
    made: nbformat.NotebookNode = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(one) for one in cells]
    )
    return made


@pytest.fixture
def template(gateway: Any) -> Callable[[str], RemoteTemplate]:
    return lambda key: RemoteTemplate(gateway.url, "open-sesame", key)


async def prepared(template: RemoteTemplate, *cells: str, **more: Any) -> TemplateState:
    found = await template.order({"notebook": notebook(*cells), "token": "its own", "seed": SEED, **more})
    while found.state == "preparing":
        found = await template.state()
    return found


async def said(km: RemoteKernelManager, code: str) -> str:
    return "".join(output.get("text", "") for output in await shown(km, code))


async def shown(km: RemoteKernelManager, code: str) -> list[Any]:
    """The outputs of one cell."""
    made = notebook(code)
    await NotebookClient(made, km=cast(Any, km), timeout=30).async_execute()
    return list(made.cells[0].outputs)


def plain(node: nbformat.NotebookNode) -> list[Any]:
    """Outputs without what is drawn by chance: Altair's names of data, message ids."""
    for cell in node.cells:
        for output in cell.outputs:
            output.get("data", {}).pop("application/vnd.vegalite.v6+json", None)
            output.get("data", {}).pop("image/svg+xml", None)
            output.get("data", {}).pop("image/png", None)
    states = node.metadata.widgets[WIDGETS]["state"]
    for model in states.values():
        model["state"].pop("msg_id", None)
    merged = [joined(cell.outputs) for cell in node.cells]
    return [[cell.execution_count for cell in node.cells], merged, json.loads(json.dumps(states))]


def joined(outputs: list[Any]) -> list[Any]:
    """Outputs in which neighbours of one stream are one: how they are cut is chance."""
    found: list[Any] = []
    for output in outputs:
        if (
            found
            and output.output_type == "stream"
            and (found[-1].output_type, found[-1].name) == ("stream", output.name)
        ):
            found[-1].text += output.text
        else:
            found.append(output)
    return sorted(found, key=lambda one: one.get("name", "")) if len(found) == 2 else found


async def test_outputs_and_widgets_are_those_of_a_kernel(template: Any, kernel: Kernels) -> None:
    one = template("a1" * 16)
    assert await prepared(one, *CELLS) == TemplateState("ready", len(CELLS), len(CELLS), None, [])
    recorded = nbformat.reads((await one.executed()).decode(), as_version=4)
    ordinary = notebook(*CELLS)
    async with kernel(seed=SEED) as km:
        await NotebookClient(ordinary, km=cast(Any, km), timeout=60).async_execute()
    chart = recorded.cells[4].outputs[0].data
    assert chart.keys() == {"application/vnd.vegalite.v6+json", "image/svg+xml", "image/png", "text/plain"}
    assert plain(recorded) == plain(ordinary)


async def test_kernels_go_on_where_the_notebook_ended(template: Any, kernel: Kernels) -> None:
    await prepared(template("a1" * 16), *CELLS)
    look = (
        "slider.value = 7; print(len(df), sum_of.value, slider.comm.kernel is get_ipython().kernel, held.stdout.strip(),"
        " caught.outputs[0]['text'].strip(), 'NOTEHOUSE_COMM_SEED' in os.environ,"
        " open(os.environ['NOTEHOUSE_TOKEN_FILE']).read(),"
        " os.getcwd() == os.environ['HOME'], rng.random(), random.random(), numpy.random.random(), fixed.random())"
    )
    async with (
        kernel(template="a1" * 16, execution_token="mine") as first,
        kernel(template="a1" * 16, execution_token="yours") as second,
    ):
        mine, yours = (await said(first, look)).split(), (await said(second, look)).split()
    assert mine[:6] == yours[:6] == ["1000000", "21", "True", "held", "back", "captured"]
    assert (mine[7], yours[7], mine[8]) == ("mine", "yours", "True")
    assert all(a != b for a, b in zip(mine[9:12], yours[9:12], strict=True))
    assert mine[12] == yours[12]


async def test_it_runs_once_however_many_wait(template: Any, gateway: Any, tmp_path: Path) -> None:
    cell = f"import time; time.sleep(1); open({str(tmp_path / 'runs')!r}, 'a').write('x')"
    found = await asyncio.gather(*(prepared(template("b2" * 16), cell) for _ in range(10)))
    assert {one.state for one in found} == {"ready"}
    assert (tmp_path / "runs").read_text() == "x"
    assert not list((gateway.folder / "templates").rglob("token"))[1:]  # the usual one's, which is empty


async def test_a_failing_cell_is_named_and_tried_again(template: Any, tmp_path: Path) -> None:
    there = tmp_path / "there"
    cells = ("1", f"open({str(there)!r}).read()")
    found = await prepared(template("c3" * 16), *cells)
    assert found.failure is not None
    assert (found.state, found.failure["cell"], found.failure["name"]) == ("failed", 1, "FileNotFoundError")
    there.touch()
    assert (await prepared(template("c3" * 16), *cells)).state == "ready"


@pytest.mark.parametrize("template_key", ["a1" * 16, None])
async def test_a_page_that_opens_later_is_told_all_states(
    template: Any, kernel: Kernels, template_key: str | None
) -> None:
    """As a dashboard's page does, and JupyterLab's after a reload: by a comm that the page opens."""
    await prepared(template("a1" * 16), *CELLS)
    async with kernel(template=template_key) as km:
        if template_key is None:
            await said(km, "import ipywidgets; ipywidgets.IntSlider(description='first')")
        client = km.client()
        await client.start_channels()
        await client.wait_for_ready(timeout=30)
        for kind, content in (
            ("comm_open", {"comm_id": "c", "target_name": "jupyter.widget.control", "data": {}}),
            ("comm_msg", {"comm_id": "c", "data": {"method": "request_states"}}),
        ):
            message = client.session.msg(kind, content, metadata={"version": "1.0.0"})
            client.shell_channel.send(message)
        while (answer := await client.iopub_channel.get_msg(timeout=10))["msg_type"] != "comm_msg":
            pass
        states = answer["content"]["data"]["states"].values()
    assert "first" in [one["state"].get("description") for one in states]


@pytest.mark.parametrize(
    ("cell", "name", "message"),
    [
        ("import time; time.sleep(60)", "CellTimeout", "longer than 3 seconds"),
        ("%%sql\nSELECT 1", "SqlError", "query gateway does not answer"),
        ("import os; os._exit(1)", "KernelDied", "ended"),
        ("import os, signal; os.kill(os.getpid(), 9)", "KernelDied", "ended"),
    ],
)
async def test_a_cell_that_never_ends_or_dies(template: Any, cell: str, name: str, message: str) -> None:
    found = await prepared(template("d4" * 16), cell, cell_timeout=3)
    assert found.failure is not None
    assert found.failure["name"] == name
    assert message in found.failure["message"]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("import threading; threading.Thread(target=threading.Event().wait, name='mine').start()", "the thread mine runs"),
        ("import asyncio\nasync def never(): await asyncio.Event().wait()\ntask = None\n"
         "async def make():\n    global task\n    task = asyncio.get_running_loop().create_task(never())\n"
         "    await asyncio.sleep(0)\nawait make()", "asyncio tasks wait"),
        ("from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2); list(pool.map(str, range(9)))",
         "the thread ThreadPoolExecutor"),
        ("from concurrent.futures import ProcessPoolExecutor\npool = ProcessPoolExecutor(2); list(pool.map(abs, range(9)))",
         "a pipe is open"),
        ("from multiprocessing import Pool\npool = Pool(2); pool.map(abs, range(9))", "the thread Thread-"),
        ("from multiprocessing.shared_memory import SharedMemory\nshared = SharedMemory(create=True, size=100)",
         "the file psm_"),
        ("import joblib\nsum(joblib.Parallel(2)(joblib.delayed(abs)(one) for one in (-40, -2)))", "a pipe is open"),
        ("import socket; a, b = socket.socketpair()", "a connection is open"),
        ("import sqlite3; cursor = sqlite3.connect('here.db').execute('SELECT 1')", "the file here.db is open"),
        ("import polars; frame = polars.DataFrame({'a': range(10)}).sort('a')", "threads of a library run"),
    ],
)  # fmt: skip
async def test_what_cannot_be_forked_says_why_and_runs_anew(
    template: Any, kernel: Kernels, gateway: Any, cell: str, why: str
) -> None:
    key = hashlib.sha256(cell.encode()).hexdigest()
    found = await prepared(template(key), "x = 1", cell)
    assert found.state == "unforkable"
    assert why in "; ".join(found.obstacles)
    with pytest.raises(RemoteKernelError, match="there is no template"):
        await kernel(template=key).start_kernel()
    async with kernel() as km:
        assert await said(km, f"{cell}\nprint('works')") == "works\n"
        assert origins(gateway) == ["imports"]


def origins(gateway: Any) -> list[str]:
    """From what the kernels that run have begun."""
    with gateway.http() as client:
        return [one["origin"] for one in client.get("api/watch").json()["kernels"]]


@pytest.mark.parametrize(
    "cell",
    [
        "import threading; ended = threading.Thread(target=sum, args=([40, 2],)); ended.start(); ended.join(); made = 42",
        "import asyncio; made = sum(await asyncio.gather(*(asyncio.sleep(0, one) for one in (40, 2))))",
        "from concurrent.futures import ProcessPoolExecutor as Pool\nwith Pool(2) as pool: made = sum(pool.map(abs, [42]))",
        "from concurrent.futures import ThreadPoolExecutor as Pool\nwith Pool(2) as pool: made = sum(pool.map(abs, [42]))",
        "import sqlite3; cursor = sqlite3.connect(':memory:').execute('VALUES (42), (43)'); made = cursor.fetchone()[0]",
        "import joblib; made = sum(joblib.Parallel(2, 'threading')(joblib.delayed(abs)(one) for one in (40, -2)))",
    ],
)  # fmt: skip
async def test_what_has_ended_or_lives_in_memory_goes_on_in_a_fork(
    template: Any, kernel: Kernels, gateway: Any, cell: str
) -> None:
    key = hashlib.sha256(cell.encode()).hexdigest()
    found = await prepared(template(key), cell)
    assert (found.state, found.obstacles) == ("ready", [])
    async with kernel(template=key) as km:
        assert origins(gateway) == ["notebook"]
        again = f"print(made)\n{cell}\nprint(made)"
        assert await said(km, again) == "42\n42\n"
        if "cursor" in cell:
            assert await said(km, "print(cursor.fetchone()[0])") == "43\n"


async def test_a_figure_of_matplotlib_is_shown_in_a_template_and_in_its_kernels(
    template: Any, kernel: Kernels, gateway: Any
) -> None:
    """A figure that is open when the notebook ends goes on to be drawn in its kernel."""
    one = template("c9" * 16)
    draw = "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\naxes.plot([1, 2])\nplt.show()"
    assert await prepared(one, draw) == TemplateState("ready", 1, 1, None, [])
    recorded = nbformat.reads((await one.executed()).decode(), as_version=4)
    again = "axes.plot([2, 1])\nfigure"
    async with kernel(template="c9" * 16) as fork, kernel() as first:
        assert sorted(origins(gateway)) == ["imports", "notebook"]
        drawn = [await shown(fork, again), await shown(fork, draw), await shown(first, f"{draw}\n{again}")]
    for outputs in (recorded.cells[0].outputs, *drawn):
        assert "image/png" in {kind for output in outputs for kind in output.get("data", {})}


async def test_unknown_keys_and_bad_orders(gateway: Any, kernel: Kernels) -> None:
    with pytest.raises(RemoteKernelError, match="there is no template"):
        await kernel(template="f6" * 16).start_kernel()
    assert len(gateway.desks) == 0
    with gateway.http() as client:
        assert client.get(f"api/templates/{'f6' * 16}").status_code == 404
        assert client.put("api/templates/no-key", json={}).status_code == 404
        for body in (
            {},
            {"notebook": "x"},
            {"notebook": {}, "token": 1},
            {"notebook": {}, "token": "t", "cell_timeout": 0},
        ):
            assert client.put(f"api/templates/{'f6' * 16}", json=body).status_code == 400
    with gateway.http("wrong") as client:
        assert client.put(f"api/templates/{'f6' * 16}", json={}).status_code == 403


async def test_a_template_can_be_ended_when_nobody_uses_it(
    template: Any, kernel: Kernels, gateway: Any
) -> None:
    key = "a7" * 16
    await prepared(template(key), "x = 1")
    async with kernel(template=key) as km:
        with gateway.http() as client:
            assert client.delete(f"api/templates/{key}").status_code == 409
        assert await said(km, "print(x)") == "1\n"
    with gateway.http() as client:
        assert client.delete(f"api/templates/{key}").status_code == 204
        assert client.get(f"api/templates/{key}").status_code == 404
    assert not (gateway.folder / "templates" / key).exists()


@pytest.mark.parametrize(
    ("cell", "said_of_it"),
    [
        ("held = [bytearray(2**20) for _ in range(6000)]", r"limit of memory \([\d,]+ MB\)"),
        ("import numpy; held = [numpy.ones(2**27) for _ in range(6)]", r"limit of memory \([\d,]+ MB\)"),
        ("open('large', 'wb').truncate(5 * 2**30)", "OSError"),
    ],
)
async def test_limits_of_a_kernel_are_errors_of_the_cell_that_passes_them(
    kernel: Kernels, cell: str, said_of_it: str
) -> None:
    async with kernel() as km, kernel() as neighbour:
        with pytest.raises(CellExecutionError, match=said_of_it):
            await said(km, cell)
        assert await said(km, "print('goes on')") == "goes on\n"
        assert await said(neighbour, "print('undisturbed')") == "undisturbed\n"


async def test_numbers_of_kernels_and_templates(template: Any, kernel: Kernels, gateway: Any) -> None:
    await prepared(template("b8" * 16), "x = 1")
    await prepared(template("b8" * 16), "x = 1")
    known = await template("b8" * 16).known()
    assert known is not None
    assert known.state == "ready"
    assert await template("b9" * 16).known() is None
    async with kernel(template="b8" * 16) as km:
        assert await said(km, "print(x)") == "1\n"
        with gateway.http() as client:
            lines = client.get("metrics").text.splitlines()
    found = {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }
    assert found["notehouse_kernels"] == 1
    assert found['notehouse_kernel_fork_seconds_count{template="notebook"}'] >= 1
    assert found['notehouse_templates_prepared_total{state="ready"}'] >= 1
    assert found["notehouse_template_hits_total"] >= 2
    assert (
        5e6 < found["notehouse_kernels_private_bytes"] < found["notehouse_kernels_proportional_bytes"] < 5e8
    )
    with gateway.http("wrong") as client:
        assert client.get("metrics").status_code == 403
