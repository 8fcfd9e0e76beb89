"""`python -m notehouse_hub.service`: the API and the portal."""

import uvicorn

from notehouse_core.logs import configure_logs
from notehouse_core.settings import load_settings
from notehouse_hub.login.addresses import networks
from notehouse_hub.service.app import create_app


def main() -> None:
    """Serve until told to stop."""
    settings = load_settings()
    configure_logs(settings.log_level)
    uvicorn.run(
        create_app(settings),
        host=settings.bind,
        port=settings.api_port,
        forwarded_allow_ips=["127.0.0.1", *map(str, networks(settings.trusted_proxies))],
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
