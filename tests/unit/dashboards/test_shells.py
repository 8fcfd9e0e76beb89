"""A page around a dashboard is drawn once for somebody as long as they see the same, and each view has its own secrets."""

from __future__ import annotations

from uuid import uuid4

from notehouse_core.store.models import Dashboard
from notehouse_core.store.viewing import Seen, View
from notehouse_dashboards.shells import Secrets, Shells


def seen() -> Seen:
    return Seen(View(Dashboard(id=uuid4(), slug="d", name="D"), None, "c", None, may_edit=False))


def test_each_view_has_its_own_secrets_in_a_page_that_is_drawn_once() -> None:
    shells, first, drawn = Shells(), seen(), list[Seen]()

    def page(username: str, what: Seen, own: Secrets, address: str = "/d") -> str:
        def draw(places: Secrets) -> str:
            drawn.append(what)
            return f"{username} {places.token} {places.xsrf} {places.token}"

        return shells.of(username, address, what, own, draw)

    assert page("ann", first, Secrets("t1", "x1")) == "ann t1 x1 t1"
    assert page("ann", first, Secrets("t2", 'x"')) == "ann t2 x&#34; t2"
    assert page("bob", first, Secrets("t3", "x3")) == "bob t3 x3 t3"
    assert len(drawn) == 2
    newer = seen()
    assert page("ann", newer, Secrets("t4", "x4")) == "ann t4 x4 t4"
    assert drawn[-1] is newer
    for _ in range(2):  # of addresses without end nothing is kept
        assert page("ann", newer, Secrets("t5", "x5"), "/d?" + "a" * 2000) == "ann t5 x5 t5"
    assert len(drawn) == 5
