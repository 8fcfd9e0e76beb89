"""Who is it, and what may they do? Local accounts: names and argon2 hashes in our Postgres."""

from __future__ import annotations

import math
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.user import User
from tornado.web import HTTPError
from traitlets import Unicode, default

from notehouse_core.store.database import Database
from notehouse_hub.hub.accounts import Account, find_account, note_login
from notehouse_hub.hub.homes import NAME
from notehouse_hub.hub.passwords import Passwords
from notehouse_hub.hub.roles import GATEWAYS, is_gateway
from notehouse_hub.hub.throttle import Throttle

FREE_TRIES = 5
FREE_TRIES_OF_ADDRESS = 50
LONGEST_PASSWORD = 1024


class LocalAccounts(Authenticator):  # type: ignore[misc]
    """Checks passwords, and turns roles into Hub groups at each login and every minute after it."""

    database_url = Unicode(help="Postgres with the accounts, as an SQLAlchemy URL").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._database = Database(self.database_url)
        self._passwords = Passwords()
        self._accounts_throttle = Throttle(FREE_TRIES)
        self._address_throttle = Throttle(FREE_TRIES_OF_ADDRESS)

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

    async def authenticate(self, handler: Any, data: Any) -> dict[str, Any] | None:
        """Return the account of a login form, None for a wrong name or password; raises HTTPError 429."""
        name, password = credentials(data)
        if not name or is_gateway(name):
            return None
        address = handler.request.remote_ip if handler is not None else ""
        self._refuse_hasty(name, address)
        account = await self._check(name, password)
        self._count(name, address, known=account is not None)
        return None if account is None else account.model()

    async def _check(self, name: str, password: str) -> Account | None:
        async with self._database.session() as session:
            account = await find_account(session, name)
            right = await self._passwords.match(account.password_hash if account else None, password)
            if account is None or not right or not account.is_active:
                return None
            await note_login(session, account)
        return account

    def _refuse_hasty(self, name: str, address: str) -> None:
        wait = max(self._accounts_throttle.wait((name, address)), self._address_throttle.wait(address))
        if wait > 0:
            raise HTTPError(429, f"Too many failed tries. Wait {math.ceil(wait)} s and try again.")

    def _count(self, name: str, address: str, *, known: bool) -> None:
        if known:
            self._accounts_throttle.succeeded((name, address))
        else:
            self._accounts_throttle.failed((name, address))
            self._address_throttle.failed(address)

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


def credentials(data: Any) -> tuple[str, str]:
    """Return name and password of a login form; ("", "") when they cannot be ones."""
    if not isinstance(data, dict):
        return "", ""
    name, password = str(data.get("username", "")).lower(), str(data.get("password", ""))
    if not NAME.fullmatch(name) or not 0 < len(password) <= LONGEST_PASSWORD or "\0" in password:
        return "", ""
    return name, password
