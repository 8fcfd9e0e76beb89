"""Where does someone land after logging in?"""

from typing import Any

from notehouse_hub.hub.roles import ANALYSTS

PORTAL = "/services/notehouse/"


def landing_page(handler: Any) -> str:
    """Return JupyterLab for those who may start a server, the portal for others, or "" for nobody yet.

    The Hub takes its own way on "": to the login page.
    """
    user = handler.current_user
    if user is None:
        return ""
    if not any(group.name == ANALYSTS for group in user.groups):
        return PORTAL
    return str(user.url) if user.spawner.active else f"{handler.hub.base_url}spawn"
