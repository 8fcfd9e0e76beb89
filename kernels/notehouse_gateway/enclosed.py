"""`python -m notehouse_gateway.enclosed CHANNEL PROCESSES ADDRESS... -- COMMAND`: a command without the machine's network.

Only the addresses that are named answer in there: this process listens at them, and hands what it listens with to the
forwarder, which is outside. A PROCESSES other than 0 closes the command in as a kernel is.
"""

from __future__ import annotations

import os
import socket
import sys

from notehouse_gateway.template import namespaces, wire


def main() -> None:
    """Become the command, enclosed; end with a line that says why where that cannot be."""
    own, command = split(sys.argv[1:])
    channel, processes, addresses = int(own[0]), int(own[1]), own[2:]
    try:
        enclose(channel, addresses)
        if processes:
            namespaces.confine(processes)
    except OSError as error:
        sys.exit(f"A process could not be cut from the network, and did not start: {error}")
    os.execvp(command[0], command)  # noqa: S606 - the command of the server that started us


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return what is for this program, and the command."""
    end = arguments.index("--")
    return arguments[:end], arguments[end + 1 :]


def enclose(channel: int, addresses: list[str]) -> None:
    """Leave the machine's network but for these addresses. Raises OSError."""
    namespaces.enter(namespaces.NEW_NETWORK)
    namespaces.raise_loopback()
    namespaces.give_up_capabilities()
    listeners = [socket.create_server(_parsed(address)) for address in addresses]
    with socket.socket(fileno=channel) as forwarder:
        wire.send(forwarder, "listening", [one.fileno() for one in listeners])
    for one in listeners:
        one.close()  # the forwarder has them now


def _parsed(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    main()
