"""An example of each body that a request can have, by the name of its schema; a test sees that each is a valid one."""

from __future__ import annotations

from typing import Any

_CELL: dict[str, Any] = {
    "cell_type": "code",
    "id": "a1",
    "metadata": {},
    "source": "1 + 1",
    "outputs": [],
    "execution_count": None,
}
_NOTEBOOK: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [_CELL]}
_RIGHT = {
    "data_source": "warehouse",
    "database": "flights",
    "table": "flights",
    "columns": ["carrier", "origin", "dep_delay"],
    "row_filter": "carrier = 'UA' AND origin IN {user.airports}",
}
_ROLE = {
    "description": "Departures from one's own airports",
    "actions": ["view-dashboards", "run-sql"],
    "permissions": [_RIGHT],
    "limits": {"result_rows": 100_000},
}
_SQL = "SELECT dest, count() AS flights FROM flights WHERE origin = {origin:String} GROUP BY dest"
_QUERY = {
    "tenant": "united",
    "name": "Flights by destination",
    "description": "Where flights of one airport go",
    "data_source": "warehouse",
    "sql": _SQL,
    "parameters": [{"name": "origin", "type": "String", "default": "EWR"}],
    "tags": ["flights"],
    "is_public": True,
}
_NOTIFY = {"recipients": ["ops@united.example"]}
_ALERT = {
    "tenant": "united",
    "name": "cancellations-high",
    "data_source": "warehouse",
    "sql": "SELECT origin, count() AS n FROM flights WHERE dep_time IS NULL GROUP BY origin",
    "condition": {"kind": "threshold", "column": "n", "operator": ">", "value": 100},
    "group_by": ["origin"],
    "for_seconds": 300,
    "schedule": {"cron": "*/5 * * * *", "timezone": "America/New_York"},
    "notification": _NOTIFY,
}
_SCHEDULE = {
    "cron": "0 7 * * 1",
    "timezone": "America/New_York",
    "parameters": {"origin": "EWR"},
    "recipients": ["ops@united.example"],
    "formats": ["pdf"],
    "catch_up": "latest",
    "retries": 2,
    "timeout_seconds": 1800,
}
_DASHBOARD = {
    "name": "Punctuality",
    "description": "Who leaves on time",
    "tags": ["flights"],
    "is_public": True,
}

BODIES: dict[str, Any] = {
    "Confirmation": {"password": "correct horse battery staple"},
    "Password": {"password": "correct horse battery staple"},
    "Code": {"code": "123456"},
    "PasswordAndCode": {"password": "correct horse battery staple", "code": "123456"},
    "PasswordChange": {"password": "a new long one", "current_password": "correct horse battery staple"},
    "TokenRequest": {"purpose": "interactive", "tenant": "united", "ttl_seconds": 3600},
    "GatewayRequest": {"access_class": "0123456789abcdef0123"},
    "NewUser": {
        "username": "ann",
        "email": "ann@united.example",
        "first_name": "Ann",
        "last_name": "Archer",
        "attributes": {"airports": ["EWR", "JFK"]},
        "tenant": "united",
        "role": "analyst",
    },
    "UserChange": {"attributes": {"airports": ["EWR"]}},
    "NewTenant": {"slug": "acme", "name": "Acme"},
    "TenantChange": {"name": "Acme Inc"},
    "Quotas": {"execution_seconds": 30, "memory_bytes": 2_000_000_000, "requests_a_minute": 600},
    "NewMember": {"username": "ann", "role": "analyst"},
    "Groups": {"items": {"cn=pilots,ou=groups": "viewer"}},
    "FileApplied": {"content": {"slug": "united", "name": "United"}},
    "NewRole": {"name": "airport-analyst", **_ROLE},
    "RoleChange": _ROLE,
    "RolePreviewRequest": {"permissions": [_RIGHT], "user": "ann"},
    "DataSourceRequest": {
        "tenant": "united",
        "name": "crm",
        "type": "postgresql",
        "description": "Customers",
        "connection_config": {"host": "db.example", "port": 5432, "database": "crm", "user": "notehouse"},
        "secrets": {"password": "what the database asks for"},
    },
    "DataSourceChange": {"description": "Customers and their orders"},
    "QueryRequest": {
        "sql": _SQL,
        "data_source": "warehouse",
        "parameters": {"origin": "EWR"},
        "format": "json",
        "limit": 1000,
    },
    "StatementRequest": {"sql": _SQL, "data_source": "warehouse", "parameters": {"origin": "EWR"}},
    "SavedQueryRequest": _QUERY,
    "SavedQueryChange": {"description": "Where flights go", "is_public": True},
    "RunRequest": {"parameters": {"origin": "JFK"}, "format": "json", "limit": 1000},
    "DashboardRequest": {"tenant": "united", "slug": "punctuality", **_DASHBOARD},
    "DashboardChange": _DASHBOARD,
    "Publication": {"notebook": _NOTEBOOK, "message": "Filters by airport", "parameters": {"origin": "EWR"}},
    "Grants": {
        "items": [{"user": "ann", "permission_type": "edit"}, {"role": "viewer", "permission_type": "view"}]
    },
    "ScheduleRequest": {"tenant": "united", "name": "weekly-punctuality", "notebook": _NOTEBOOK, **_SCHEDULE},
    "ScheduleChange": _SCHEDULE,
    "PreviewRequest": {"cron": "0 7 * * 1", "timezone": "America/New_York"},
    "AlertRequest": _ALERT,
    "LinkRequest": {
        "kind": "embed",
        "expires_at": "2030-01-31T00:00:00Z",
        "frame_ancestors": ["https://intranet.example"],
        "note": "On the intranet's first page",
    },
    "CommentRequest": {"text": "Was it the storm of the 8th?", "tile": "delays-by-day"},
    "CommentChange": {"is_resolved": True},
    "SubscriptionRequest": {"cron": "0 8 * * 1-5", "timezone": "America/New_York"},
    "WatermarksRequest": {
        "items": [{"version": "0199c3f0-0000-7000-8000-000000000001", "access_class": "0123456789abcdef0123"}]
    },
    "AccessQuestion": {"message": "I answer for the crews at JFK"},
    "BrandingChange": {"accent": "#14506b", "accent_dark": "#7cc4de", "logo": ""},
    "Rollback": {"number": 2, "message": "The third counted cancelled flights twice"},
    "AlertChange": {"for_seconds": 600, "notification": _NOTIFY},
    "MuteRequest": {"seconds": 3600},
}

TAGS = [
    {"name": "Me", "description": "Who I am, what I may do, my sessions, tokens and second factor."},
    {"name": "Tokens", "description": "Execution tokens: what kernels and programs read with."},
    {"name": "Users", "description": "Accounts."},
    {"name": "Tenants", "description": "Tenants, their quotas and what they use."},
    {"name": "Members", "description": "Who belongs to a tenant."},
    {"name": "Roles", "description": "What members may do, and which rows they read."},
    {"name": "Data sources", "description": "Databases, their tables and columns."},
    {"name": "Queries", "description": "SQL with one's own rights."},
    {"name": "Saved queries", "description": "SQL that is kept, with typed parameters."},
    {"name": "Dashboards", "description": "Published notebooks and their versions."},
    {"name": "Schedules", "description": "What runs by itself, and when."},
    {"name": "Alerts", "description": "Conditions that are looked at, and what they found."},
    {
        "name": "Kernels",
        "description": "What computes now, for administrators: kernels at gateways, people's servers.",
    },
    {"name": "Access", "description": "Why somebody may do something, or not."},
    {"name": "Audit", "description": "Who did what."},
]
