"""Which Hub scopes do people and services have? Nobody has any by default.

Rights live in our Postgres; the authenticator turns them into membership of these groups.
"""

from typing import Any

ANALYSTS = "notehouse-analysts"
VIEWERS = "notehouse-viewers"
GATEWAYS = "notehouse-gateways"
GATEWAY_PREFIX = "nh-"

_PORTAL = "access:services!service=notehouse"
_DASHBOARDS = "access:services!service=dashboards"
_OWN_SERVER = ("servers!user", "access:servers!user", "users:activity!user")


def is_gateway(username: str) -> bool:
    """Say whether a Hub user is the service user of a kernel gateway, not a person."""
    return username.startswith(GATEWAY_PREFIX)


def load_roles() -> list[dict[str, Any]]:
    """Return the Hub's roles, complete: the default ones of people and servers are replaced."""
    return [*_people(), *_servers(), *_services()]


def _people() -> list[dict[str, Any]]:
    return [
        {
            "name": "user",
            "description": "Know who one is, nothing more: rights come from groups",
            "scopes": ["read:users:name!user", "read:users:groups!user"],
        },
        {
            "name": "notehouse-viewer",
            "description": "Open the portal and dashboards",
            "scopes": [_PORTAL, _DASHBOARDS],
            "groups": [VIEWERS],
        },
        {
            "name": "notehouse-analyst",
            "description": "Besides, start and use a JupyterLab server of one's own",
            "scopes": [_PORTAL, _DASHBOARDS, *_OWN_SERVER, "tokens!user"],
            "groups": [ANALYSTS],
        },
    ]


def _servers() -> list[dict[str, Any]]:
    return [
        {
            "name": "server",
            "description": "What a server may do with the token that it is started with",
            "scopes": ["users:activity!user", "access:servers!server", _PORTAL],
        },
        {
            "name": "notehouse-gateway",
            "description": "The most that a token for a kernel gateway can hold",
            "scopes": ["access:servers!user", "users:activity!user"],
            "groups": [GATEWAYS],
        },
    ]


def _services() -> list[dict[str, Any]]:
    return [
        {
            "name": "notehouse-api",
            "description": "Create kernel gateways and give out tokens for them; see who there is, stop people's servers",
            "scopes": [
                "admin:users",
                "list:users",
                "list:groups",
                # Of people's servers: that they run, and their end. Never their start, their state or what is in them.
                "read:servers",
                "delete:servers",
                f"servers!group={GATEWAYS}",
                f"admin:server_state!group={GATEWAYS}",
                f"tokens!group={GATEWAYS}",
                f"users:activity!group={GATEWAYS}",
                _PORTAL,
            ],
            "services": ["notehouse"],
        },
        {
            "name": "notehouse-caller",
            "description": "Call the API",
            "scopes": [_PORTAL],
            "services": ["dashboards", "scheduler"],
        },
        {
            "name": "notehouse-supervisor",
            "description": "Have the routes written to a proxy that was started again",
            "scopes": ["proxy"],
            "services": ["supervisor"],
        },
        {
            "name": "notehouse-monitor",
            "description": "Read the Hub's metrics",
            "scopes": ["read:metrics"],
            "services": ["monitor"],
        },
        {
            "name": "notehouse-culler",
            "description": "See which servers are idle, and end them",
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
            "services": ["culler"],
        },
    ]
