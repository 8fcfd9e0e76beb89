"""Logs: one JSON object a line, with tokens scrubbed before anything is written."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

# Signed tokens, Authorization values, and secrets that travel in URLs.
_SECRETS = (
    re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"),
    re.compile(r"(?i)(?<=[?&])(token|password|_xsrf|code|state)=[^&\s\"']+"),
    re.compile(r"(?i)(authorization\W+(?:token|bearer|basic)\s+)[^\s\"',}]+"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
)
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def scrub(text: str) -> str:
    """The text with every token, password and DSN credential replaced."""
    for pattern in _SECRETS:
        text = pattern.sub("[scrubbed]", text)
    return text


class JsonFormatter(logging.Formatter):
    """A line of JSON: time (UTC), level, logger, message, and what `extra=` added."""

    def format(self, record: logging.LogRecord) -> str:
        """One scrubbed line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{key: value for key, value in vars(record).items() if key not in _STANDARD},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return scrub(json.dumps(line, default=str))


def configure_logs(level: str = "INFO") -> None:
    """Sends every logger of this process to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel("WARNING")
