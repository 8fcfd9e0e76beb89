"""Who lets the first administrator in? A link that works once, for whoever can ask Postgres."""

from notehouse_core.settings import Settings, required
from notehouse_core.store.database import Database
from notehouse_core.store.invitations import invite_first_admin


async def invitation_link(settings: Settings) -> str | None:
    """Return the link; None once there is somebody who can log in as an administrator."""
    database = Database(required(settings.database_url, "database_url"))
    try:
        async with database.session() as session:
            secret = await invite_first_admin(session)
    finally:
        await database.close()
    return f"{settings.base_url}/hub/invitation?token={secret}" if secret else None
