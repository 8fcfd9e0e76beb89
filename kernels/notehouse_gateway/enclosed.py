"""`python -m notehouse_gateway.enclosed PARENT CHANNEL TABLE PROCESSES PLACES ADDRESS... -- COMMAND`: without the network.

Only the addresses that are named answer in there: this process listens at them, and hands what it listens with to the
forwarder, which is outside. With TABLE 1 its processes are in a table of their own, and all end with this one, which ends
with its PARENT. A PROCESSES other than 0 closes the command in as a kernel is. PLACES, a list in JSON, are the
folders that it may write to, the first for what is written to /tmp; an empty list leaves all as it is.
"""

from __future__ import annotations

import json
import os
import socket
import sys

from notehouse_gateway.template import namespaces, own_table, places, wire
from notehouse_gateway.template.death import die_with


def main() -> None:
    """Become the command, enclosed; end with a line that says why where that cannot be."""
    own, command = split(sys.argv[1:])
    parent, channel, table, processes = map(int, own[:4])
    try:
        die_with(parent)
        enclose(channel, addresses=own[5:], writable=json.loads(own[4]), table=bool(table))
        if processes and table:
            own_table.watch_over(command, processes)
        if processes:
            namespaces.confine(processes)
    except OSError as error:
        sys.exit(f"A process could not be cut from the network, and did not start: {error}")
    os.execvp(command[0], command)  # noqa: S606 - the command of the server that started us


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return what is for this program, and the command."""
    end = arguments.index("--")
    return arguments[:end], arguments[end + 1 :]


def enclose(channel: int, addresses: list[str], writable: list[str], *, table: bool) -> None:
    """Leave the machine's network but for these addresses, and its folders but for these. Raises OSError."""
    own_places = places.NEW_MOUNTS | places.NEW_IPC if writable else 0
    own_processes = places.NEW_MOUNTS | own_table.NEW_TABLE if table else 0
    namespaces.enter(namespaces.NEW_NETWORK | own_places | own_processes)
    if table:
        own_table.go_in()
    namespaces.raise_loopback()
    if writable:
        places.keep_writes_inside(writable, writable[0])
    listeners = [socket.create_server(_parsed(address)) for address in addresses]  # on ports below 1024 too
    namespaces.give_up_capabilities()
    with socket.socket(fileno=channel) as forwarder:
        wire.send(forwarder, "listening", [one.fileno() for one in listeners])
    for one in listeners:
        one.close()  # the forwarder has them now


def _parsed(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    main()
