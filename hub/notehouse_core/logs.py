"""Logs: one JSON object a line, with secrets scrubbed before anything is written."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from notehouse_core import log_context

_NAMES = (
    r"password|passwd|passphrase|secret|api_?key|(?:api|access|refresh|id|hub|frame|execution)_?token"
    r"|client_secret|x-[a-z-]+-key|set-cookie|cookie"
)
# What is kept of a match stands before the secret: the groups named `kept`. Each goes with words of which one is in every
# text that it matches, in small letters: most lines have none, and to look for a word costs next to nothing.
_SECRETS = (
    # Signed tokens.
    (("eyj",), re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")),
    # Secrets that travel in addresses.
    (("?", "&"), re.compile(r"(?i)(?P<kept>[?&](?:\w*token|password|_xsrf|code|state)=)[^&\s\"']+")),
    # Authorization headers, as they are and as they are shown.
    (
        ("authorization",),
        re.compile(r"(?i)(?P<kept>authorization\W+(?:token|bearer|basic)\s+)[^\s\"',}]+"),
    ),
    # What the Hub says of a session.
    (("xsrf cookie",), re.compile(r"(?P<kept>xsrf cookie for b')[^']+")),
    # Credentials in addresses of databases.
    (("://",), re.compile(r"(?P<kept>://)[^/\s:@]+:[^/\s@]+(?=@)")),
    # Named values, in JSON or Python, quoted once more or not.
    (
        ("pass", "secret", "key", "token", "cookie"),
        re.compile(rf"(?i)(?P<kept>(?:{_NAMES})\\?[\"']?\s*[:=]\s*\\?[\"']?)[^\s\"'\\,;}}&]+"),
    ),
)
_in_json = json.JSONEncoder(default=str).encode
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def scrub(text: str) -> str:
    """The text with every token, password and DSN credential replaced."""
    lowered = text.lower()
    for words, pattern in _SECRETS:
        if any(word in lowered for word in words):
            text = pattern.sub(_replaced, text)
    return text


def _replaced(found: re.Match[str]) -> str:
    return f"{found.groupdict().get('kept') or ''}[scrubbed]"


class JsonFormatter(logging.Formatter):
    """A line of JSON: time (UTC), level, logger, message, the work at hand (`request_id`), what `extra=` added."""

    def format(self, record: logging.LogRecord) -> str:
        """One scrubbed line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **log_context.facts(),
            **{key: value for key, value in vars(record).items() if key not in _STANDARD},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return scrub(_in_json(line))


def configure_logs(level: str = "INFO") -> None:
    """Sends all that this process has to say to stderr as JSON lines: its loggers, warnings, and its last words."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _last_words
    # What no line has is not looked for: which code logs, in which thread and process.
    logging._srcfile = None  # documented under "Optimization"
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.getLogger("httpx").setLevel("WARNING")


def _last_words(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("notehouse").critical("the process ends", exc_info=(kind, error, at))


def jupyter_logging() -> dict[str, Any]:
    """Return Jupyter's `logging_config` for the same lines."""
    return {"formatters": {"console": {"class": f"{__name__}.{JsonFormatter.__name__}"}}}


def with_request_id(log_request: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a tornado `log_function` that logs as the given one does, with the request's id as a field."""

    def log(handler: Any) -> None:
        offered = log_context.request_id() or handler.request.headers.get(log_context.HEADER)
        with log_context.about(request_id=log_context.taken_over(offered)):
            log_request(handler)

    return log
