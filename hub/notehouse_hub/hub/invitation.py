"""`/hub/invitation`: an invited person chooses a password, then logs in with it."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from jupyterhub.handlers import BaseHandler

from notehouse_core.errors import NotFound
from notehouse_core.store import invitations
from notehouse_core.store.database import Database
from notehouse_hub.hub.authenticator import LONGEST_PASSWORD

SHORTEST_PASSWORD = 10


@cache
def _database(url: str) -> Database:
    """One pool for all requests: the Hub copies its configuration, which an open pool would not survive."""
    return Database(url)


class InvitationHandler(BaseHandler):  # type: ignore[misc]
    """The page of one invitation; who has its secret is who was invited."""

    def initialize(self, database_url: str) -> None:
        """Take where the accounts are."""
        self.database = _database(database_url)

    async def get(self) -> None:
        """Show the form, or say that the link is no longer good."""
        await self._show(self.get_query_argument("token", ""))

    async def post(self) -> None:
        """Keep the password, and lead to the login."""
        secret = self.get_body_argument("token", "")
        # Not get_body_argument's own stripping: spaces at the ends belong to a password.
        password = self.get_body_argument("password", "", strip=False)
        if problem := problem_of(password, self.get_body_argument("again", "", strip=False)):
            await self._show(secret, problem)
            return
        hashed = await asyncio.to_thread(PasswordHasher().hash, password)
        try:
            async with self.database.session() as session:
                await invitations.accept(session, secret, hashed)
        except NotFound:
            await self._show(secret)
            return
        self.redirect(self.settings["login_url"])

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


def problem_of(password: str, again: str) -> str:
    """What is wrong with a new password; nothing when it can be taken."""
    if len(password) < SHORTEST_PASSWORD:
        return f"Use at least {SHORTEST_PASSWORD} characters."
    if len(password) > LONGEST_PASSWORD or "\0" in password:
        return f"Use at most {LONGEST_PASSWORD} characters."
    if len(set(password)) < 4:
        return "Use more different characters."
    if password != again:
        return "The two passwords differ. Type them again."
    return ""
