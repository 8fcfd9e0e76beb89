"""A dashboard's filters: state in the address, a snapshot for each choice, no kernel kept, and a layout for every width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from acceptance.platform import Person, Platform

People = Callable[..., Person]
DASHBOARD = "/services/dashboards/united/punctuality"


def _flights(page: Page) -> int:
    """The number of flights that the first tile shows."""
    text = page.frame_locator("#dashboard").locator("text=/^[0-9,]{3,}$/").first.inner_text(timeout=60_000)
    return int(text.replace(",", ""))


def _changed(page: Page, before: int) -> int:
    first = page.frame_locator("#dashboard").locator("text=/^[0-9,]{3,}$/").first
    expect(first).not_to_have_text(f"{before:,}", timeout=90_000)
    return _flights(page)


def test_filters_narrow_the_numbers_and_stay_in_the_address(person: People, platform: Platform) -> None:
    viewer = person("united-viewer", viewport={"width": 1280, "height": 900})
    page = viewer.page
    page.goto(platform.url + DASHBOARD)
    everything = _flights(page)
    viewer.picture("filters-wide")
    page.select_option("[name=origin]", "LGA")
    narrowed = _changed(page, everything)
    assert 0 < narrowed < everything
    assert page.url.endswith(f"{DASHBOARD}?origin=LGA")
    page.select_option("[name=first_month]", "12")
    december = _changed(page, narrowed)
    assert 0 < december < narrowed
    page.reload()
    assert _flights(page) == december
    assert page.input_value("[name=origin]") == "LGA"
    viewer.picture("filters-chosen")
    page.go_back()
    assert _changed(page, december) == narrowed
    assert page.input_value("[name=first_month]") == "1"
    page.click("[data-reset]")
    assert _changed(page, narrowed) == everything
    assert page.url.endswith(DASHBOARD)


def test_a_colleague_opens_the_same_choice_from_its_address(person: People, platform: Platform) -> None:
    page = person("united-analyst").page
    page.goto(f"{platform.url}{DASHBOARD}?origin=LGA&utm_source=mail")
    assert page.input_value("[name=origin]") == "LGA"
    assert _flights(page) > 0


def test_what_is_not_offered_is_refused_in_words(person: People, platform: Platform) -> None:
    page = person("united-viewer").page
    answer: Any = page.goto(f"{platform.url}{DASHBOARD}?origin=SFO'--")
    assert answer.status == 400
    assert "Airport is" in page.inner_text("body")


def test_a_control_of_a_filtered_page_runs_with_the_same_choice(person: People, platform: Platform) -> None:
    page = person("united-viewer").page
    page.goto(f"{platform.url}{DASHBOARD}?origin=JFK&first_month=12")
    frame = page.frame_locator("#dashboard")
    answer = frame.locator("text=/arrived 15 minutes late or more/").first
    before = answer.inner_text(timeout=60_000)
    slider = frame.locator(".noUi-handle").first
    slider.focus(timeout=60_000)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    after = frame.locator("text=/arrived 30 minutes late or more/").first
    after.wait_for(timeout=90_000)
    late = [int(text.split("(")[1].split(")")[0].replace(",", "")) for text in (before, after.inner_text())]
    assert 0 < late[1] < late[0] < 400  # United flies little out of JFK in December


def test_tiles_stand_side_by_side_and_below_each_other_on_a_phone(person: People, platform: Platform) -> None:
    for width, height, beside, name in ((1280, 900, True, "wide"), (390, 844, False, "phone")):
        viewer = person("united-viewer", viewport={"width": width, "height": height}, color_scheme="dark")
        page = viewer.page
        page.goto(platform.url + DASHBOARD)
        frame = page.frame_locator("#dashboard")
        frame.locator("text=By month").first.wait_for(timeout=60_000)
        boxes = [
            frame.locator(".nh-cell", has_text=text).first.bounding_box()
            for text in ("By month", "How late is late?")
        ]
        assert boxes[0]
        assert boxes[1]
        assert (abs(boxes[0]["y"] - boxes[1]["y"]) < 2) is beside
        assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
        page.wait_for_timeout(1500)
        viewer.picture(f"filters-{name}-dark")
