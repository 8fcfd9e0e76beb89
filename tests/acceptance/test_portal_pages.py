"""Every page of the portal, as everybody sees it: light, dark and on a phone, with nothing to complain of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from acceptance.platform import PICTURES, Person, Platform, make_tenant_admin
from notehouse_hub.embedded.node_packages import install

LOCK = Path(__file__).parents[1] / "contracts" / "axe"
HOME = "/services/notehouse"
LARGEST = 150_000  # bytes of a page with all that it loads
MODES: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}
EVERYBODYS = ("/", "/account", "/docs")
WORKING = (
    "/saved-queries",
    "/saved-queries/{query}",
    "/new-query",
    "/data-sources",
    "/data-sources/united:warehouse?table=flights",
    "/schedules",
    "/runs",
    "/alerts",
    "/deliveries",
    "/dashboards/united:punctuality",
)
OF_A_TENANT = (
    "/tenants",
    "/tenants/united",
    "/tenants/united/members",
    "/tenants/united/roles",
    "/tenants/united/roles/analyst",
    "/tenants/united/new-role",
    "/tenants/united/limits",
    "/data-sources",
    "/data-sources/united:warehouse?table=flights",
    "/users/united-viewer",
    "/kernels",
    "/audit",
    "/access",
    "/access?user=united-analyst&object=table:warehouse/flights.flights@united",
    "/access?user=united-viewer&object=tenant:united",
)
OF_THE_PLATFORM = ("/users", "/users/united-boss", "/saved-queries")
PAGES = {
    "united-viewer": EVERYBODYS,
    "united-analyst": EVERYBODYS + WORKING,
    "united-boss": EVERYBODYS + WORKING + OF_A_TENANT,
    "admin": EVERYBODYS + OF_A_TENANT + OF_THE_PLATFORM,
}
# A page looks the same for all who see it: in the dark and on a phone once is enough.
LOOKS = [(who, "light", pages) for who, pages in PAGES.items()] + [
    (who, mode, pages)
    for mode in ("dark", "phone")
    for who, pages in (("united-boss", PAGES["united-boss"]), ("admin", OF_THE_PLATFORM))
]
CLOSED = {
    "united-viewer": ("/saved-queries/{query}", "/tenants/united", "/users", "/audit", "/new-query"),
    "united-analyst": ("/tenants/united/members", "/tenants/united/roles", "/users", "/audit", "/kernels"),
    "delta-analyst": ("/tenants/united", "/data-sources/united:warehouse", "/saved-queries/{query}"),
}
SQL = "SELECT dest, count() AS flights FROM flights WHERE origin = {origin:String} GROUP BY dest ORDER BY flights DESC"


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program that looks for what keeps people out."""
    folder = tmp_path_factory.mktemp("axe") / "node"
    for _ in install(LOCK, folder):
        pass
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def saved_query(platform: Platform, browser: Any) -> str:
    """A query that the analyst shares; beside it a tenant's admin who logs in with the password of all."""
    analyst = Person(platform, browser, "united-analyst").login()
    with analyst.api() as api:
        body = {"name": "Flights by destination", "sql": SQL, "is_public": True, "tags": ["routes"]}
        parameters = [{"name": "origin", "type": "String", "default": "JFK"}]
        made = api.post("saved-queries", json={**body, "parameters": parameters})
        known = api.get("saved-queries", params={"search": "by destination"}).json()["items"]
    analyst.context.close()
    assert made.status_code in {201, 409}, made.text
    _make_boss(platform, browser)
    return str(known[0]["id"])


def _make_boss(platform: Platform, browser: Any) -> None:
    admin = Person(platform, browser, "admin").login()
    with admin.api() as api:
        new = {"username": "united-boss", "tenant": "united", "first_name": "Bo", "last_name": "Oss"}
        make_tenant_admin(api, platform, new)
    admin.context.close()


