"""How does the gateway say no? As ClickHouse does, so that every client shows the message."""

from dataclasses import dataclass, field

from notehouse_core.token_renewal import RENEW, RENEW_HEADER

SYNTAX_ERROR = 62
UNKNOWN_DATABASE = 81
NOT_IMPLEMENTED = 48
BAD_ARGUMENTS = 36
READONLY = 164
TIMEOUT = 159
TOO_MANY_QUERIES = 202
LIMIT_EXCEEDED = 290
NETWORK_ERROR = 210
SETTING_CONSTRAINT = 452
QUERY_WAS_CANCELLED = 394
ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516

_NAMES = {
    SYNTAX_ERROR: "SYNTAX_ERROR",
    UNKNOWN_DATABASE: "UNKNOWN_DATABASE",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    BAD_ARGUMENTS: "BAD_ARGUMENTS",
    READONLY: "READONLY",
    TIMEOUT: "TIMEOUT_EXCEEDED",
    LIMIT_EXCEEDED: "LIMIT_EXCEEDED",
    TOO_MANY_QUERIES: "TOO_MANY_SIMULTANEOUS_QUERIES",
    NETWORK_ERROR: "NETWORK_ERROR",
    SETTING_CONSTRAINT: "SETTING_CONSTRAINT_VIOLATION",
    QUERY_WAS_CANCELLED: "QUERY_WAS_CANCELLED",
    ACCESS_DENIED: "ACCESS_DENIED",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
}


@dataclass
class Refusal(Exception):
    """A request that is not passed on: ClickHouse's error code, an HTTP status, and a sentence to act on."""

    code: int
    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)
    close: bool = False  # the connection cannot be used further, since its framing is in doubt

    def body(self) -> bytes:
        """Return the message in ClickHouse's form."""
        name = _NAMES.get(self.code, "ERROR")
        return f"Code: {self.code}. DB::Exception: {self.text} ({name})\n".encode()


def denied(text: str) -> Refusal:
    """Refuse what nobody may do here."""
    return Refusal(ACCESS_DENIED, 403, text)


def malformed(text: str) -> Refusal:
    """Refuse a request whose framing is wrong or ambiguous, and the connection with it."""
    return Refusal(BAD_ARGUMENTS, 400, text, close=True)


def bad_argument(text: str) -> Refusal:
    """Refuse a parameter."""
    return Refusal(BAD_ARGUMENTS, 400, text)


def too_large(text: str) -> Refusal:
    """Refuse a request past a limit of size."""
    return Refusal(BAD_ARGUMENTS, 413, text, close=True)


def unauthenticated(text: str) -> Refusal:
    """Ask for a token."""
    return Refusal(AUTHENTICATION_FAILED, 401, text, {"WWW-Authenticate": 'Basic realm="Notehouse"'})


def renewable(refusal: Refusal) -> Refusal:
    """Say that another token may be let in: kernels then have theirs renewed, and ask again."""
    refusal.headers[RENEW_HEADER] = RENEW
    return refusal


def unavailable(text: str, seconds: int = 2) -> Refusal:
    """Say that something we need is away and when to try again."""
    return Refusal(NETWORK_ERROR, 503, text, {"Retry-After": str(seconds)})
