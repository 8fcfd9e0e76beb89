"""`python -m notehouse_hub.service`: the API and the portal."""

import asyncio
import sys

import uvicorn

from notehouse_core.errors import NotehouseError
from notehouse_core.garbage import look_seldom
from notehouse_core.logs import configure_logs
from notehouse_core.settings import Settings, load_settings, required
from notehouse_core.store.database import Database
from notehouse_core.store.sources import check_secrets
from notehouse_hub.login.addresses import networks
from notehouse_hub.service.app import create_app
from notehouse_hub.sources.connecting import Sources

# Seconds that a connection of the proxy may rest: one that is closed here just as it is used again is a 503 to somebody.
_KEEP_ALIVE = 300


async def check_keys(settings: Settings) -> None:
    """Raise Unavailable or Invalid unless the secret keys open every secret that is stored."""
    database = Database(required(settings.database_url, "database_url"))
    try:
        async with database.session() as session:
            keys = Sources(settings).key_file
            await check_secrets(session, keys.ring() if keys else None)
    finally:
        await database.close()


def main() -> None:
    """Serve until told to stop; not with keys that cannot open what is stored."""
    settings = load_settings()
    configure_logs(settings.log_level)
    try:
        asyncio.run(check_keys(settings))
    except NotehouseError as error:
        sys.exit(f"The API cannot start: {error}")
    app = create_app(settings)
    look_seldom()
    uvicorn.run(
        app,
        host=settings.bind,
        port=settings.api_port,
        forwarded_allow_ips=["127.0.0.1", *map(str, networks(settings.trusted_proxies))],
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=_KEEP_ALIVE,
    )


if __name__ == "__main__":
    main()
