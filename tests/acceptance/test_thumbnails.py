"""Cards of the portal show what their dashboards show whoever looks at them, and nobody else's rows."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator

from acceptance.platform import Person, eventually

People = Callable[..., Person]
HOME = "/services/notehouse/"


def _pictures(viewer: Person) -> list[Locator]:
    viewer.page.goto(viewer.platform.url + HOME)
    return viewer.page.locator("#found .shelf >> img.card-art").all()


def test_cards_show_what_their_dashboards_show(person: People) -> None:
    for scheme in ("light", "dark"):
        viewer = person("united-viewer", viewport={"width": 1280, "height": 900}, color_scheme=scheme)
        pictures = eventually(lambda: _pictures(viewer), 120, "the demo's dashboards are pictured")  # noqa: B023
        for one in pictures:
            one.scroll_into_view_if_needed()
            assert one.evaluate("(one) => one.decode().then(() => one.naturalWidth)") == 640
            assert str(one.get_attribute("alt")).startswith("What ")
        viewer.picture(f"thumbnails-{scheme}")
    source = viewer.platform.url + str(pictures[0].get_attribute("src"))
    answer = viewer.context.request.get(source)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/webp")
    assert answer.headers["cache-control"] == "private, no-cache"
    again = viewer.context.request.get(source, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.body()) == (304, b"")
    assert viewer.context.request.get(source.partition("at=")[0] + "at=00").status == 404
    stranger = person("delta-analyst")
    stranger.page.goto(stranger.platform.url + HOME)
    assert stranger.context.request.get(source).status == 404
    assert stranger.context.request.get(source.partition("?")[0]).status == 404
