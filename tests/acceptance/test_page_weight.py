"""What the first page of each example weighs on the wire, in a browser that has nothing yet."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Request, StorageState

from acceptance.platform import Person, eventually

People = Callable[..., Person]
EXAMPLES = ("punctuality", "sales", "weather", "fleet", "network")
WITH_WIDGETS = "punctuality"
STATIC, CHARTS, WIDGETS = 110_000, 150_000, 950_000  # bytes


def weigh(reader: Person, name: str, state: StorageState, **options: object) -> int:
    """Bytes that a dashboard costs somebody who is logged in and has nothing else; no other host is asked."""
    context = reader.context.browser.new_context(storage_state=state, **options)  # type: ignore[union-attr, arg-type]
    page, ended = context.new_page(), list[Request]()
    page.on("requestfinished", lambda one: ended.append(one))  # noqa: PLW0108 - Playwright marks it
    page.goto(f"{reader.platform.url}/services/dashboards/united/{name}")
    page.locator("iframe[src]").wait_for(timeout=1000)
    page.wait_for_load_state("networkidle")
    sizes = [one.sizes() for one in ended]
    hosts = {urlsplit(one.url).netloc for one in ended if one.url.startswith("http")}
    context.close()
    assert hosts == {urlsplit(reader.platform.url).netloc}
    return sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes)


@pytest.fixture
def reader(person: People) -> Person:
    """Somebody for whom the examples have been made."""
    made = person("united-viewer")
    for name in EXAMPLES:
        address = f"{made.platform.url}/services/dashboards/united/{name}"
        shown = made.page.locator("iframe[src]")
        eventually(lambda: made.page.goto(address) and shown.count(), 120, name)  # noqa: B023
    return made


def test_the_first_page_of_each_example_is_light(reader: Person) -> None:
    state = reader.context.storage_state()
    for name in EXAMPLES:
        options = {"java_script_enabled": False}
        assert weigh(reader, name, state, **options) <= STATIC, name
        if name != WITH_WIDGETS:
            assert weigh(reader, name, state) <= CHARTS, name
    # Who comes first gets gzip; the dense form of each file is made meanwhile.
    eventually(lambda: weigh(reader, WITH_WIDGETS, state) <= WIDGETS, 60, "the front end of widgets is light")
