"""The embedded ClickHouse as a process of its own: `python -m notehouse_hub.embedded.clickhouse_server`.

libchdb exports clickhouse-local, whose SQL can start ClickHouse's own HTTP listener. The secret of the
listener comes as the first line of standard input: the SQL function file() reads any file this process may
read, so the key stands neither in the environment nor in a file that outlives the start.
"""

import argparse
import contextlib
import ctypes
import os
import signal
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from notehouse_hub.embedded.clickhouse_config import KEY_HEADER, config_xml, prepare_folder

_LAST_WORDS = 6.0  # seconds

# The main query must not end, or the process does.
_FOREVER = (
    "SYSTEM START LISTEN HTTP; "
    "SELECT sleepEachRow(3) FROM system.numbers "
    "SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1 FORMAT Null"
)


def command(
    *, library: Path, folder: Path, users: Path, port: int, python: str = sys.executable
) -> list[str]:
    """Return the command that starts this module."""
    words = [python, "-m", "notehouse_hub.embedded.clickhouse_server", "--library", str(library)]
    return [*words, "--folder", str(folder), "--users", str(users), "--port", str(port)]


def main() -> None:
    """Run the server until it is told to stop."""
    options = _options()
    key = sys.stdin.readline().strip()
    if len(key) < 32:
        sys.exit("The key of the embedded ClickHouse must come as the first line of standard input.")
    prepare_folder(options.folder)
    # Every thread of the library inherits this: the signal is one thread's of ours.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_stop_when_told, args=(options.port, key), daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="config-", dir=options.folder) as name:
        config = Path(name) / "config.xml"
        config.touch(mode=0o600)
        config.write_text(config_xml(folder=options.folder, users=options.users, key=key))
        threading.Thread(target=_remove_when_up, args=(config, options.port, key), daemon=True).start()
        serve(options.library, options.folder, options.port, config)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serve the embedded ClickHouse over HTTP on 127.0.0.1.")
    for name in ("library", "folder", "users"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    return parser.parse_args()


def serve(library: Path, folder: Path, port: int, config: Path) -> None:
    """Call into libchdb; returns only when the server has stopped."""
    arguments = ["clickhouse", f"--config-file={config}", f"--path={folder}", f"--http_port={port}"]
    arguments += ["--listen_host=127.0.0.1", "--query", _FOREVER]
    chdb = ctypes.CDLL(str(library))
    chdb.chdb_query_cmdline.restype = ctypes.c_void_p
    chdb.chdb_query_cmdline.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
    chdb.chdb_result_error.restype = ctypes.c_char_p
    chdb.chdb_result_error.argtypes = [ctypes.c_void_p]
    argv = (ctypes.c_char_p * (len(arguments) + 1))(*[word.encode() for word in arguments], None)
    error = chdb.chdb_result_error(chdb.chdb_query_cmdline(len(arguments), argv))
    if error:
        sys.exit(f"The embedded ClickHouse stopped: {error.decode()}")


def _stop_when_told(port: int, key: str) -> None:
    """Wait for SIGTERM, write down what ran until then, and end; the library itself would lose the last second."""
    signal.sigwait({signal.SIGTERM})
    with contextlib.suppress(urllib.error.URLError, OSError):
        _ask("SYSTEM FLUSH LOGS", port, key, _LAST_WORDS)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.kill(os.getpid(), signal.SIGTERM)


def _ask(statement: str, port: int, key: str, seconds: float) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/", data=statement.encode(), headers={KEY_HEADER: key}
    )
    urllib.request.urlopen(request, timeout=seconds).close()  # noqa: S310 - the same


def _remove_when_up(config: Path, port: int, key: str) -> None:
    """Delete the configuration, which holds the key, as soon as the server has read it."""
    for _ in range(600):
        try:
            _ask("SELECT 1", port, key, 5)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            break
    config.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
