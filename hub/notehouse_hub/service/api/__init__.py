"""The REST API: a router a noun."""

from notehouse_hub.service.api import (
    alerts,
    dashboards,
    data_sources,
    deliveries,
    exports,
    kernel_gateways,
    me,
    my_account,
    permissions,
    queries,
    runs,
    schedules,
    tenants,
    tokens,
    users,
    versions,
)

ROUTERS = (
    me.router,
    my_account.router,
    tokens.router,
    users.router,
    tenants.router,
    data_sources.router,
    queries.router,
    dashboards.router,
    versions.router,
    permissions.router,
    exports.router,
    schedules.router,
    runs.router,
    alerts.router,
    deliveries.router,
    kernel_gateways.router,
)
