"""`python -m notehouse_gateway.forwarder CHANNEL ADDRESS...`: carries bytes from enclosed processes to the addresses.

It is outside, and accepts with sockets that were made inside; the system moves the bytes, none is seen here.
Ends with the server that started it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial

from notehouse_gateway.hardening import deny_inspection
from notehouse_gateway.template import wire

MOST_CONNECTIONS = 512
CONNECT_SECONDS = 10.0
PIPE = 2**20
F_SETPIPE_SZ = 1031

Address = tuple[str, int]


class Forwarder:
    """What waits, and what is done when it can be read."""

    def __init__(self, channel: socket.socket, addresses: list[Address]) -> None:
        self._addresses = addresses
        self._poll = select.poll()
        self._actions: dict[int, Callable[[], None]] = {}
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._when(channel.fileno(), partial(self._take, channel))

    def run(self) -> None:
        """Serve until the server is gone, which raises EOFError."""
        while True:
            for descriptor, _ in self._poll.poll():
                if (action := self._actions.get(descriptor)) is not None:
                    action()

    def _when(self, descriptor: int, action: Callable[[], None]) -> None:
        self._actions[descriptor] = action
        self._poll.register(descriptor, select.POLLIN)

    def _forget(self, descriptor: int) -> None:
        del self._actions[descriptor]
        self._poll.unregister(descriptor)

    def _take(self, channel: socket.socket) -> None:
        """Learn of a process that was started: where its listeners will come from, and when it ends."""
        _, (entrance, handle) = wire.receive(channel, 2)
        self._when(entrance, partial(self._listen, socket.socket(fileno=entrance), handle))

    def _listen(self, entrance: socket.socket, handle: int) -> None:
        self._forget(entrance.fileno())
        with entrance:
            try:
                _, descriptors = wire.receive(entrance, len(self._addresses))
            except EOFError:
                os.close(handle)  # it could not be enclosed, and has said so
                return
        listeners = [socket.socket(fileno=one) for one in descriptors]
        for listener, address in zip(listeners, self._addresses, strict=True):
            self._when(listener.fileno(), partial(self._accept, listener, address))
        self._when(handle, partial(self._close, listeners, handle))

    def _close(self, listeners: list[socket.socket], handle: int) -> None:
        for listener in listeners:
            self._forget(listener.fileno())
            listener.close()
        self._forget(handle)
        os.close(handle)

    def _accept(self, listener: socket.socket, address: Address) -> None:
        connection, _ = listener.accept()
        if self._free.acquire(blocking=False):
            threading.Thread(target=self._carry, args=(connection, address), daemon=True).start()
        else:
            connection.close()

    def _carry(self, inside: socket.socket, address: Address) -> None:
        try:
            with inside, socket.create_connection(address, CONNECT_SECONDS) as outside:
                outside.settimeout(None)
                back = threading.Thread(target=pump, args=(outside, inside), daemon=True)
                back.start()
                pump(inside, outside)
                back.join()
        except OSError as error:
            print(f"A kernel could not be connected to {address}: {error}", file=sys.stderr)
        finally:
            self._free.release()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Move bytes until their end, and pass that on; where one side is gone, end the other."""
    reads, writes = os.pipe()
    try:
        fcntl.fcntl(writes, F_SETPIPE_SZ, PIPE)
        while count := os.splice(source.fileno(), writes, PIPE):
            while count:
                count -= os.splice(reads, target.fileno(), count)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
    finally:
        os.close(reads)
        os.close(writes)


def main() -> None:
    """Forward until the server ends."""
    deny_inspection()
    addresses = [(host, int(port)) for host, _, port in (one.rpartition(":") for one in sys.argv[2:])]
    with contextlib.suppress(EOFError, ConnectionError):
        Forwarder(socket.socket(fileno=int(sys.argv[1])), addresses).run()
    os._exit(0)


if __name__ == "__main__":
    main()
