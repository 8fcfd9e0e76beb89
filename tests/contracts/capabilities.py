"""Who may call which route, with what answer. Every route has its row; a test fails where one is missing.

ROLES: the tenant's analyst who owns what paths name, another analyst of it, its viewer, its admin, another tenant's
analyst, the platform admin, nobody. `{schedule}`, `{run}`, `{alert}` and `{query}` stand for what the owner made,
`{source}` for the tenant's data source. 0: not tried, since it would take away what another row needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

ROLES = ("owner", "colleague", "viewer", "tenant_admin", "other_tenant", "platform_admin", "anonymous")
CELL: dict[str, Any] = {
    "cell_type": "code",
    "id": "a",
    "metadata": {},
    "source": "1",
    "outputs": [],
    "execution_count": None,
}
NOTEBOOK: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [CELL]}


RIGHT = {"data_source": "warehouse", "database": "flights", "table": "airports"}
SAVED_QUERY = {"tenant": "united", "name": "capabilities", "sql": "SELECT 1"}
_SOON = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
_NOBODYS = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Row:
    """A route, and the status that each of ROLES gets, in their order."""

    method: str
    route: str
    statuses: tuple[int, int, int, int, int, int, int]
    body: Any = None

    @property
    def path(self) -> str:
        """The address to call: a dashboard of the analyst's tenant stands for every one."""
        names = {
            "reference": "united:punctuality",
            "number": "1",
            "slug": "united",
            "name": "notebook.ipynb",
            "table": "departures",
        }
        return self.route.format(
            schedule_id="{schedule}",
            run_id="{run}",
            alert_id="{alert}",
            source_id="{source}",
            delivery_id=_NOBODYS,
            kernel_id=_NOBODYS,
            link_id=_NOBODYS,
            comment_id=_NOBODYS,
            token_id=_NOBODYS,
            query_id="{query}",
            session_id=_NOBODYS,
            username="united-viewer",
            role_name="viewer",
            **names,
        )


