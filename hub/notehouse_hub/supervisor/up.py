"""The story of `notehouse up`: prepare, start everything in order, keep it running, stop it all."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from notehouse_core.settings import Settings
from notehouse_hub.supervisor import folders, lock, reaper
from notehouse_hub.supervisor.caretaker import Caretaker
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.leftovers import Register, end_survivors
from notehouse_hub.supervisor.platform import Platform
from notehouse_hub.supervisor.preparation import prepare
from notehouse_hub.supervisor.startup import Startup
from notehouse_hub.supervisor.watchman import EVERY, Watchman

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(settings: Settings, *, demo: bool, console: Console) -> None:
    """Run the platform until it is told to stop.

    Raises SupervisorError or EngineError when it cannot start.
    """
    folders.check(settings.data)
    with lock.only_one(settings.data):
        reaper.become_subreaper()
        register = Register(folders.ensure_run(settings.data))
        ended = asyncio.run(end_survivors(register))
        if ended:
            console.say(f"  ended {ended} processes that an earlier Notehouse had left behind")
        with _sigterm_is_ctrl_c():
            platform = prepare(settings, console)
        asyncio.run(_run(platform, register, console, demo=demo))


async def _run(platform: Platform, register: Register, console: Console, *, demo: bool) -> None:
    stop = asyncio.Event()
    _on_stop(stop.set)
    caretaker = Caretaker(register, console)
    startup = Startup(platform, caretaker, console)
    watchman = Watchman(platform, caretaker, console)
    caretaker.also(watchman.look, every=EVERY)
    keeping = asyncio.create_task(caretaker.watch())
    starting = asyncio.create_task(startup.start(demo=demo))
    waiting = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await startup.print_address(demo=demo)
        await waiting
    finally:
        for task in (starting, waiting, keeping):
            task.cancel()
        await asyncio.gather(starting, waiting, keeping, return_exceptions=True)
        console.say("Stopping ...")
        await watchman.until(caretaker.stop_everything())
        register.clear()
        console.say("Stopped: nothing is left running.")


def _on_stop(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in _STOPS:
        loop.add_signal_handler(number, stop)


@contextmanager
def _sigterm_is_ctrl_c() -> Iterator[None]:
    """While things are fetched, SIGTERM ends what we wait for in the way that Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
