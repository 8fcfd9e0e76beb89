"""Accounts: an administrator of the platform makes and closes them, one of a tenant invites people into it."""

from datetime import datetime
from typing import Annotated, Any, ClassVar

from fastapi import Path
from pydantic import BaseModel, Field
from sqlalchemy import select

from notehouse_core import errors, policy
from notehouse_core.store import invitations, members, roles, second_factors
from notehouse_core.store import users as store
from notehouse_core.store.models import Membership, Tenant, User
from notehouse_core.store.tenants import find_tenant
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.passwords import PasswordChange, change_password
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = ApiRouter(prefix="/users", tags=["Users"])

MANAGE = "manage-members"
_NAME = r"^[a-z0-9][a-z0-9._@+-]{0,63}$"
_EMAIL = r"^[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,190}$"
Name = Annotated[str, Path(max_length=64)]
Attributes = dict[
    Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,62}$")], str | int | float | bool | list[str]
]


class Place(BaseModel):
    """A role in a tenant; `origin` is oidc for one that a group at the provider gives."""

    tenant: str
    role: str
    origin: str


class UserOut(BaseModel):
    """An account; `state` is invited until a password was chosen. Only places that the caller may know are told."""

    PASSING: ClassVar = ("last_login_at",)

    username: str
    email: str | None
    first_name: str
    last_name: str
    state: str
    is_active: bool
    is_admin: bool
    attributes: dict[str, Any]
    places: list[Place]
    created_at: datetime
    last_login_at: datetime | None


class NewUser(Body):
    """An account to make; with `tenant` and `role` it is in there at once."""

    username: str = Field(pattern=_NAME)
    email: str | None = Field(default=None, pattern=_EMAIL)
    first_name: str = Field(default="", max_length=100)
    last_name: str = Field(default="", max_length=100)
    attributes: Attributes = Field(default_factory=dict, max_length=50)
    is_admin: bool = False
    tenant: str | None = None
    role: str = "viewer"


class UserChange(Body):
    """What to change; what is left out stays."""

    email: str | None = Field(default=None, pattern=_EMAIL)
    first_name: str | None = Field(default=None, max_length=100)
    last_name: str | None = Field(default=None, max_length=100)
    attributes: Attributes | None = Field(default=None, max_length=50)
    is_active: bool | None = None
    is_admin: bool | None = None


class Invitation(BaseModel):
    """A link by which its receiver chooses their password, once; told this once."""

    url: str
    expires_at: datetime


class NewUserOut(UserOut):
    """A new account, and the link to send to its owner."""

    invitation: Invitation


