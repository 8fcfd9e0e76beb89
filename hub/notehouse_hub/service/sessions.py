"""How does a browser stay logged in at the portal?

A cookie holds the person's Hub token, encrypted with a key that only this service can derive, so any replica
can read it and a stolen database holds none. The Hub decides on each use whether the token still counts.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from starlette.requests import Request
from starlette.responses import Response

SESSION_COOKIE = "notehouse-session"
LOGIN_COOKIE = "notehouse-login"
XSRF_HEADER = "X-XSRFToken"
XSRF_FIELD = "_xsrf"

_SESSION_SECONDS = 14 * 24 * 3600
_LOGIN_SECONDS = 600


@dataclass(frozen=True)
class Session:
    """A logged-in browser: its Hub token, and the secret that its writes must show."""

    hub_token: str
    xsrf: str


@dataclass(frozen=True)
class PendingLogin:
    """What a browser must bring back from the Hub, and where it wanted to go."""

    state: str
    verifier: str
    next_path: str

    @classmethod
    def start(cls, next_path: str) -> "PendingLogin":
        """Begin a login with fresh secrets."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(48), next_path)

    @property
    def challenge(self) -> str:
        """The verifier's S256 challenge (RFC 7636)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Cookies:
    """Writes and reads the portal's cookies; `secret` is anything that only this service knows."""

    def __init__(self, secret: str, path: str, *, secure: bool = False) -> None:
        key = hmac.digest(secret.encode(), b"notehouse portal cookies", "sha256")
        self._fernet = Fernet(base64.urlsafe_b64encode(key))
        self._path = path
        self._secure = secure  # a proxy before ours may have taken TLS off

    def session(self, request: Request) -> Session | None:
        """Return the browser's session, or None if there is none that we made."""
        content = self._read(request, SESSION_COOKIE, _SESSION_SECONDS)
        return Session(**content) if content else None

    def begin(self, request: Request, response: Response, hub_token: str) -> None:
        """Log a browser in."""
        content = {"hub_token": hub_token, "xsrf": secrets.token_urlsafe(24)}
        self._write(request, response, SESSION_COOKIE, content, _SESSION_SECONDS)

    def pending(self, request: Request) -> PendingLogin | None:
        """Return the login that this browser has begun, or None."""
        content = self._read(request, LOGIN_COOKIE, _LOGIN_SECONDS)
        return PendingLogin(**content) if content else None

    def remember(self, request: Request, response: Response, login: PendingLogin) -> None:
        """Keep a login that begins until the browser comes back from the Hub."""
        self._write(request, response, LOGIN_COOKIE, vars(login), _LOGIN_SECONDS)

    def forget(self, response: Response, *names: str) -> None:
        """Drop cookies of ours."""
        for name in names:
            response.delete_cookie(name, path=self._path, httponly=True, samesite="lax")

    def _write(
        self, request: Request, response: Response, name: str, content: dict[str, str], seconds: int
    ) -> None:
        sealed = self._fernet.encrypt(json.dumps({"for": name, **content}).encode()).decode()
        secure = self._secure or request.url.scheme == "https"
        response.set_cookie(
            name, sealed, max_age=seconds, path=self._path, httponly=True, samesite="lax", secure=secure
        )

    def _read(self, request: Request, name: str, seconds: int) -> dict[str, str] | None:
        """Open a cookie; what is not ours, too old or sealed for another purpose counts as absent."""
        sealed = request.cookies.get(name)
        if not sealed:
            return None
        try:
            content = json.loads(self._fernet.decrypt(sealed.encode(), ttl=seconds))
        except InvalidToken:
            return None
        return dict(content) if content.pop("for", None) == name else None


def shows_xsrf(session: Session, shown: str | None) -> bool:
    """Say whether a write shows the secret of its own page."""
    return bool(shown) and hmac.compare_digest(session.xsrf, shown or "")


def local_path(wanted: str | None, prefix: str) -> str:
    """Return where to go after a login: a path of this portal or of a dashboard, never another site."""
    allowed = (f"{prefix}/", "/services/dashboards/")
    if wanted and wanted.startswith(allowed) and "\\" not in wanted and "//" not in wanted.split("?")[0]:
        return wanted
    return f"{prefix}/"
