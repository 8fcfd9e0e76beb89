"""Sees people out: whose account is closed, who may have no server any more, and browsers whose session was ended.

Rights and sessions are in Postgres, and change there. The Hub would notice when somebody asks it for something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import psycopg
from jupyterhub import orm
from sqlalchemy.exc import SQLAlchemyError

from notehouse_core.store import login_sessions
from notehouse_core.store.database import Database
from notehouse_core.store.plan import CHANNEL as RIGHTS
from notehouse_hub.hub.accounts import find_accounts
from notehouse_hub.hub.roles import is_gateway

RETRY = 1.0
GATHER = 0.2  # seconds in which more news may come
ENDED_WITHIN = timedelta(days=1)


class Doorkeeper:
    """Looks at every change that Postgres tells of, and every `seconds` in any case."""

    def __init__(self, database: Database, url: str, app: Any, seconds: float) -> None:
        self._database = database
        self._address = url.replace("postgresql+psycopg://", "postgresql://")
        self._app = app
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look for as long as the Hub lives."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._app.notehouse_doorkeeper = self  # what nobody holds is forgotten

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except (psycopg.Error, SQLAlchemyError, OSError, TimeoutError) as error:
                self._app.log.warning("the doorkeeper cannot look, trying again: %s", type(error).__name__)
            except Exception:  # the outermost loop: a Hub whose doorkeeper has gone would keep everybody in
                self._app.log.exception("the doorkeeper failed, trying again")
            await asyncio.sleep(RETRY)

    async def _follow(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self._address, autocommit=True, connect_timeout=5)
        async with connection:
            await connection.execute(f"LISTEN {login_sessions.CHANNEL}")
            await connection.execute(f"LISTEN {RIGHTS}")
            while True:
                await self.look()
                async for _ in connection.notifies(timeout=self._seconds, stop_after=1):
                    await asyncio.sleep(GATHER)

    async def look(self) -> None:
        """See out everybody who has to leave now."""
        running = {
            user.name: user for user in self._app.users.values() if user.active and not is_gateway(user.name)
        }
        holders = self._app.db.query(orm.User.name).join(orm.APIToken, orm.APIToken.user_id == orm.User.id)
        names = {name for (name,) in holders.distinct() if not is_gateway(name)} | running.keys()
        async with self._database.session() as session:
            accounts = {one.username: one for one in await find_accounts(session, names)}
            ended = await login_sessions.ended_lately(session, ENDED_WITHIN)
        closed = {name for name in names if name not in accounts or not accounts[name].is_active}
        self._drop_tokens(closed, ended)
        for name, user in running.items():
            if name in closed or not accounts[name].may_start:
                await self._stop_server(user)

    def _drop_tokens(self, closed: Iterable[str], ended: Iterable[tuple[str, str]]) -> None:
        """Delete the Hub's tokens of closed accounts and of ended sessions."""
        tokens = self._app.db.query(orm.APIToken).join(orm.User, orm.APIToken.user_id == orm.User.id)
        found = tokens.filter(orm.User.name.in_(closed)).all()
        for name, mark in ended:
            found += tokens.filter(orm.User.name == name, orm.APIToken.session_id == mark).all()
        for token in found:
            self._app.db.delete(token)
        if found:
            self._app.db.commit()

    async def _stop_server(self, user: Any) -> None:
        spawner = user.spawner
        if not spawner.active or spawner.pending:
            return
        self._app.log.info("The server of %s is stopped: its owner may have none any more", user.name)
        spawner._stop_pending = True  # as the Hub itself says while it stops one
        try:
            await self._app.proxy.delete_user(user, "")
            await user.stop()
        finally:
            spawner._stop_pending = False
