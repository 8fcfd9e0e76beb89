"""Every kind of filter and every kind of ipywidget works inside the sandboxed frame, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import nbformat
import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from acceptance.platform import PICTURES
from integration.dashboards.conftest import PREFIX, Shop
from integration.dashboards.test_tiles import PATIENCE

Act = Callable[[Locator, bool], None]  # on a control, with a finger or with keys and a mouse
SLUG = "controls"
PARAMETERS = """from typing import Literal

airport = filter("select", ["all", "EWR", "JFK", "LGA"], label="Airport")
several = filter("multi", ["a", "b", "c"], value=[], label="Several")
span = filter("range", 0, 23, label="Hours")
days = filter("date range", "2026-01-01", "2026-12-31", label="Days")
word = filter("search", label="Search")
hour = filter("multi", "SELECT DISTINCT hour FROM flights WHERE {{airport}} IN ('all', origin) ORDER BY hour", value=[])
depth: Literal[1, 2, 3] = 1  # Depth
late = False  # Only late ones
share = 0.5  # Share
since = "2026-01-01"  # Since"""
CHOSEN = """%%sql
SELECT {{airport}} AS airport, {several:Array(String)} AS several, {{span}}[1] AS low, {{days}}[2] AS day,
{{word}} AS word, {hour:Array(String)} AS hour, {{depth}} AS depth, {{late}} AS late, {{share}} AS share,
{{since}} AS since"""


def choose(value: str | list[str]) -> Act:
    def act(control: Locator, _: bool) -> None:
        control.first.select_option(value)

    return act


def write(value: str, key: str = "Tab") -> Act:
    def act(control: Locator, _: bool) -> None:
        control.first.fill(value)
        control.first.press(key)

    return act


FILTERS: dict[str, tuple[Act, str]] = {
    "airport": (choose("LGA"), "LGA"),
    "several": (choose(["a", "c"]), r".*a.*c.*"),
    "span": (write("12"), "12"),
    "days": (write("2026-02-01"), "2026-12-31"),
    "word": (write("Köln 'n"), "Köln 'n"),
    "hour": (choose("12"), ".*12.*"),  # one of those that LGA has
    "depth": (choose("3"), "3"),
    "late": (choose("true"), "(true|1|True)"),
    "share": (write("0.25"), "0.25"),
    "since": (write("2026-03-31"), "2026-03-31"),
}


def to_the_end(control: Locator, finger: bool) -> None:
    if not finger:
        handle = control.locator(".noUi-handle").last
        handle.click()
        handle.press("End")
        return
    box = control.locator(".noUi-base").bounding_box()
    assert box
    control.locator(".noUi-base").tap(position={"x": box["width"] - 1, "y": box["height"] / 2}, force=True)


def press(selector: str) -> Act:
    def act(control: Locator, finger: bool) -> None:
        wanted = control.locator(selector) if selector else control
        wanted.first.tap() if finger else wanted.first.click()

    return act


def within(selector: str, act: Act) -> Act:
    return lambda control, finger: act(control.locator(selector), finger)


def two(*values: str) -> Act:
    def act(control: Locator, _: bool) -> None:
        for place, value in enumerate(values):
            control.locator("input").nth(place).fill(value)
        control.locator("input").last.press("Tab")

    return act


def hand_over(name: str, content: bytes) -> Act:
    def act(control: Locator, finger: bool) -> None:
        control.focus()  # what the control before has to say when it is left moves this one
        with control.page.expect_file_chooser() as asked:
            control.tap() if finger else control.click()
        asked.value.set_files({"name": name, "mimeType": "text/csv", "buffer": content})

    return act


