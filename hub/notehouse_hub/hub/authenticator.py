"""Who is it, and what may they do? Local accounts: names and argon2 hashes in our Postgres."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.user import User
from tornado.web import HTTPError
from traitlets import Unicode, default

from notehouse_core.store import audit, login_attempts, login_sessions, second_factors
from notehouse_core.store.database import Database
from notehouse_core.store.login_attempts import Attempt, Limit, network_of
from notehouse_hub.hub.accounts import Account, find_account, keep_password_hash
from notehouse_hub.hub.doorkeeper import Doorkeeper
from notehouse_hub.hub.homes import NAME
from notehouse_hub.hub.login_pages import LoginPage, LogoutPage
from notehouse_hub.hub.roles import GATEWAYS, is_gateway
from notehouse_hub.hub.second_step import SecondStepNeeded, Ticket, read_ticket
from notehouse_hub.login.addresses import address_of
from notehouse_hub.login.passwords import LONGEST_PASSWORD, Passwords
from notehouse_hub.login.second_factor import SecondFactors

FREE_TRIES = 5  # of a name from an address
FREE_TRIES_OF_ADDRESS = 50
FREE_TRIES_OF_NAME = 100  # from addresses that its owner never came from
LATE = "This sign-in took too long, or was begun in another window. Begin again."


class LocalAccounts(Authenticator):  # type: ignore[misc]
    """Checks passwords, and turns roles into Hub groups at each login and every minute after it."""

    database_url = Unicode(help="Postgres with the accounts, as an SQLAlchemy URL").tag(config=True)
    account_key = Unicode(help="The platform's secret for second factors").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._database = Database(self.database_url)
        self._passwords = Passwords()
        self._second_factors = SecondFactors(self.account_key)

    @default("allow_all")
    def _default_allow_all(self) -> bool:
        """Let in everyone whom `authenticate` knows; it alone decides."""
        return True

    @default("manage_groups")
    def _default_manage_groups(self) -> bool:
        return True

    @default("username_pattern")
    def _default_username_pattern(self) -> str:
        return f"^{NAME.pattern}$"

    def get_handlers(self, app: Any) -> list[Any]:
        """Return our login and logout; the Hub asks once, at its start, which is when the doorkeeper begins."""
        Doorkeeper(self._database, self.database_url, app, self.auth_refresh_age).begin()
        return [("/login", LoginPage), ("/logout", LogoutPage)]

    async def authenticate(self, handler: Any, data: Any) -> dict[str, Any] | None:
        """Return the account of a login form, None for a wrong name, password or code.

        Raises HTTPError 429 while somebody has to wait, SecondStepNeeded when a code must follow.
        """
        address = address_of(handler) if handler is not None else ""
        if isinstance(data, dict) and "code" in data:
            return await self._second_step(handler, str(data["code"]), address)
        name, password = credentials(data)
        if not name or is_gateway(name):
            return None
        async with self._database.session() as session:
            known = await login_sessions.came_from(session, name, address)
        limits = _limits(name, address, known=known)
        attempt = await self._begin(limits)
        account = await self._check(name, password)
        if account is None:
            await self._note_failure(name, address, attempt, "password")
            return None
        await self._take_back(limits, forgiven=limits[:1])
        if account.has_second_factor:
            raise SecondStepNeeded(Ticket.of(account))
        return account.model()

    async def _check(self, name: str, password: str) -> Account | None:
        async with self._database.session() as session:
            account = await find_account(session, name)
            right = await self._passwords.match(account.password_hash if account else None, password)
            if account is None or not right or not account.is_active or account.password_hash is None:
                return None
            if (better := await self._passwords.renewed(account.password_hash, password)) is not None:
                await keep_password_hash(session, name, better)
                account = replace(account, password_hash=better)
        return account

    async def _second_step(self, handler: Any, code: str, address: str) -> dict[str, Any] | None:
        """Return the account of whoever has shown the password just before, and shows a code now."""
        ticket = read_ticket(handler)
        if ticket is None:
            raise HTTPError(403, LATE)
        limits = [Limit(("code", ticket.username), FREE_TRIES)]
        attempt = await self._begin(limits)
        async with self._database.session() as session:
            account = await find_account(session, ticket.username)
            factor = await second_factors.confirmed_of(session, ticket.username)
            if account is None or not account.is_active or not ticket.fits(account):
                raise HTTPError(403, LATE)
            fits = factor is None or await self._second_factors.check(session, factor, code)
        if not fits:
            await self._note_failure(ticket.username, address, attempt, "code")
            return None
        await self._take_back(limits, forgiven=limits)
        return account.model()

    async def _begin(self, limits: list[Limit]) -> Attempt:
        async with self._database.session() as session:
            attempt = await login_attempts.begin(session, limits)
        if attempt.wait > 0:
            wait = math.ceil(attempt.wait)
            raise HTTPError(429, f"Too many failed tries. Wait {wait} s and try again.")
        return attempt

    async def _take_back(self, limits: list[Limit], *, forgiven: list[Limit]) -> None:
        async with self._database.session() as session:
            await login_attempts.succeeded(session, limits, forgiven)

    async def _note_failure(self, name: str, address: str, attempt: Attempt, what: str) -> None:
        """Write a failure down; what was typed as a name only if it is one: it may be a password."""
        async with self._database.session() as session:
            known = await find_account(session, name) is not None
            who = name if known else "unknown"
            await audit.record(session, who, "login-failed", who, {"wrong": what}, address=address)
            if attempt.locks_for > 0:
                details = {"seconds": round(attempt.locks_for)}
                await audit.record(session, who, "login-locked-out", who, details, address=address)

    async def refresh_user(self, user: Any, handler: Any = None, **_: Any) -> bool | dict[str, Any]:
        """Return the present groups of someone logged in; False ends the login of a closed account."""
        if is_gateway(user.name):
            return True
        async with self._database.session() as session:
            account = await find_account(session, user.name)
        return account.model() if account is not None and account.is_active else False

    def add_user(self, user: Any) -> None:
        """Take a new Hub user in; the service users of kernel gateways get their group here.

        A Hub that starts calls this too, with rows of its database: those have their groups already.
        """
        super().add_user(user)
        if is_gateway(user.name) and isinstance(user, User):
            user.sync_groups([GATEWAYS])


def _limits(name: str, address: str, *, known: bool) -> list[Limit]:
    """What a try counts against; who comes from where they always do is not locked out by strangers."""
    network = network_of(address)
    limits = [
        Limit(("name and address", name, network), FREE_TRIES),
        Limit(("address", network), FREE_TRIES_OF_ADDRESS),
    ]
    return limits if known else [*limits, Limit(("name", name), FREE_TRIES_OF_NAME)]


def credentials(data: Any) -> tuple[str, str]:
    """Return name and password of a login form; ("", "") when they cannot be ones."""
    if not isinstance(data, dict):
        return "", ""
    name, password = str(data.get("username", "")).lower(), str(data.get("password", ""))
    if not NAME.fullmatch(name) or not 0 < len(password) <= LONGEST_PASSWORD or "\0" in password:
        return "", ""
    return name, password
