"""Which walls can this system put up? Found out by putting them up around a process that does nothing else."""

from __future__ import annotations

import os
import subprocess
import sys

from notehouse_gateway.template import namespaces, own_table, places


def why_not(*kinds: int) -> str | None:
    """Enter namespaces one in another in a new process, and return why that cannot be; None when it can.

    A fork would not do: a server that has closed its memory to others cannot write what a namespace needs.
    """
    command = [sys.executable, "-m", __name__, *map(str, kinds)]
    environment = {"PATH": os.environ.get("PATH", "")}
    tried = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return tried.stderr.strip() or f"exit code {tried.returncode}" if tried.returncode else None


def main() -> None:
    """Try it; end with the reason why it cannot be."""
    try:
        for kind in map(int, sys.argv[1:]):
            namespaces.enter(kind)
            if kind & own_table.NEW_TABLE:
                own_table.go_in()
            if kind & namespaces.NEW_NETWORK:
                namespaces.raise_loopback()
            if kind & places.NEW_MOUNTS:
                places.keep_writes_inside((), "")
            namespaces.give_up_capabilities()
    except OSError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