WIDGETS: dict[str, tuple[str, Act, str]] = {
    "IntSlider": ("value=1, min=0, max=5", to_the_end, "5"),
    "FloatSlider": ("value=1, min=0, max=5", to_the_end, "5.0"),
    "FloatLogSlider": ("value=10, min=0, max=3", to_the_end, "1000.0"),
    "IntRangeSlider": ("value=(1, 2), min=0, max=5", to_the_end, "(1, 5)"),
    "FloatRangeSlider": ("value=(1, 2), min=0, max=5", to_the_end, "(1.0, 5.0)"),
    "SelectionSlider": ("options=OPTIONS", to_the_end, "three"),
    "SelectionRangeSlider": ("options=OPTIONS, index=(0, 1)", to_the_end, "('one', 'three')"),
    "Play": ("max=3, interval=100", press("button"), "3"),
    "IntText": ("value=1", within("input", write("42")), "42"),
    "FloatText": ("value=1", within("input", write("4.5")), "4.5"),
    "BoundedIntText": ("value=1, max=50", within("input", write("99")), "50"),
    "BoundedFloatText": ("value=1, max=50", within("input", write("4.5")), "4.5"),
    "Text": ("", within("input", write("Zürich ✈")), "Zürich ✈"),
    "Textarea": ("", within("textarea", write("two\nlines")), "two lines"),
    "Password": ("", within("input", write("secret")), "secret"),
    "Combobox": ("options=OPTIONS", within("input", write("two")), "two"),
    "Checkbox": ("", press("input"), "True"),
    "ToggleButton": ("", press(""), "True"),
    "Button": ("", press(""), "pressed"),
    "Dropdown": ("options=OPTIONS", within("select", choose("two")), "two"),
    "Select": ("options=OPTIONS", within("select", choose("two")), "two"),
    "SelectMultiple": ("options=OPTIONS", within("select", choose(["one", "three"])), "('one', 'three')"),
    "RadioButtons": ("options=OPTIONS", press("label:has-text('two') input"), "two"),
    "ToggleButtons": ("options=OPTIONS", press("button:has-text('two')"), "two"),
    "ColorPicker": ("", within("input[type=text]", write("#aabbcc")), "#aabbcc"),
    "Accordion": ("children=parts(), titles=OPTIONS", press(".jupyter-widget-Collapse-header >> nth=1"), "1"),
    "DatePicker": ("", two("2026-03-31"), "2026-03-31"),
    "TimePicker": ("", two("10:30"), "10:30:00"),
    "DatetimePicker": ("", two("2026-03-31T10:30"), "2026-03-31 10:30:00+00:00"),
    "NaiveDatetimePicker": ("", two("2026-03-31T10:30"), "2026-03-31 10:30:00"),
    "TagsInput": ("", within("input", write("blue", "Enter")), "['blue']"),
    "ColorsInput": ("", within("input", write("#aabbcc", "Enter")), "['#aabbcc']"),
    "IntsInput": ("", within("input", write("7", "Enter")), "[7]"),
    "FloatsInput": ("", within("input", write("7.5", "Enter")), "[7.5]"),
    "FileUpload": ("accept='.csv'", hand_over("a.csv", b"x\n\x00\xff"), "a.csv b'x\\n\\x00\\xff'"),
    "Tab": ("children=parts(), titles=OPTIONS", press(".lm-TabBar-tab >> nth=1"), "1"),
}
# What is only shown, with what is seen of it.
SHOWN: dict[str, tuple[str, str]] = {
    "Label": ("w.Label('a label')", "a label"),
    "HTML": ("w.HTML('<b>bold</b> text')", "bold text"),
    "HTMLMath": ("w.HTMLMath('math $x^2$')", "math"),
    "Valid": ("w.Valid(False, readout='not valid')", "not valid"),
    "IntProgress": ("w.IntProgress(3, max=5, description='progress')", "progress"),
    "FloatProgress": ("w.FloatProgress(0.5, max=1, description='part')", "part"),
    "Image": ("w.Image(value=PICTURE, format='png')", "img"),
    "Audio": ("w.Audio(value=b'RIFF', format='wav')", "audio"),
    "Video": ("w.Video(value=b'none', format='mp4')", "video"),
    "Stack": ("w.Stack([w.Label('below'), w.Label('on top')], selected_index=1)", "on top"),
    "GridspecLayout": ("grid()", "in a grid"),
    "AppLayout": ("w.AppLayout(header=w.Label('a head'))", "a head"),
    "Controller": ("w.Controller()", "A game controller works in the notebook, not on a dashboard."),
    "interactive": ("w.interactive(lambda x: print('x is', x), x=(0, 4))", "x is 2"),
    "jslink": ("linked()", "7"),
}
SHOWN_CODE = """import base64
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

def grid():
    made = w.GridspecLayout(1, 1)
    made[0, 0] = w.Label("in a grid")
    return made

def linked():
    slider, told = w.IntSlider(7, max=9), w.Label("0")
    w.jslink((slider, "value"), (told, "value"))
    return w.HBox([slider, told])

SHOWN = {
%s
}
for name, one in SHOWN.items():
    one.add_class(f"shown-{name}")
w.VBox(list(SHOWN.values()))"""
CODE = """import ipywidgets as w
OPTIONS = ["one", "two", "three"]

def parts():
    return [w.Label(f"part {one}") for one in OPTIONS]

def row(name, control):
    told = w.Label("untouched")
    told.add_class(f"told-{name}")
    control.add_class(f"made-{name}")
    trait = "selected_index" if name in {"Tab", "Accordion"} else "value"

    def tell(change):
        if name == "FileUpload":
            told.value = " ".join(f"{one.name} {bytes(one.content)}" for one in change["new"])
            return
        told.value = "pressed" if name == "Button" else str(change["new"])

    if name == "Button":
        control.on_click(tell)
    else:
        control.observe(tell, trait)
    return w.VBox([control, told])

MADE = {
%s
}
w.VBox([row(name, control) for name, control in MADE.items()])"""


