"""My account: where I am logged in, which tokens act for me, and my second factor."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select

from notehouse_core import errors
from notehouse_core.store import login_sessions, people, second_factors, tokens
from notehouse_core.store.models import SecondFactor, Token, User
from notehouse_hub.login.passwords import LONGEST_PASSWORD
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.passwords import check_password, guessed_slowly
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = ApiRouter(prefix="/me", tags=["Me"])


class SessionOut(BaseModel):
    """A browser in which I am logged in; `current` is the one that asks."""

    id: UUID
    current: bool
    address: str
    browser: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class Sessions(BaseModel):
    """Where I am logged in, the one used last first."""

    items: list[SessionOut]


class TokenOut(BaseModel):
    """An execution token that acts for me: never the token itself."""

    id: UUID
    purpose: str
    object: str
    issued_by: str
    created_at: datetime
    expires_at: datetime


class Ended(BaseModel):
    """How many were ended."""

    ended: int


class Password(Body):
    """My password once more: a browser left open must not be enough."""

    password: str = Field(max_length=LONGEST_PASSWORD)


class Code(Body):
    """A code of my authenticator app."""

    code: str = Field(min_length=6, max_length=24)


class PasswordAndCode(Password, Code):
    """Both; the code may be a recovery code."""


class SecondFactorOut(BaseModel):
    """Whether I have a second factor; `available` is false where the organisation's sign-in takes care of that."""

    available: bool
    enabled: bool
    confirmed_at: datetime | None
    recovery_codes_left: int


class EnrolmentOut(BaseModel):
    """For my authenticator app: to scan (`qr_svg`), to open (`uri`) or to type (`secret`). Told this once."""

    secret: str
    uri: str
    qr_svg: str


class RecoveryCodes(BaseModel):
    """Codes that work once each, when the app is not at hand. Told this once."""

    recovery_codes: list[str]


@router.get("/sessions")
async def sessions(caller: CallerDep, session: SessionDep) -> Sessions:
    """List the browsers in which I am logged in."""
    found = await login_sessions.open_of(session, caller.person)
    return Sessions(
        items=[
            SessionOut(
                id=one.id, current=one.hub_session == caller.hub_session, address=one.address, browser=one.agent,
                created_at=one.created_at, last_seen_at=one.last_seen_at, expires_at=one.expires_at,
            )
            for one in found
        ]
    )  # fmt: skip


@router.delete("/sessions")
async def end_sessions(caller: CallerDep, session: SessionDep, audit: AuditDep) -> Ended:
    """Log me out everywhere but here."""
    count = await login_sessions.end_all(session, caller.person, but=caller.hub_session or None)
    await audit(caller.actor.name, "end-sessions", caller.actor.name, ended=count)
    return Ended(ended=count)


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(session_id: UUID, caller: CallerDep, session: SessionDep, audit: AuditDep) -> None:
    """Log one of my browsers out."""
    if not await login_sessions.end(session, caller.person, session_id):
        raise errors.NotFound("There is no such session of yours.")
    await audit(caller.actor.name, "end-session", caller.actor.name, session=str(session_id))


@router.get("/tokens")
async def my_tokens(caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[TokenOut]:
    """List the execution tokens that act for me now; `DELETE /tokens/{id}` ends one."""
    now = (Token.expires_at > func.now(), Token.revoked_at.is_(None))
    query = select(Token).where(Token.subject == caller.person.username, *now)
    sorts = {"created_at": Token.created_at, "expires_at": Token.expires_at}
    found, total = await fetch_page(
        session, query, wanted, searched=(Token.object, Token.purpose), sorts=sorts
    )
    return wanted.answer([TokenOut.model_validate(one, from_attributes=True) for one in found], total)


@router.delete("/tokens")
async def end_tokens(caller: CallerDep, session: SessionDep, audit: AuditDep) -> Ended:
    """End those that I or my servers asked for; a running server gets a new one when it needs it."""
    mine = caller.person.username
    count = await tokens.revoke_all(session, subject=mine, issued_by=mine)
    await audit(caller.actor.name, "revoke-tokens", caller.actor.name, ended=count)
    return Ended(ended=count)


@router.get("/second-factor")
async def second_factor(caller: CallerDep, session: SessionDep) -> SecondFactorOut:
    """Say whether my account has a second factor."""
    person = caller.person
    factor = await second_factors.confirmed_of(session, person.username)
    return SecondFactorOut(
        available=await people.has_password(session, person.username),
        enabled=factor is not None,
        confirmed_at=factor.confirmed_at if factor else None,
        recovery_codes_left=len(factor.recovery_codes) if factor else 0,
    )


@router.post("/second-factor", status_code=201)
async def enrol(
    body: Password, caller: CallerDep, session: SessionDep, resources: ResourcesDep, audit: AuditDep
) -> EnrolmentOut:
    """Begin to set a second factor up; it counts once a code of it was confirmed."""
    person = _local(caller.person)
    await check_password(person, body.password, resources)
    made = await resources.second_factors.begin(session, person)
    await audit(person.username, "begin-second-factor", person.username)
    return EnrolmentOut(secret=made.secret, uri=made.uri, qr_svg=made.qr_svg)


@router.post("/second-factor/confirm")
async def confirm(
    body: Code, caller: CallerDep, session: SessionDep, resources: ResourcesDep, audit: AuditDep
) -> RecoveryCodes:
    """Show that my app knows the secret: from now on each login asks for a code."""
    person = _local(caller.person)
    async with guessed_slowly(resources, "code at the API", person.username):
        codes = await resources.second_factors.confirm(session, person, body.code)
    await audit(person.username, "confirm-second-factor", person.username)
    return RecoveryCodes(recovery_codes=codes)


@router.post("/second-factor/recovery-codes")
async def renew_recovery_codes(
    body: PasswordAndCode, caller: CallerDep, session: SessionDep, resources: ResourcesDep, audit: AuditDep
) -> RecoveryCodes:
    """Get new recovery codes; the old ones end."""
    person = _local(caller.person)
    factor = await _shown(body, person, session, resources)
    codes = await resources.second_factors.renew_recovery_codes(session, factor)
    await audit(person.username, "renew-recovery-codes", person.username)
    return RecoveryCodes(recovery_codes=codes)


@router.post("/second-factor/remove", status_code=204)
async def remove(
    body: PasswordAndCode, caller: CallerDep, session: SessionDep, resources: ResourcesDep, audit: AuditDep
) -> None:
    """Take my second factor away."""
    person = _local(caller.person)
    await _shown(body, person, session, resources)
    await second_factors.remove(session, person)
    await audit(person.username, "remove-second-factor", person.username)


async def _shown(
    body: PasswordAndCode, person: User, session: SessionDep, resources: ResourcesDep
) -> SecondFactor:
    """My second factor, after I have shown password and code. Raises NotFound, Forbidden."""
    factor = await second_factors.confirmed_of(session, person.username)
    if factor is None:
        raise errors.NotFound("Your account has no second factor.")
    await check_password(person, body.password, resources)
    # In a transaction of its own: a code that was used stays used, whatever becomes of the request.
    async with (
        guessed_slowly(resources, "code at the API", person.username),
        resources.database.session() as own,
    ):
        if not await resources.second_factors.check(own, factor, body.code):
            raise errors.Forbidden("This code does not fit, or was used before.")
    return factor


def _local(person: User) -> User:
    """Raise Conflict for accounts whose login the organisation's sign-in takes care of."""
    if person.password_hash is None:
        raise errors.Conflict("Your organisation's sign-in takes care of second factors. Set yours up there.")
    return person
