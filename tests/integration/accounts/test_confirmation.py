"""Whoever administers shows their password again before rights change, once it was shown long ago."""

from __future__ import annotations

from typing import Any

from integration.hub.conftest import PASSWORD

LONG_AGO = "UPDATE login_sessions SET confirmed_at = now() - interval '11 minutes'"


def test_rights_change_only_in_a_browser_that_showed_the_password_lately(house: Any, visit: Any) -> None:
    admin = visit().enter("admin")
    admin.ok("PUT", "/users/viewer", {"first_name": "Vi"})  # a fresh login counts
    house.rows(LONG_AGO)
    refused = admin.call("PUT", "/users/viewer", {"first_name": "Wi"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "unconfirmed")
    assert admin.call("POST", "/users/viewer/password", {"password": "x" * 12}).status_code == 403
    assert admin.call("DELETE", "/users/preview").json()["error"]["code"] == "unconfirmed"
    admin.ok("GET", "/users/viewer")
    assert admin.call("POST", "/me/confirm", {"password": "wrong"}).status_code == 403
    assert admin.call("PUT", "/users/viewer", {"first_name": "Wi"}).status_code == 403
    admin.ok("POST", "/me/confirm", {"password": PASSWORD})
    admin.ok("PUT", "/users/viewer", {"first_name": "Wi"})
    assert house.audit("confirm-password")[-1][:2] == ("admin", "admin")


def test_it_counts_for_that_browser_alone_and_asks_nobody_who_administers_nothing(
    house: Any, visit: Any
) -> None:
    here, elsewhere, viewer = visit().enter("admin"), visit().enter("admin"), visit().enter("viewer")
    house.rows(LONG_AGO)
    here.ok("POST", "/me/confirm", {"password": PASSWORD})
    here.ok("PUT", "/users/viewer", {"last_name": "Ewer"})
    assert elsewhere.call("PUT", "/users/viewer", {"last_name": "X"}).status_code == 403
    viewer.ok("PUT", "/users/viewer", {"last_name": "Ewer"})