CAPABILITIES = [
    Row("GET", "/me", (200, 200, 200, 200, 200, 200, 401)),
    Row("POST", "/tokens", (201, 201, 403, 201, 201, 201, 401), {"purpose": "interactive"}),
    Row("DELETE", "/tokens/{token_id}", (404, 404, 404, 404, 404, 404, 401)),
    Row("GET", "/me/sessions", (200, 200, 200, 200, 200, 200, 401)),
    Row("DELETE", "/me/sessions/{session_id}", (404, 404, 404, 404, 404, 404, 401)),
    Row("DELETE", "/me/sessions", (200, 200, 200, 200, 200, 200, 401)),
    Row("GET", "/me/tokens", (200, 200, 200, 200, 200, 200, 401)),
    Row("DELETE", "/me/tokens", (200, 200, 200, 200, 200, 200, 401)),
    Row("GET", "/me/second-factor", (200, 200, 200, 200, 200, 200, 401)),
    Row("POST", "/me/second-factor", (403, 403, 403, 403, 403, 403, 401), {"password": "x"}),
    Row("POST", "/me/second-factor/confirm", (400, 400, 400, 400, 400, 400, 401), {"code": "000000"}),
    Row(
        "POST",
        "/me/second-factor/recovery-codes",
        (404, 404, 404, 404, 404, 404, 401),
        {"password": "x", "code": "000000"},
    ),
    Row(
        "POST",
        "/me/second-factor/remove",
        (404, 404, 404, 404, 404, 404, 401),
        {"password": "x", "code": "000000"},
    ),
    Row("POST", "/me/confirm", (403, 403, 403, 403, 403, 403, 401), {"password": "x"}),
    Row("PUT", "/me/favourites/{reference}", (204, 204, 204, 204, 404, 204, 401)),
    Row("DELETE", "/me/favourites/{reference}", (204, 204, 204, 204, 404, 204, 401)),
    Row("GET", "/users", (403, 403, 403, 200, 403, 200, 401)),
    Row("POST", "/users", (403, 403, 403, 400, 403, 409, 401), {"username": "united-viewer"}),
    Row("GET", "/users/{username}", (404, 404, 200, 200, 404, 200, 401)),
    Row("PUT", "/users/{username}", (404, 404, 200, 200, 404, 200, 401), {"first_name": "United Viewer"}),
    Row("POST", "/users/{username}/invite", (404, 404, 403, 403, 404, 201, 401)),
    Row("POST", "/users/{username}/password", (404, 404, 403, 403, 404, 400, 401), {"password": "x"}),
    Row("DELETE", "/users/{username}/second-factor", (404, 404, 403, 403, 404, 404, 401)),
    Row("GET", "/tenants", (200, 200, 200, 200, 200, 200, 401)),
    Row("GET", "/tenants/{slug}", (200, 200, 200, 200, 404, 200, 401)),
    Row("POST", "/tenants", (403, 403, 403, 403, 403, 409, 401), {"slug": "united", "name": "x"}),
    Row("PUT", "/tenants/{slug}", (403, 403, 403, 200, 404, 200, 401), {"name": "United"}),
    Row("GET", "/tenants/{slug}/members", (403, 403, 403, 200, 404, 200, 401)),
    Row(
        "POST",
        "/tenants/{slug}/members",
        (403, 403, 403, 409, 404, 409, 401),
        {"username": "united-viewer", "role": "viewer"},
    ),
    Row("GET", "/tenants/{slug}/roles", (403, 403, 403, 200, 404, 200, 401)),
    Row("POST", "/tenants/{slug}/roles", (403, 403, 403, 409, 404, 409, 401), {"name": "viewer"}),
    Row(
        "POST", "/tenants/{slug}/roles/preview", (403, 403, 403, 200, 404, 200, 401), {"permissions": [RIGHT]}
    ),
    Row("GET", "/tenants/{slug}/roles/{role_name}", (403, 403, 403, 200, 404, 200, 401)),
    Row(
        "PUT",
        "/tenants/{slug}/roles/{role_name}",
        (403, 403, 403, 409, 404, 409, 401),
        {"actions": ["run-sql"]},
    ),
    Row("GET", "/tenants/{slug}/quotas", (200, 200, 200, 200, 404, 200, 401)),
    Row("PUT", "/tenants/{slug}/quotas", (403, 403, 403, 403, 404, 200, 401), {}),
    Row("GET", "/tenants/{slug}/branding", (200, 200, 200, 200, 404, 200, 401)),
    Row("PUT", "/tenants/{slug}/branding", (403, 403, 403, 200, 404, 200, 401), {}),
    Row("GET", "/tenants/{slug}/usage", (403, 403, 403, 200, 404, 200, 401)),
    Row("GET", "/data-sources", (200, 200, 200, 200, 200, 200, 401)),
    Row(
        "POST",
        "/data-sources",
        (403, 403, 403, 400, 403, 400, 401),
        {"tenant": "united", "name": "x", "type": "clickhouse", "connection_config": {"host": "x"}},
    ),
    Row("GET", "/data-sources/{source_id}", (200, 200, 200, 200, 404, 200, 401)),
    Row("PUT", "/data-sources/{source_id}", (403, 403, 403, 200, 404, 200, 401), {}),
    Row("POST", "/data-sources/{source_id}/test", (403, 403, 403, 200, 404, 200, 401)),
    Row("GET", "/data-sources/{source_id}/schema", (200, 200, 403, 200, 404, 403, 401)),
    Row("GET", "/data-sources/{source_id}/schema/refresh", (200, 200, 200, 200, 404, 200, 401)),
    Row("POST", "/data-sources/{source_id}/schema/refresh", (403, 403, 403, 202, 404, 202, 401)),
    Row("GET", "/data-sources/{source_id}/tables/{table}/preview", (200, 200, 403, 200, 404, 403, 401)),
    Row("POST", "/queries", (200, 200, 403, 200, 200, 200, 401), {"sql": "SELECT 1"}),
    Row("GET", "/queries", (200, 200, 403, 200, 200, 200, 401)),
    Row("GET", "/queries/words", (200, 200, 403, 200, 200, 200, 401)),
    Row("GET", "/queries/{query_id}", (404, 404, 403, 404, 404, 404, 401)),
    Row("DELETE", "/queries/{query_id}", (404, 404, 403, 404, 404, 404, 401)),
    Row("POST", "/queries/estimate", (200, 200, 403, 200, 200, 200, 401), {"sql": "SELECT 1"}),
    Row("GET", "/dashboards", (200, 200, 200, 200, 200, 200, 401)),
    Row(
        "POST",
        "/dashboards",
        (409, 409, 403, 409, 403, 409, 401),
        {"tenant": "united", "slug": "punctuality", "name": "x"},
    ),
    Row("GET", "/dashboards/{reference}", (200, 200, 200, 200, 404, 200, 401)),
    Row(
        "PUT",
        "/dashboards/{reference}",
        (200, 403, 403, 200, 404, 200, 401),
        {"tags": ["flights", "operations"]},
    ),
    Row("GET", "/dashboards/{reference}/versions", (200, 200, 200, 200, 404, 200, 401)),
    Row("GET", "/dashboards/{reference}/versions/{number}", (200, 200, 200, 200, 404, 200, 401)),
    Row("POST", "/dashboards/{reference}/versions", (400, 403, 403, 400, 404, 400, 401), {"notebook": {}}),
    Row(
        "POST",
        "/dashboards/{reference}/rollback",
        (404, 403, 403, 404, 404, 404, 401),
        {"number": 999},
    ),
    Row("GET", "/dashboards/{reference}/diff?from=1&to=1", (200, 403, 403, 200, 404, 403, 401)),
    Row(
        "GET",
        "/dashboards/{reference}/versions/{number}/picture?at=00",
        (404, 403, 403, 404, 404, 403, 401),
    ),
    Row("GET", "/dashboards/{reference}/export", (200, 200, 200, 200, 404, 403, 401)),
    Row("GET", "/dashboards/{reference}/thumbnail?at=00", (404, 404, 404, 404, 404, 403, 401)),
    Row("GET", "/dashboards/{reference}/permissions", (200, 403, 403, 200, 404, 200, 401)),
    Row("PUT", "/dashboards/{reference}/permissions", (200, 403, 403, 200, 404, 200, 401), {"items": []}),
    Row("POST", "/dashboards/{reference}/access-requests", (409, 409, 409, 409, 202, 202, 401), {}),
    Row("GET", "/dashboards/{reference}/access-requests", (200, 403, 403, 200, 404, 200, 401)),
    Row("GET", "/dashboards/{reference}/links", (200, 403, 403, 200, 404, 200, 401)),
    Row(
        "POST",
        "/dashboards/{reference}/links",
        (400, 403, 403, 400, 404, 403, 401),
        {"expires_at": _SOON, "parameters": {"no_such_filter": "x"}},
    ),
    Row("DELETE", "/dashboards/{reference}/links/{link_id}", (404, 403, 403, 404, 404, 404, 401)),
    Row("GET", "/dashboards/{reference}/usage", (200, 403, 403, 200, 404, 200, 401)),
    Row("GET", "/tenants/{slug}/dashboard-usage", (403, 403, 403, 200, 404, 200, 401)),
    Row("GET", "/dashboards/{reference}/comments", (200, 200, 200, 200, 404, 403, 401)),
    Row("POST", "/dashboards/{reference}/comments", (201, 201, 201, 201, 404, 403, 401), {"text": "x"}),
    Row(
        "PUT",
        "/dashboards/{reference}/comments/{comment_id}",
        (404, 404, 404, 404, 404, 403, 401),
        {"is_resolved": True},
    ),
    Row("DELETE", "/dashboards/{reference}/comments/{comment_id}", (404, 404, 404, 404, 404, 403, 401)),
    Row("GET", "/dashboards/{reference}/subscription", (404, 404, 404, 404, 404, 403, 401)),
    Row("POST", "/dashboards/{reference}/subscription", (400, 400, 400, 400, 404, 403, 401), {"cron": "x"}),
    Row("DELETE", "/dashboards/{reference}/subscription", (204, 204, 204, 204, 404, 403, 401)),
    Row("GET", "/schedules", (200, 200, 200, 200, 200, 200, 401)),
    Row(
        "POST",
        "/schedules",
        (400, 400, 403, 400, 403, 403, 401),
        {"tenant": "united", "name": "x", "cron": "not a time"},
    ),
    Row("POST", "/schedules/preview", (200, 200, 200, 200, 200, 200, 401), {"cron": "0 7 * * 1"}),
    Row("GET", "/schedules/{schedule_id}", (200, 200, 404, 200, 404, 200, 401)),
    Row("PUT", "/schedules/{schedule_id}", (200, 200, 404, 200, 404, 200, 401), {"retries": 0}),
    Row("POST", "/schedules/{schedule_id}/run", (202, 202, 404, 202, 404, 202, 401)),
    Row("GET", "/runs", (200, 200, 200, 200, 200, 200, 401)),
    Row("GET", "/runs/{run_id}", (200, 200, 404, 200, 404, 404, 401)),
    Row("GET", "/runs/{run_id}/artifacts/{name}", (200, 200, 404, 200, 404, 404, 401)),
    Row("POST", "/runs/{run_id}/cancel", (409, 409, 404, 409, 404, 404, 401)),
    Row("POST", "/runs/{run_id}/retry", (202, 202, 404, 202, 404, 404, 401)),
    Row("GET", "/alerts", (200, 200, 200, 200, 200, 200, 401)),
    Row("POST", "/alerts", (400, 400, 403, 400, 403, 403, 401), {"tenant": "united", "name": "x"}),
    Row("GET", "/alerts/{alert_id}", (200, 200, 404, 200, 404, 200, 401)),
    Row("PUT", "/alerts/{alert_id}", (200, 200, 404, 200, 404, 200, 401), {"for_seconds": 0}),
    Row("POST", "/alerts/{alert_id}/test", (200, 200, 404, 200, 404, 403, 401)),
    Row("POST", "/alerts/{alert_id}/acknowledge", (409, 409, 404, 409, 404, 409, 401)),
    Row("POST", "/alerts/{alert_id}/mute", (200, 200, 404, 200, 404, 200, 401), {"seconds": 0}),
    Row("GET", "/alerts/{alert_id}/history", (200, 200, 404, 200, 404, 200, 401)),
    Row("GET", "/deliveries", (200, 200, 200, 200, 200, 200, 401)),
    Row("GET", "/deliveries/{delivery_id}", (404, 404, 404, 404, 404, 404, 401)),
    Row("GET", "/deliveries/{delivery_id}/message", (404, 404, 404, 404, 404, 404, 401)),
    Row("POST", "/deliveries/{delivery_id}/retry", (404, 404, 404, 404, 404, 404, 401)),
    Row("GET", "/saved-queries", (200, 200, 200, 200, 200, 200, 401)),
    Row("POST", "/saved-queries", (409, 409, 403, 409, 403, 409, 401), SAVED_QUERY),
    Row("GET", "/saved-queries/{query_id}", (200, 404, 404, 200, 404, 200, 401)),
    Row("PUT", "/saved-queries/{query_id}", (200, 404, 404, 200, 404, 200, 401), {"description": "x"}),
    Row("POST", "/saved-queries/{query_id}/run", (200, 404, 404, 200, 404, 403, 401), {}),
    Row("GET", "/explain-access?object=tenant:united", (200, 200, 200, 200, 404, 200, 401)),
    Row(
        "GET", "/explain-access?object=tenant:united&user=united-viewer", (404, 404, 200, 200, 404, 200, 401)
    ),
    Row("GET", "/audit", (403, 403, 403, 200, 403, 200, 401)),
    Row("GET", "/audit/verify", (403, 403, 403, 403, 403, 200, 401)),
    Row("GET", "/tenants/{slug}/groups", (403, 403, 403, 200, 404, 200, 401)),
    Row("PUT", "/tenants/{slug}/groups", (403, 403, 403, 200, 404, 200, 401), {"items": {}}),
    Row("GET", "/tenants/{slug}/applied-file", (403, 403, 403, 200, 404, 200, 401)),
    Row("PUT", "/tenants/{slug}/applied-file", (403, 403, 403, 200, 404, 200, 401), {"content": {}}),
    Row("GET", "/tenants/{slug}/webhook-secret", (403, 403, 403, 200, 404, 404, 401)),
    Row("POST", "/kernel-gateways", (403, 403, 403, 403, 403, 403, 401), {"access_class": "0" * 20}),
    Row("GET", "/kernels", (403, 403, 403, 200, 403, 200, 401)),
    Row("GET", "/kernels/{kernel_id}", (403, 403, 403, 404, 403, 404, 401)),
    Row("DELETE", "/kernels/{kernel_id}", (403, 403, 403, 404, 403, 404, 401)),
    Row("GET", "/servers", (403, 403, 403, 403, 403, 200, 401)),
    Row("DELETE", "/servers/{username}", (403, 403, 403, 403, 403, 404, 401)),
    Row("POST", "/watermarks", (403, 403, 403, 403, 403, 403, 401), {"items": []}),
    Row("DELETE", "/data-sources/{source_id}", (403, 403, 403, 403, 404, 0, 401)),
    Row("DELETE", "/tenants/{slug}/roles/{role_name}", (403, 403, 403, 409, 404, 409, 401)),
    # Last: what takes away. Nobody but its owner may, and the owner does not here.
    Row("DELETE", "/tenants/{slug}/members/{username}", (403, 403, 403, 0, 404, 0, 401)),
    Row("DELETE", "/tenants/{slug}", (403, 403, 403, 403, 404, 0, 401)),
    Row("DELETE", "/users/{username}", (404, 404, 403, 403, 404, 0, 401)),
    Row("DELETE", "/saved-queries/{query_id}", (204, 404, 404, 0, 404, 0, 401)),
    Row("DELETE", "/dashboards/{reference}", (0, 403, 403, 0, 404, 0, 401)),
    Row("DELETE", "/schedules/{schedule_id}", (0, 404, 404, 404, 404, 204, 401)),
    Row("DELETE", "/alerts/{alert_id}", (0, 404, 404, 404, 404, 204, 401)),
]