def _made(name: str, arguments: str) -> str:
    named = (
        f"description={name!r}" if name not in {"Tab", "Accordion", "Play"} and "Input" not in name else ""
    )
    return f'    "{name}": w.{name}({", ".join(filter(None, (named, arguments)))}),'


@pytest.fixture(scope="module")
def published(shop: Shop) -> str:
    code = nbformat.v4.new_code_cell
    made = "\n".join(_made(name, arguments) for name, (arguments, _, _) in WIDGETS.items())
    shown = "\n".join(f'    "{name}": {made_by},' for name, (made_by, _) in SHOWN.items())
    return shop.publish(
        SLUG,
        code(PARAMETERS, metadata={"tags": ["parameters"]}),
        code(CHOSEN, id="chosen", metadata={"notehouse": {"tile": {"w": 12, "title": "Chosen"}}}),
        code(CODE % made, id="controls", metadata={"notehouse": {"tile": {"w": 12, "title": "Controls"}}}),
        code(SHOWN_CODE % shown, id="shown", metadata={"notehouse": {"tile": {"w": 12, "title": "Shown"}}}),
    )


@pytest.fixture(scope="module", params=["wide", "phone"])
def page(shop: Shop, published: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """One page a device, opened once."""
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    wide = {"viewport": {"width": 1280, "height": 900}}
    options = {**phone, "color_scheme": "dark"} if request.param == "phone" else wide
    context = shop.context("viewer", **options)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    opened.goto(f"{shop.url}{PREFIX}/united/{SLUG}")
    yield opened
    PICTURES.mkdir(exist_ok=True)
    for name in ("IntSlider", "Checkbox", "DatePicker"):
        opened.frame_locator("#dashboard").locator(f".made-{name}").evaluate("(one) => one.scrollIntoView()")
        opened.screenshot(path=PICTURES / f"controls-{request.param}-{name}.png")
    context.close()


@pytest.fixture
def finger(page: Page) -> bool:
    return (page.viewport_size or {"width": 0})["width"] < 500


@pytest.fixture
def frame(page: Page) -> FrameLocator:
    return page.frame_locator("#dashboard")


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_redraws_its_tile(page: Page, frame: FrameLocator, name: str) -> None:
    act, wanted = FILTERS[name]
    heads = frame.locator("[data-tile=chosen] thead th")
    expect(heads).to_have_count(len(FILTERS) + 1, timeout=PATIENCE)
    act(page.locator(f"[name={name}]"), False)
    cell = frame.locator("[data-tile=chosen] tbody td").nth(list(FILTERS).index(name))
    expect(cell).to_have_text(re.compile(f"^{wanted}$"), timeout=PATIENCE)


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_reaches_the_notebook(frame: FrameLocator, finger: bool, name: str) -> None:
    _, act, wanted = WIDGETS[name]
    act(frame.locator(f".made-{name}"), finger)
    expect(frame.locator(f".told-{name}")).to_have_text(wanted, timeout=15_000)


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_only_shown_is_seen(frame: FrameLocator, name: str) -> None:
    wanted = SHOWN[name][1]
    one = frame.locator(f".shown-{name}")
    if wanted in {"img", "audio", "video"}:
        expect(one).to_have_attribute("src", re.compile("^blob:"))
        return
    expect(one).to_contain_text(wanted, timeout=15_000)


def test_no_filter_has_run_python(page: Page) -> None:
    loaded: list[str] = page.evaluate("() => performance.getEntriesByType('resource').map((one) => one.name)")
    assert loaded
    assert not [one for one in loaded if "/token?chosen" in one]


def test_no_control_reaches_beyond_the_page(page: Page, frame: FrameLocator) -> None:
    width = (page.viewport_size or {"width": 0})["width"]
    for name in WIDGETS:
        box = frame.locator(f".made-{name}").bounding_box()
        assert box, name
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= width, name
