"""The second step of a login, in a real browser: asked for, refused, taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pyotp
import pytest

from acceptance.platform import Person, Platform

PASSWORD = "a long enough one"


@pytest.fixture
def somebody(platform: Platform, browser: Any) -> Iterator[tuple[str, pyotp.TOTP, list[str]]]:
    """A new account with a second factor: its name, the app's clock, and the recovery codes."""
    name = f"dora-{uuid4().hex[:6]}"
    admin = Person(platform, browser, "admin").login()
    with admin.api() as api:
        made = api.post(
            "users", json={"username": name, "tenant": "united", "role": "viewer"}
        ).raise_for_status()
    page = (dora := Person(platform, browser, name)).page
    page.goto(made.json()["invitation"]["url"])
    page.fill("[name=password]", "Password123!")
    page.fill("[name=again]", "Password123!")
    page.click("text=Keep it")
    page.wait_for_selector("text=one of the first passwords that anybody tries")
    dora.picture("invitation-refused")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.click("text=Keep it")
    first(dora)
    page.goto(f"{platform.url}/services/notehouse/")
    begun = _call(page, "POST", "/me/second-factor", {"password": PASSWORD})
    app = pyotp.TOTP(begun["secret"])
    codes = _call(page, "POST", "/me/second-factor/confirm", {"code": app.now()})["recovery_codes"]
    yield name, app, codes
    dora.context.close()
    admin.context.close()


def _call(page: Any, method: str, path: str, body: Any) -> Any:
    return page.evaluate(
        """async ([method, path, body]) => {
            const page = document.documentElement.dataset;
            const headers = { "Content-Type": "application/json", "X-XSRFToken": page.xsrf };
            const answer = await fetch(page.api + path, { method, headers, body: JSON.stringify(body) });
            if (!answer.ok) throw new Error(await answer.text());
            return answer.json();
        }""",
        [method, path, body],
    )


def first(person: Person) -> None:
    """The first step."""
    page = person.page
    page.goto(f"{person.platform.url}/hub/login?next=/services/notehouse/")
    page.fill("input[name=username]", person.name)
    page.fill("input[name=password]", PASSWORD)
    page.click("[type=submit]")


def test_a_code_is_asked_for_after_the_password(
    platform: Platform, browser: Any, somebody: tuple[str, pyotp.TOTP, list[str]]
) -> None:
    name, _, codes = somebody
    for scheme, width, code in (("light", 1280, codes[0]), ("dark", 390, codes[1])):
        person = Person(
            platform, browser, name, color_scheme=scheme, viewport={"width": width, "height": 800}
        )
        said: list[str] = []

        def hear(one: Any, said: list[str] = said) -> None:
            if one.type == "error":
                said.append(one.text)

        person.page.on("console", hear)
        first(person)
        page = person.page
        page.wait_for_selector("text=One more step")
        assert page.evaluate("document.activeElement.name") == "code"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        person.picture(f"second-step-{scheme}")
        assert not said
        page.fill("input[name=code]", "000000")
        page.keyboard.press("Enter")
        page.wait_for_selector("role=alert >> text=This code does not fit")
        person.picture(f"second-step-wrong-{scheme}")
        page.fill("input[name=code]", code)
        page.keyboard.press("Enter")
        page.wait_for_selector("nav >> text=Dashboards")
        assert page.url.endswith("/services/notehouse/")
        person.context.close()
