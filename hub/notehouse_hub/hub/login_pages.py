"""The Hub's login and logout: a second step for those who have one, and a session that can be ended from elsewhere."""

from __future__ import annotations

from typing import Any

from jupyterhub.handlers.login import LoginHandler, LogoutHandler
from tornado.httputil import url_concat

from notehouse_hub.hub.login_sessions import BeginsSession, end_session
from notehouse_hub.hub.second_step import SecondStepNeeded, drop_ticket, give_ticket, read_ticket


class LoginPage(BeginsSession, LoginHandler):  # type: ignore[misc]
    """Name and password; then the code, on a page of its own."""

    async def post(self) -> None:
        """Take what was typed."""
        if self.get_body_argument("code", None) is not None:
            await self._second_step()
            return
        try:
            await super().post()
        except SecondStepNeeded as needed:
            give_ticket(self, needed.ticket)
            self.finish(await self._ask_for_code())

    async def _second_step(self) -> None:
        user = await self.login_user({"code": self.get_body_argument("code")})
        if user is None:
            self.set_status(403)
            self.finish(
                await self._ask_for_code("This code does not fit, or was used before. Try the next one.")
            )
            return
        drop_ticket(self)
        self._jupyterhub_user = user
        self.redirect(self.get_next_url(user))

    def _ask_for_code(self, problem: str = "", **given: Any) -> Any:
        """Render the page of the second step; a page of the Hub, so a coroutine unless `sync` is given."""
        own = url_concat(self.settings["login_url"], {"next": self.get_argument("next", "")})
        return super().render_template("second_step.html", own_url=own, problem=problem, **given)

    def render_template(self, name: str, **given: Any) -> Any:
        """Show an error of the second step where it arose, as the login page does with its own."""
        second = self.request.method == "POST" and self.get_body_argument("code", None) is not None
        if name == "error.html" and second and read_ticket(self) is not None:
            return self._ask_for_code(given.get("message") or given.get("status_message", ""), **given)
        return super().render_template(name, **given)


class LogoutPage(LogoutHandler):  # type: ignore[misc]
    """Ends the session, also for whoever has copied the cookie."""

    async def handle_logout(self) -> None:
        """End the session of this browser."""
        await end_session(self)
