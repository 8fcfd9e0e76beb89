"""Changing a password: who may, what it must be, and what ends with the old one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.store import login_attempts, users
from notehouse_core.store.login_attempts import Limit
from notehouse_core.store.models import User
from notehouse_hub.login.passwords import LONGEST_PASSWORD
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.auditing import Audit
from notehouse_hub.service.identity import Caller
from notehouse_hub.service.resources import Resources

FREE_TRIES = 5


class PasswordChange(Body):
    """A new password, with the present one when it is one's own."""

    password: str = Field(min_length=1, max_length=LONGEST_PASSWORD)
    current_password: str | None = Field(default=None, max_length=LONGEST_PASSWORD)


async def change_password(
    user: User,
    body: PasswordChange,
    caller: Caller,
    session: AsyncSession,
    resources: Resources,
    audit: Audit,
) -> None:
    """Change it, and end the account's other sessions. Raises what is wrong."""
    if user.oidc_subject is not None:
        raise errors.Conflict(
            "This account logs in through your organisation's sign-in, without a password here."
        )
    own = caller.actor.name == user.username
    if own:
        await check_password(user, body.current_password or "", resources)
    elif not caller.administers:
        raise errors.Forbidden("Somebody else's password is changed by an administrator of the platform.")
    if problem := resources.password_rules.problem_of(body.password, user.username):
        raise errors.Invalid(problem, fields=[{"field": "password", "message": problem}])
    hashed = await resources.passwords.hash(body.password)
    await users.set_password(session, user, hashed, keep=caller.hub_session if own else None)
    await audit(caller.actor.name, "change-password", user.username)


async def check_password(user: User, password: str, resources: Resources) -> None:
    """Raise Forbidden unless this is their password; TooMany after some wrong ones, as at the login."""
    async with guessed_slowly(resources, "password at the API", user.username):
        if not await resources.passwords.match(user.password_hash, password):
            raise errors.Forbidden("The present password is wrong.")


@asynccontextmanager
async def guessed_slowly(resources: Resources, what: str, username: str) -> AsyncIterator[None]:
    """Count a block that fails as a wrong guess; raises TooMany when somebody has to wait.

    In transactions of its own: what is counted stays counted when the request fails.
    """
    limits = [Limit((what, username), FREE_TRIES)]
    async with resources.database.session() as session:
        attempt = await login_attempts.begin(session, limits)
    if attempt.wait > 0:
        seconds = int(attempt.wait) + 1
        raise errors.TooMany(f"Too many wrong tries. Wait {seconds} s and try again.", retry_after=seconds)
    yield
    async with resources.database.session() as session:
        await login_attempts.succeeded(session, limits, forgiven=limits)
