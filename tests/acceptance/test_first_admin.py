"""A platform without a demo: its first admin comes in by a link that works once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acceptance.platform import Person, Platform, eventually, free_port, started
from notehouse_hub.embedded.standalone import engines

PASSWORD = "a long enough one"
BARE = ("--no-demo",)


@pytest.fixture(scope="module")
def bare(folder: Path) -> Iterator[Platform]:
    with started(folder / "data", free_port(), engines(), PASSWORD, options=BARE) as up:
        yield up


def _choose(page: Any, password: str, again: str) -> None:
    page.fill("[name=password]", password)
    page.fill("[name=again]", again)
    page.click("text=Keep it")


def test_the_first_admin_chooses_a_password_by_a_link_that_works_once(bare: Platform, browser: Any) -> None:
    link = eventually(lambda: re.search(r"http\S+/hub/invitation\?token=\S+", bare.said), 30, "it is printed")
    somebody = Person(bare, browser, "admin")
    page = somebody.page
    page.goto(link[0])
    page.wait_for_selector("text=Choose the password of admin")
    somebody.picture("first-admin")
    _choose(page, PASSWORD, "another long one")
    page.wait_for_selector("text=The two passwords differ")
    _choose(page, "aaaaaaaaaaaa", "aaaaaaaaaaaa")
    page.wait_for_selector("text=Use more different characters")
    _choose(page, PASSWORD, PASSWORD)
    page.wait_for_selector("#login_submit")
    somebody.login()
    page.goto(f"{bare.url}/services/notehouse/")
    page.wait_for_selector("nav >> text=Dashboards")
    somebody.picture("first-admin-portal")
    somebody.context.close()
    stranger = Person(bare, browser, "admin")
    answer: Any = stranger.page.goto(link[0])
    assert answer.status == 404
    stranger.page.wait_for_selector("text=This link is no longer good")
    stranger.picture("first-admin-used")
    stranger.context.close()


def test_a_platform_that_has_an_admin_prints_no_link(bare: Platform) -> None:
    bare.stop()
    with started(bare.data, bare.port, engines(), PASSWORD, options=BARE) as again:
        assert "invitation" not in again.said
