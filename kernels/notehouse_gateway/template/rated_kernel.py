"""A kernel that keeps to its rate of output: a flood of text is cut, other messages wait their turn.

What is never sent costs neither the gateway nor its other kernels anything. Code that works around this is ended by the
gateway, which counts as well.
"""

from __future__ import annotations

import os
import sys
import threading
from functools import cache
from json.encoder import encode_basestring
from typing import Any

from ipykernel.iostream import BackgroundSocket, OutStream
from ipykernel.ipkernel import IPythonKernel

from notehouse_gateway.output_rate import MAX_OUTPUT, MEBIBYTE, OutputRate, notice_of_large

VARIABLE = "NOTEHOUSE_OUTPUT_RATE"
KEPT_OF_ONE = MEBIBYTE  # of a single text that is too long
MOST_UNSENT = 2 * MEBIBYTE  # of a text that waits for the next message


@cache
def rate_of_process() -> OutputRate | None:
    """Return the rate that the environment named when this kernel began; None where there is no limit."""
    megabytes = os.environ.pop(VARIABLE, "")
    return OutputRate(int(megabytes)) if megabytes.isdecimal() and int(megabytes) else None


class RatedStream(OutStream):
    """Standard output or error of a kernel, kept to the rate of its process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._rate = rate_of_process()
        self._cut: str | None = None  # the request whose output was cut
        self._unsent = 0
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        if self._rate is not None:
            self._keep_from_log()

    def write(self, string: str) -> int | None:  # type: ignore[override]
        """Write what the rate allows, and once the line that says that more was there."""
        rate = self._rate
        if rate is None or not isinstance(string, str):
            return super().write(string)
        if self._is_cut(rate):
            rate.close()
            return len(string)
        room = rate.room()
        size = _size(string) if len(string) <= room else len(string)
        if size <= room:
            rate.take(size)
            return self._write_in_parts(string)
        self._cut = self._request()
        super().write(string[: min(room, KEPT_OF_ONE)] + rate.notice())
        rate.close()
        return len(string)

    def _write_in_parts(self, text: str) -> int:
        """Write, and send what has become long: a server that passes it on need not hold all at once."""
        for start in range(0, len(text), MOST_UNSENT):
            part = text[start : start + MOST_UNSENT]
            super().write(part)
            self._unsent += len(part)
            if self._unsent >= MOST_UNSENT:
                self._unsent = 0
                super().flush()  # type: ignore[no-untyped-call]
        return len(text)

    def flush(self) -> None:
        """Send what was written; a message of its own, which counts as one."""
        calls_itself = threading.current_thread() is self.pub_thread.thread
        if self._rate is not None and self._cut is None and not calls_itself:
            self._rate.wait(0)
        super().flush()  # type: ignore[no-untyped-call]

    def _keep_from_log(self) -> None:
        """What programs that a kernel starts print comes here; it would go to its server's log as well."""
        if (log := getattr(self, "_original_stdstream_copy", None)) is not None:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, log, inheritable=False)
            os.close(nothing)

    def _is_cut(self, rate: OutputRate) -> bool:
        if self._cut is None:
            return False
        if self._cut != self._request():
            rate.open()
        elif not rate.calm:
            return True
        self._cut = None
        return False

    def _request(self) -> str:
        return str(self.parent_header.get("msg_id", ""))


def _size(text: str) -> int:
    """Return the bytes of a text in a message."""
    return len(encode_basestring(text).encode(errors="surrogatepass"))


class RatedSocket(BackgroundSocket):
    """Where a kernel publishes all but its standard streams."""

    def send_multipart(self, parts: Any, *args: Any, **kwargs: Any) -> Any:
        """Send when the rate allows; what is too large for anybody is told and not sent."""
        if (rate := rate_of_process()) is not None:
            size = sum(memoryview(part).nbytes for part in parts)
            if size > MAX_OUTPUT:
                print(notice_of_large(size), file=sys.stderr)
                return None
            rate.wait(size)
        return super().send_multipart(parts, *args, **kwargs)  # type: ignore[no-untyped-call]


class RatedKernel(IPythonKernel):
    """IPython's kernel, which publishes at its rate."""

    def __init__(self, **kwargs: Any) -> None:
        if (thread := kwargs.get("iopub_thread")) is not None:
            kwargs["iopub_socket"] = RatedSocket(thread)  # type: ignore[no-untyped-call]
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
