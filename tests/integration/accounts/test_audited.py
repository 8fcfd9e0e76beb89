"""What of logins is written down, and what never is; and whom an address that is made up helps."""

from __future__ import annotations

from typing import Any


def test_logins_and_failures_are_written_down_and_no_password_with_them(house: Any, visit: Any) -> None:
    visit().enter("viewer")
    assert house.audit("login")[-1][:2] == ("viewer", "viewer")
    visit().login("viewer", "wrong")
    assert house.audit("login-failed")[-1] == ("viewer", "viewer", {"wrong": "password"})
    visit().login("a-password-typed-too-early", "x")
    assert house.audit("login-failed")[-1] == ("unknown", "unknown", {"wrong": "password"})
    everything = str(house.rows("SELECT * FROM audit_events")) + str(
        house.rows("SELECT * FROM login_attempts")
    )
    for secret in ("a-password-typed-too-early", "correct horse battery staple"):
        assert secret not in everything
    assert all(row[0] for row in house.rows("SELECT address FROM audit_events WHERE action LIKE 'login%'"))


def test_a_made_up_address_frees_nobody_and_waiting_lasts_through_a_restart(house: Any, visit: Any) -> None:
    statuses = []
    for number in range(7):
        guesser = visit()
        guesser.client.headers["X-Forwarded-For"] = f"10.0.0.{number}"
        statuses.append(guesser.login("stranger", "wrong").status_code)
    assert statuses == [403] * 6 + [429]
    for _ in range(4):
        house.rows("UPDATE login_attempts SET free_at = now() WHERE failures > 5")
        visit().login("stranger", "wrong")
    house.hub.forget_when_it_last_looked()
    assert visit().login("stranger").status_code == 429
    assert [one for one in house.audit("login-locked-out") if one[1] == "stranger"]