@pytest.fixture(scope="module")
def people(platform: Platform, browser: Any, saved_query: str) -> Iterator[Any]:
    """People in their browsers, logged in once for each look."""
    known: dict[tuple[str, str], Person] = {}

    def of(name: str, mode: str = "light") -> Person:
        if (name, mode) not in known:
            known[name, mode] = Person(platform, browser, name, **MODES[mode]).login()
            known[name, mode].page.goto(f"{platform.url}{HOME}/")
        return known[name, mode]

    yield of
    for one in known.values():
        one.context.close()


class Listener:
    """What a page says to its developer, and what it weighs."""

    def __init__(self, page: Page) -> None:
        self.page, self.said, self.weight = page, [], 0
        page.on("console", self._hear)
        page.on("pageerror", self._fail)
        page.on("requestfinished", self._weigh)

    said: list[str]

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.said.append(message.text)

    def _fail(self, error: Any) -> None:
        self.said.append(str(error))

    def _weigh(self, request: Any) -> None:
        if "/api/v1/" not in request.url:
            sizes = request.sizes()
            self.weight += sizes["responseBodySize"] + sizes["responseHeadersSize"]

    def stop(self) -> None:
        self.page.remove_listener("console", self._hear)
        self.page.remove_listener("pageerror", self._fail)
        self.page.remove_listener("requestfinished", self._weigh)


def _name(who: str, path: str, mode: str) -> str:
    words = "".join(sign if sign.isalnum() else "-" for sign in path.strip("/"))[:60] or "home"
    return f"portal-{who}-{words}-{mode}"


@pytest.mark.parametrize(("who", "mode", "pages"), LOOKS, ids=[f"{who}-{mode}" for who, mode, _ in LOOKS])
def test_pages_look_right(
    people: Any, saved_query: str, axe: str, who: str, mode: str, pages: tuple[str, ...]
) -> None:
    person = people(who, mode)
    page = person.page
    problems = []
    PICTURES.mkdir(exist_ok=True)
    for path in pages:
        listener = Listener(page)
        answer = page.goto(person.platform.url + HOME + path.replace("{query}", saved_query))
        page.wait_for_load_state("networkidle")
        page.screenshot(
            path=PICTURES / f"{_name(who, path.replace('{query}', 'one'), mode)}.png", full_page=True
        )
        listener.stop()
        problems += [f"{path}: {each}" for each in _problems(page, answer, listener, axe)]
    assert not problems, "\n".join(problems)


def _problems(page: Page, answer: Any, listener: Listener, axe: str) -> list[str]:
    found = list(listener.said)
    if answer is None or answer.status != 200:
        found.append(f"status {answer and answer.status}")
    if listener.weight > LARGEST:
        found.append(f"weighs {listener.weight:,} bytes")
    if (wider := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
        found.append(f"{wider} pixels wider than the screen")
    page.evaluate(axe)  # as the debugger does it: the page's policy lets in no foreign script
    seen = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    for one in seen["violations"]:
        if one["impact"] in {"serious", "critical"}:
            found.append(f"{one['id']}: {one['help']}: {[each['html'][:120] for each in one['nodes'][:3]]}")
    return found


@pytest.mark.parametrize("who", CLOSED)
def test_pages_of_others_are_closed(people: Any, saved_query: str, who: str) -> None:
    person = people(who)
    for path in CLOSED[who]:
        answer = person.page.goto(person.platform.url + HOME + path.replace("{query}", saved_query))
        assert answer.status in {403, 404}, path


def test_a_query_runs_with_its_parameters_and_an_error_shows_its_place(people: Any, saved_query: str) -> None:
    person = people("united-analyst")
    page = person.page
    page.goto(f"{person.platform.url}{HOME}/saved-queries/{saved_query}")
    page.fill("#parameter-origin", "EWR")
    page.click("button:text-is('Run')")
    page.wait_for_selector("[data-result] table")
    assert "United" not in page.inner_text("[data-result]")
    assert page.locator("[data-result] tbody tr").count() > 10
    page.screenshot(path=PICTURES / "portal-query-result.png", full_page=True)
    page.fill("#sql", "SELECT dest,\n  count( AS n\nFROM flights")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-refused-place] mark")
    assert page.inner_text("[data-refused-place]").startswith("2 │")
    page.screenshot(path=PICTURES / "portal-query-refused.png", full_page=True)


