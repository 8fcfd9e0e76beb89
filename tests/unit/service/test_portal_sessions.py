import re

import pytest
from starlette.requests import Request
from starlette.responses import Response

from notehouse_hub.service.sessions import (
    LOGIN_COOKIE,
    SESSION_COOKIE,
    Cookies,
    PendingLogin,
    Session,
    local_path,
    shows_xsrf,
)

PREFIX = "/services/notehouse"


def _request(cookies: dict[str, str] | None = None, scheme: str = "http") -> Request:
    header = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    return Request(
        {"type": "http", "scheme": scheme, "path": "/", "server": ("hub", 80), "query_string": b"",
         "headers": [(b"cookie", header.encode())]}
    )  # fmt: skip


def _cookie(response: Response) -> tuple[str, str]:
    found = re.match(r"([^=]+)=([^;]+)", response.headers["set-cookie"])
    assert found
    return found.group(1), found.group(2)


def _logged_in(secret: str = "s") -> str:
    response = Response()
    Cookies(secret, PREFIX).begin(_request(), response, "hub-token")
    return _cookie(response)[1]


def test_a_session_comes_back_and_hides_the_token() -> None:
    sealed = _logged_in()
    session = Cookies("s", PREFIX).session(_request({SESSION_COOKIE: sealed}))
    assert session is not None
    assert session.hub_token == "hub-token"
    assert "hub-token" not in sealed


@pytest.mark.parametrize("sealed", ["", "nonsense", "gAAAAA", _logged_in("another secret")])
def test_a_cookie_that_is_not_ours_counts_as_absent(sealed: str) -> None:
    assert Cookies("s", PREFIX).session(_request({SESSION_COOKIE: sealed})) is None


def test_a_cookie_for_one_purpose_does_not_serve_another() -> None:
    assert Cookies("s", PREFIX).pending(_request({LOGIN_COOKIE: _logged_in()})) is None


def test_cookies_are_closed_to_scripts_and_other_sites() -> None:
    for scheme, secure in (("http", False), ("https", True)):
        response = Response()
        Cookies("s", PREFIX).begin(_request(scheme=scheme), response, "t")
        cookie = response.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert f"path={PREFIX}" in cookie
        assert ("secure" in cookie) is secure


def test_a_pending_login_comes_back() -> None:
    login = PendingLogin.start(f"{PREFIX}/account")
    response = Response()
    Cookies("s", PREFIX).remember(_request(), response, login)
    assert Cookies("s", PREFIX).pending(_request(dict([_cookie(response)]))) == login
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", login.challenge)


def test_a_write_must_show_its_pages_secret() -> None:
    session = Session("t", "right")
    assert shows_xsrf(session, "right")
    assert not any(shows_xsrf(session, shown) for shown in (None, "", "wrong", "righ"))


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        (f"{PREFIX}/account?x=//y", f"{PREFIX}/account?x=//y"),
        ("/services/dashboards/united/punctuality", "/services/dashboards/united/punctuality"),
        (None, f"{PREFIX}/"),
        ("https://evil.example/", f"{PREFIX}/"),
        ("//evil.example/", f"{PREFIX}/"),
        (f"{PREFIX}//evil.example", f"{PREFIX}/"),
        (f"{PREFIX}/\\evil.example", f"{PREFIX}/"),
        ("/user/mallory/", f"{PREFIX}/"),
    ],
)
def test_after_a_login_nobody_is_sent_elsewhere(wanted: str | None, goes: str) -> None:
    assert local_path(wanted, PREFIX) == goes