@router.get("")
async def users(caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[UserOut]:
    """List accounts: all of them for the platform admin, those of their tenants for others who manage members."""
    query = select(User).options(*store.WITH_PLACES)
    if not caller.administers:
        mine = _managed(caller)
        members = select(Membership.user_id).join(Membership.tenant).where(Tenant.slug.in_(mine))
        query = query.where(User.id.in_(members))
    found, total = await fetch_page(
        session,
        query,
        wanted,
        searched=(User.username, User.email, User.first_name, User.last_name),
        sorts={"username": User.username, "created_at": User.created_at, "last_login_at": User.last_login_at},
    )
    return wanted.answer([_out(one, caller) for one in found], total)


@router.post("", status_code=201)
async def create(
    body: NewUser, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> NewUserOut:
    """Make an account, and a link by which its owner chooses a password."""
    _ = caller.person
    if not caller.administers:
        _check_invites(body, caller)
    await _check_gives(body, caller, session)
    if body.username.startswith("nh-"):
        raise errors.Invalid("Names that begin with nh- are the platform's own.", fields=_field("username"))
    user = User(**body.model_dump(exclude={"tenant", "role"}))
    await store.create(session, user)
    if body.tenant is not None:
        await members.join(session, user, body.tenant, body.role)
    link = await _invite(user, session, resources)
    found = await store.find(session, user.username)
    return NewUserOut(**_out(found, caller).model_dump(), invitation=link)


@router.get("/{username}")
async def user(username: Name, caller: CallerDep, session: SessionDep, versioned: VersionedDep) -> UserOut:
    """Show an account."""
    return versioned.tag(_out(await _known(username, caller, session), caller))


@router.put("/{username}")
async def change(
    username: Name, body: UserChange, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> UserOut:
    """Change an account; `is_active: false` closes it, and ends its sessions, tokens and server."""
    _ = caller.person
    found = await _known(username, caller, session)
    await store.lock(session, found)
    versioned.check(_out(found, caller))
    given = body.model_dump(exclude_unset=True)
    _check_change(given, found, caller)
    await _check_admin_stays(given, found, caller, session)
    closing, opening = given.get("is_active") is False, given.get("is_active") is True and not found.is_active
    for key, value in given.items():
        if key != "is_active":
            setattr(found, key, value)
    await session.flush()
    if closing and found.is_active:
        await store.close(session, found)
    elif opening or "attributes" in given or "is_admin" in given:
        await (store.reopen(session, found) if opening else store.announce(session))
    return versioned.tag(_out(await store.find(session, username), caller))


@router.delete("/{username}", status_code=204)
async def close(username: Name, caller: CallerDep, session: SessionDep, audit: AuditDep) -> None:
    """Close an account for the platform admin; what its owner made stays, and so does the name."""
    _ = caller.person
    found = await _known(username, caller, session)
    if not caller.administers:
        raise errors.Forbidden("Only an administrator of the platform closes accounts.")
    await _check_admin_stays({"is_active": False}, found, caller, session)
    await store.close(session, found)
    await audit(caller.actor.name, "close-user", username)


@router.post("/{username}/invite", status_code=201)
async def invite(
    username: Name, caller: CallerDep, session: SessionDep, resources: ResourcesDep, audit: AuditDep
) -> Invitation:
    """Make a new link by which somebody chooses a password; earlier ones end."""
    _ = caller.person
    found = await _known(username, caller, session)
    if not caller.administers and not _is_ours_to_invite(found, caller):
        raise errors.Forbidden("Only an administrator of the platform can invite this account again.")
    if found.oidc_subject is not None:
        raise errors.Conflict(
            "This account logs in through your organisation's sign-in, without a password here."
        )
    if not found.is_active:
        raise errors.Conflict("This account is closed. Open it first.")
    link = await _invite(found, session, resources)
    await audit(caller.actor.name, "invite-user", username)
    return link


@router.post("/{username}/password", status_code=204)
async def password(
    username: Name,
    body: PasswordChange,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    audit: AuditDep,
) -> None:
    """Change a password: one's own by showing the present one, anybody's as the platform admin. Sessions end."""
    _ = caller.person
    found = await _known(username, caller, session)
    await change_password(found, body, caller, session, resources, audit)


@router.delete("/{username}/second-factor", status_code=204)
async def reset_second_factor(
    username: Name, caller: CallerDep, session: SessionDep, audit: AuditDep
) -> None:
    """Take the second factor off an account whose owner has lost it, as the platform admin."""
    _ = caller.person
    found = await _known(username, caller, session)
    if not caller.administers:
        raise errors.Forbidden("Only an administrator of the platform takes a second factor off an account.")
    if not await second_factors.remove(session, found):
        raise errors.NotFound("This account has no second factor.")
    await audit(caller.actor.name, "reset-second-factor", username)


async def _known(username: str, caller: Caller, session: SessionDep) -> User:
    """An account that the caller may know of: their own, all for the platform admin, members for who manages them."""
    found = await store.find(session, username)
    mine = caller.actor.name == username and caller.user is not None
    managed = any(caller.manages(one.tenant.slug) for one in found.memberships)
    if not (mine or caller.administers or managed):
        raise errors.NotFound("There is no such account.")
    return found


def _managed(caller: Caller) -> tuple[str, ...]:
    _ = caller.person
    mine = caller.actor.tenants_with(MANAGE)
    if not mine:
        raise errors.Forbidden("Accounts are for those who manage members. Ask an admin of your tenant.")
    return mine


def _check_invites(body: NewUser, caller: Caller) -> None:
    """Raise unless an admin of a tenant makes an account within it."""
    mine = _managed(caller)
    if body.is_admin:
        raise errors.Forbidden("Only an administrator of the platform makes another one.")
    if body.tenant is None:
        raise errors.Invalid(f"Name the tenant: {', '.join(mine)}.", fields=_field("tenant"))
    caller.require(MANAGE, body.tenant)


async def _check_gives(body: NewUser, caller: Caller, session: SessionDep) -> None:
    """Raise when the role allows what the caller may not do."""
    if body.tenant is None:
        return
    role = await roles.find(session, await find_tenant(session, body.tenant), body.role)
    if not (decided := policy.may_give(caller.actor, roles.actions_of(role), body.tenant)):
        raise errors.Forbidden(decided.reason)


def _check_change(given: dict[str, Any], found: User, caller: Caller) -> None:
    """Raise unless the caller may change these fields: of themselves the name, of their people more, or all."""
    allowed = {"first_name", "last_name"} if caller.actor.name == found.username else set()
    if _is_ours(found, caller):
        allowed |= {"first_name", "last_name", "email", "attributes"}
    if not caller.administers and (refused := given.keys() - allowed):
        raise errors.Forbidden(
            f"Only an administrator of the platform changes {', '.join(sorted(refused))} here."
        )


async def _check_admin_stays(given: dict[str, Any], found: User, caller: Caller, session: SessionDep) -> None:
    """Raise rather than lock everybody out."""
    leaves = given.get("is_active") is False or given.get("is_admin") is False
    if not leaves or not found.is_admin:
        return
    if caller.actor.name == found.username:
        raise errors.Conflict("You cannot take your own administration away. Another administrator can.")
    if not await store.other_admins(session, found):
        raise errors.Conflict("This is the last administrator who can log in. Make another one first.")


def _is_ours(found: User, caller: Caller) -> bool:
    """Say whether all that somebody has here lies in tenants whose members the caller manages."""
    places = {one.tenant.slug for one in found.memberships}
    return bool(places) and not found.is_admin and all(caller.manages(slug) for slug in places)


def _is_ours_to_invite(found: User, caller: Caller) -> bool:
    """A link sets the password: an account that has one would be taken over, in all its tenants."""
    return found.password_hash is None and _is_ours(found, caller)


async def _invite(user: User, session: SessionDep, resources: ResourcesDep) -> Invitation:
    secret, expires_at = await invitations.invite_until(session, user)
    return Invitation(
        url=f"{resources.settings.base_url}/hub/invitation?token={secret}", expires_at=expires_at
    )


def _field(name: str) -> list[dict[str, str]]:
    return [{"field": name, "message": "is not possible here"}]


def _state(one: User) -> str:
    if not one.is_active:
        return "closed"
    return "active" if one.password_hash or one.oidc_subject else "invited"


def _out(one: User, caller: Caller) -> UserOut:
    own = one.username == caller.actor.name
    places = [
        Place(tenant=each.tenant.slug, role=each.role.name, origin=each.origin)
        for each in one.memberships
        if own or caller.administers or caller.manages(each.tenant.slug)
    ]
    return UserOut(
        username=one.username, email=one.email, first_name=one.first_name, last_name=one.last_name,
        state=_state(one), is_active=one.is_active, is_admin=one.is_admin, attributes=one.attributes,
        places=places, created_at=one.created_at, last_login_at=one.last_login_at,
    )  # fmt: skip