def test_the_effect_of_a_row_filter_is_seen_before_it_is_saved(people: Any) -> None:
    person = people("admin")
    page = person.page
    page.goto(f"{person.platform.url}{HOME}/tenants/united/new-role")
    page.wait_for_selector("#role[data-ready]")
    page.select_option("#add-table", "warehouse/flights.flights")
    page.select_option("[data-column]", "origin")
    page.fill("[data-operand]", "JFK")
    page.click("text=Add condition")
    assert page.input_value("[data-filter]") == "origin = 'JFK'"
    page.select_option("#view-as", "united-viewer")
    page.click("text=Show the effect")
    page.wait_for_selector(".effect strong")
    assert page.inner_text(".effect strong") == "111,279 rows"
    page.screenshot(path=PICTURES / "portal-role-effect.png", full_page=True)
    page.fill("[data-filter]", "origin = {user.nothing_of_the_kind}")
    page.click("text=Show the effect")
    page.wait_for_selector(".effect.none >> text=lacks an attribute")


def test_an_invitation_and_a_role_are_given_and_taken(people: Any) -> None:
    person = people("united-boss")
    page, guest = person.page, f"guest-{uuid4().hex[:6]}"
    row = f"li:has-text('{guest}')"
    page.goto(f"{person.platform.url}{HOME}/tenants/united/members")
    page.click("button:has-text('Invite')")
    page.fill("#new-username", guest)
    page.fill("#new-attributes", "airports = JFK, EWR")
    page.click("text=Make link")
    page.wait_for_selector("#invited-url:has-text('/hub/invitation?token=')")
    page.click("text=Done")
    page.click(f"{row} >> text=Give role")
    page.select_option("#give-role-role", "analyst")
    page.click("#give-role >> button:has-text('Give')")
    page.wait_for_selector(f"{row} .chip:has-text('analyst')")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click(f"{row} .chip:has-text('analyst') button")
    page.wait_for_selector(f"text={guest} is analyst no more")
    page.click(f"{row} .chip:has-text('viewer') button")
    page.wait_for_selector(row, state="detached")


def test_favourites_and_what_was_opened_lately_come_first(people: Any) -> None:
    person = people("united-viewer")
    page = person.page
    page.goto(f"{person.platform.url}/services/dashboards/united/network")
    page.goto(f"{person.platform.url}{HOME}/")
    page.wait_for_selector("section:has-text('Opened lately') >> text=Network")
    star = page.locator("article:has-text('Punctuality') .star").first
    if star.get_attribute("aria-pressed") == "false":
        with page.expect_response("**/me/favourites/*"):
            star.click()
    page.reload()
    page.wait_for_selector("section:has-text('Favourites') >> text=Punctuality")
    page.fill("#search", "network")
    page.wait_for_selector("text=1 found")
    page.screenshot(path=PICTURES / "portal-home-search.png")


def test_a_second_factor_is_set_up_with_a_picture_to_scan(people: Any) -> None:
    person = people("delta-analyst")
    page = person.page
    page.goto(f"{person.platform.url}{HOME}/account")
    page.click("text=Set up")
    page.fill("#begin-password", "wrong")
    page.click("#begin-factor >> text=Go on")
    page.wait_for_selector("#begin-factor [data-wrong]:visible")
    page.fill("#begin-password", person.platform.password)
    page.click("#begin-factor >> text=Go on")
    page.wait_for_selector("#enrol-factor img")
    page.wait_for_function("document.querySelector('#enrol-factor img').naturalWidth > 20")
    page.screenshot(path=PICTURES / "portal-second-factor.png")
    page.keyboard.press("Escape")
