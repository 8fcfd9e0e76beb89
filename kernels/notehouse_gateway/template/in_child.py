"""Functions that start threads which would keep a template from being forked: a child calls them and answers."""

from __future__ import annotations

import functools
import importlib
import os
import pickle
from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]

# Draws charts; its engine keeps threads. Altair calls it, and whatever else shows a chart.
CONVERTER, CONVERSION = "vl_convert", "_to_"


class Borrowed:
    """The functions of a library that a child calls, until they are given back."""

    def __init__(self) -> None:
        self._module = importlib.import_module(CONVERTER)
        names = [name for name in dir(self._module) if CONVERSION in name]
        self._originals = {name: getattr(self._module, name) for name in names}
        for name, function in self._originals.items():
            setattr(self._module, name, in_child(function))

    def give_back(self) -> None:
        """Have the process call them itself again."""
        for name, function in self._originals.items():
            setattr(self._module, name, function)


def in_child(function: Function) -> Function:
    """Return a function that forks a child to call this one, and returns or raises what came of it."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        reads, writes = os.pipe()
        if (pid := os.fork()) == 0:
            os.close(reads)
            _answer(writes, functools.partial(function, *args, **kwargs))
        os.close(writes)
        with os.fdopen(reads, "rb") as pipe:
            said = pipe.read()
        os.waitpid(pid, 0)
        if not said:
            raise RuntimeError(f"The process that called {function.__name__} ended before it was done.")
        raised, value = pickle.loads(said)  # noqa: S301 - our own child wrote it
        if raised:
            raise value
        return value

    return call


def _answer(writes: int, call: Function) -> None:
    try:
        said = pickle.dumps((False, call()))
    except Exception as error:
        said = pickle.dumps((True, error))
    with os.fdopen(writes, "wb") as pipe:
        pipe.write(said)
    os._exit(0)
