"""A second factor: set up through the API, asked for on the Hub's login page, each code good once."""

from __future__ import annotations

import re
import time
from typing import Any

import pyotp
import pytest

from integration.accounts.test_accounts import NEW, choose_password, problem

WRONG = "This code does not fit, or was used before. Try the next one."


@pytest.fixture
def somebody(house: Any, visit: Any) -> Any:
    """A new account, logged in."""
    name = f"dora-{time.monotonic_ns():x}"
    made = (
        visit().enter("admin").ok("POST", "/users", {"username": name, "tenant": "united", "role": "viewer"})
    )
    dora = visit()
    choose_password(dora, made["invitation"]["url"])
    dora.name = name
    return dora.enter(name, NEW)


def enrolled(somebody: Any) -> tuple[pyotp.TOTP, list[str]]:
    made = somebody.ok("POST", "/me/second-factor", {"password": NEW})
    app = pyotp.parse_uri(made["uri"])
    assert isinstance(app, pyotp.TOTP)
    assert (app.name, app.issuer, app.secret) == (somebody.name, "Notehouse", made["secret"])
    assert made["qr_svg"].startswith("<svg")
    codes = somebody.ok("POST", "/me/second-factor/confirm", {"code": app.now()})["recovery_codes"]
    return app, codes


def next_code(app: pyotp.TOTP) -> str:
    """A code that was not used yet: that of the next step, which counts for the drift of clocks."""
    return app.at(int(time.time()) + 30)


def test_login_asks_for_a_code_and_takes_each_once(house: Any, visit: Any, somebody: Any) -> None:
    assert somebody.call("POST", "/me/second-factor", {"password": "x"}).status_code == 403
    assert somebody.call("POST", "/me/second-factor/confirm", {"code": "123456"}).status_code == 400
    app, codes = enrolled(somebody)
    assert somebody.call("POST", "/me/second-factor", {"password": NEW}).status_code == 409
    told = somebody.ok("GET", "/me/second-factor")
    assert (told["enabled"], told["recovery_codes_left"]) == (True, 10)
    used = app.now()

    again = visit()
    page = again.login(somebody.name, NEW)
    assert page.status_code == 200
    assert "One more step" in page.text
    assert again.client.get("/hub/home").url.path == "/hub/login"  # a password alone opens nothing
    page = again.code(used)
    assert (page.status_code, problem(page)) == (403, WRONG)  # it was used for the confirmation
    code = next_code(app)
    answer = again.code(code, follow=False)
    assert answer.status_code == 302
    again.open_portal().ok("GET", "/me")

    third = visit()
    third.login(somebody.name, NEW)
    assert problem(third.code(code)) == WRONG
    assert third.code(codes[0].lower(), follow=False).status_code == 302
    fourth = visit()
    fourth.login(somebody.name, NEW)
    assert problem(fourth.code(codes[0])) == WRONG
    assert somebody.ok("GET", "/me/second-factor")["recovery_codes_left"] == 9
    kept = str(house.rows("SELECT sealed_secret, recovery_codes FROM second_factors"))
    assert app.secret not in kept
    assert codes[1] not in kept


def test_no_way_round_the_second_step(visit: Any, somebody: Any) -> None:
    enrolled(somebody)
    other = visit()
    other.client.get("/hub/login")
    answer = other.code("123456")
    assert (answer.status_code, "took too long" in answer.text) == (403, True)
    body = {"auth": {"username": somebody.name, "password": NEW}}
    answer = other.client.post(f"/hub/api/users/{somebody.name}/tokens", json=body)
    assert answer.status_code == 403
    # A password that was changed in between ends the second step too.
    other.login(somebody.name, NEW)
    somebody.ok(
        "POST", f"/users/{somebody.name}/password", {"password": "another long one", "current_password": NEW}
    )
    answer = other.code("123456")
    assert (answer.status_code, "took too long" in answer.text) == (403, True)


def test_codes_are_not_guessed(house: Any, visit: Any, somebody: Any) -> None:
    app, _ = enrolled(somebody)
    guesser = visit()
    guesser.login(somebody.name, NEW)
    answers = [guesser.code("000000") for _ in range(7)]
    assert [one.status_code for one in answers] == [403] * 6 + [429]
    assert re.fullmatch(r"Too many failed tries. Wait \d+ s and try again.", problem(answers[-1]))
    assert "One more step" in answers[-1].text
    elsewhere = visit()
    elsewhere.login(somebody.name, NEW)
    assert elsewhere.code(next_code(app)).status_code == 429  # whoever knows the password, from wherever
    assert [one for one in house.audit("login-locked-out") if one[1] == somebody.name]
    assert {"wrong": "code"} in [
        details for _, name, details in house.audit("login-failed") if name == somebody.name
    ]


def test_it_is_removed_with_password_and_code_or_by_an_administrator(visit: Any, somebody: Any) -> None:
    _, codes = enrolled(somebody)
    for body in (
        {"password": "x", "code": codes[0]},
        {"password": NEW, "code": "000000"},
    ):
        assert somebody.call("POST", "/me/second-factor/remove", body).status_code == 403
    new = somebody.ok("POST", "/me/second-factor/recovery-codes", {"password": NEW, "code": codes[0]})
    assert (
        somebody.call("POST", "/me/second-factor/remove", {"password": NEW, "code": codes[1]}).status_code
        == 403
    )
    body = {"password": NEW, "code": new["recovery_codes"][0]}
    somebody.ok("POST", "/me/second-factor/remove", body)
    assert somebody.ok("GET", "/me/second-factor")["enabled"] is False
    visit().enter(somebody.name, NEW)
    enrolled(somebody)
    viewer, admin = visit().enter("viewer"), visit().enter("admin")
    assert viewer.call("DELETE", f"/users/{somebody.name}/second-factor").status_code == 404
    assert somebody.call("DELETE", f"/users/{somebody.name}/second-factor").status_code == 403
    admin.ok("DELETE", f"/users/{somebody.name}/second-factor")
    assert admin.call("DELETE", f"/users/{somebody.name}/second-factor").status_code == 404
    visit().enter(somebody.name, NEW)
