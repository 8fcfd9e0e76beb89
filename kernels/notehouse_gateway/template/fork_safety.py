"""Can this process be forked? What forks badly is named, for the log and for whoever wrote the notebook."""

from __future__ import annotations

import gc
import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

# jemalloc, which Arrow allocates with, gives up its thread in a child and makes another when it needs one.
SAFE_THREADS = frozenset({"jemalloc_bg_thd"})
_TASKS = Path("/proc/self/task")
_DESCRIPTORS = Path("/proc/self/fd")


def obstacles(own: frozenset[int], safe: frozenset[int] = frozenset()) -> list[str]:
    """Return why this process cannot be forked; nothing when it can. `own` descriptors and `safe` threads are known.

    Idle connections are closed first: their owners open them again when they need them.
    """
    _let_go()
    _trial_fork()
    found = [*_threads(safe), *_loops(), *_descriptors(own), *_devices()]
    return list(dict.fromkeys(found))


def _trial_fork() -> None:
    """Fork once for nothing: what prepares itself for forks (OpenBLAS ends its threads) has then done so."""
    if (pid := os.fork()) == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _let_go() -> None:
    """Close connections that wait in pools and fonts that wait to be drawn with; collect what is garbage already."""
    modules = sys.modules
    if "matplotlib.font_manager" in modules:
        modules["matplotlib.font_manager"]._get_font.cache_clear()
    gc.collect()
    if "urllib3" in modules:
        for pool in _all(modules["urllib3"].PoolManager):
            pool.clear()  # type: ignore[attr-defined]
    if "httpcore" in modules:
        for pool in _all(modules["httpcore"].ConnectionPool):
            if all(connection.is_idle() for connection in pool.connections):  # type: ignore[attr-defined]
                pool.close()  # type: ignore[attr-defined]
    if "sqlalchemy" in modules:
        for engine in _all(modules["sqlalchemy"].Engine):
            engine.dispose()  # type: ignore[attr-defined]


def _all(kind: type) -> list[object]:
    return [one for one in gc.get_objects() if isinstance(one, kind)]


def threads() -> frozenset[int]:
    """Return the threads of this process, those of libraries too, as the system numbers them."""
    return frozenset(int(task.name) for task in _TASKS.iterdir())


def _threads(safe: frozenset[int]) -> Iterator[str]:
    ours = threading.main_thread()
    named = [thread.name for thread in threading.enumerate() if thread is not ours]
    yield from (f"the thread {name} runs" for name in named)
    native = [_comm(task) for task in threads() - safe - {threading.get_native_id()}]
    others = [name for name in native if name not in SAFE_THREADS]
    if not named and others:
        yield f"{len(others)} threads of a library run ({', '.join(sorted(set(others)))})"


def _comm(task: int) -> str:
    try:
        return (_TASKS / str(task) / "comm").read_text().strip()
    except OSError:
        return "jemalloc_bg_thd"  # it has just ended


def _loops() -> Iterator[str]:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return
    pending = [task for task in gc.get_objects() if isinstance(task, asyncio.Task) and not task.done()]
    if pending:
        yield f"{len(pending)} asyncio tasks wait"
        return
    _close_loops()


def _close_loops() -> None:
    """Close event loops in which nothing waits: a child makes its own."""
    import asyncio

    from IPython.core import async_helpers

    for loop in _all(asyncio.BaseEventLoop):
        if not loop.is_running():  # type: ignore[attr-defined]
            loop.close()  # type: ignore[attr-defined]
    async_helpers._asyncio_event_loop = None
    asyncio.set_event_loop(None)


def _descriptors(own: frozenset[int]) -> Iterator[str]:
    for entry in sorted(_DESCRIPTORS.iterdir(), key=lambda one: int(one.name)):
        descriptor = int(entry.name)
        if descriptor <= 2 or descriptor in own:
            continue
        try:
            mode, target = os.fstat(descriptor).st_mode, os.readlink(entry)
        except OSError:
            continue  # the one that listed the folder
        if (what := _described(mode, target)) is not None:
            yield what


def _described(mode: int, target: str) -> str | None:
    if stat.S_ISSOCK(mode):
        return "a connection is open"
    if stat.S_ISFIFO(mode):
        return "a pipe is open"
    if stat.S_ISREG(mode):
        return f"the file {Path(target).name} is open"
    return None if stat.S_ISCHR(mode) or stat.S_ISDIR(mode) else f"{target} is open"


def _devices() -> Iterator[str]:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        yield "CUDA is in use"
