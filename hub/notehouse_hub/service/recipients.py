"""May messages of a tenant go there? Checked when somebody names the recipients."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Invalid
from notehouse_core.recipients import check_recipients, parse_recipient
from notehouse_core.store.models import Membership, Tenant, User


async def checked_recipients(session: AsyncSession, tenant: Tenant, named: Iterable[str]) -> list[str]:
    """Return the recipients. Raises Invalid for one that is nobody, has no mail, or is of a domain not allowed."""
    kept = check_recipients(named)
    domains = [str(one).lower() for one in tenant.settings.get("recipient_domains", [])]
    for name in kept:
        recipient = parse_recipient(name)
        mail = await _mail(session, tenant, name) if recipient.kind == "user" else recipient.address
        if recipient.kind == "webhook" or not domains:
            continue
        if mail.rpartition("@")[2].lower() not in domains:
            raise _refused(name, f"{tenant.slug} sends mail to {', '.join(domains)} only")
    return kept


async def _mail(session: AsyncSession, tenant: Tenant, username: str) -> str:
    query = (
        select(User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(User.username == username, User.is_active, Membership.tenant_id == tenant.id)
    )
    found = (await session.execute(query)).first()
    if found is None:
        raise _refused(username, f"nobody at {tenant.slug} has this user name, and it is no mail address")
    if not found[0]:
        raise _refused(username, "this account has no mail address; name one")
    return str(found[0])


def _refused(name: str, why: str) -> Invalid:
    return Invalid(
        f"{name!r} cannot be a recipient: {why}.",
        fields=[{"field": "recipients", "message": f"{name}: {why}"}],
    )
