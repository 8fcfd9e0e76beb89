"""`/hub/invitation`: an invited person chooses a password, then logs in with it."""

from __future__ import annotations

from typing import Any

from jupyterhub.handlers import BaseHandler

from notehouse_core.errors import NotFound, Unavailable
from notehouse_core.store import audit, invitations, login_sessions
from notehouse_hub.hub.pool import database
from notehouse_hub.login.addresses import address_of
from notehouse_hub.login.password_rules import SHORTEST_PASSWORD, PasswordRules
from notehouse_hub.login.passwords import Passwords


class InvitationHandler(BaseHandler):  # type: ignore[misc]
    """The page of one invitation; who has its secret is who was invited."""

    def initialize(self, database_url: str, rules: PasswordRules) -> None:
        """Take where the accounts are, and what a password must be."""
        self.database, self.rules = database(database_url), rules

    async def get(self) -> None:
        """Show the form, or say that the link is no longer good."""
        await self._show(self.get_query_argument("token", ""))

    async def post(self) -> None:
        """Keep the password, and lead to the login."""
        secret = self.get_body_argument("token", "")
        # Not get_body_argument's own stripping: spaces at the ends belong to a password.
        password = self.get_body_argument("password", "", strip=False)
        again = self.get_body_argument("again", "", strip=False)
        try:
            if problem := await self._problem(secret, password, again):
                await self._show(secret, problem)
                return
            hashed = await Passwords().hash(password)
            async with self.database.session() as session:
                user = await invitations.accept(session, secret, hashed)
                await login_sessions.end_all(session, user)
                address = address_of(self)
                await audit.record(
                    session, user.username, "accept-invitation", user.username, address=address
                )
        except NotFound:
            await self._show(secret)
            return
        self.redirect(self.settings["login_url"])

    async def _problem(self, secret: str, password: str, again: str) -> str:
        """What is wrong with what was typed. Raises NotFound for a link that is no longer good."""
        async with self.database.session() as session:
            username = (await invitations.invited(session, secret)).username
        try:
            problem = self.rules.problem_of(password, username)
        except Unavailable as error:
            return error.message
        return problem or ("" if password == again else "The two passwords differ. Type them again.")

    async def _show(self, secret: str, problem: str = "") -> None:
        username, message = "", ""
        try:
            async with self.database.session() as session:
                username = (await invitations.invited(session, secret)).username
        except NotFound as error:
            message = error.message
            self.set_status(404)
        if problem:
            self.set_status(400)
        content: dict[str, Any] = {
            "invited": username,
            "secret": secret,
            "message": message,
            "problem": problem,
        }
        page = await self.render_template("invitation.html", shortest=SHORTEST_PASSWORD, **content)
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        self.finish(page)
