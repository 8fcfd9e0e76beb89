"""The portal: a module a noun, templates and static files."""

from notehouse_hub.service.portal import (
    access,
    account,
    accounts,
    audit,
    comparison,
    home,
    login,
    members,
    pages,
    roles,
    saved_queries,
    sources,
    static,
    tenants,
    watching,
    work,
)

ROUTERS = (
    login.router,
    static.router,
    home.router,
    pages.router,
    comparison.router,
    saved_queries.router,
    sources.router,
    work.router,
    watching.router,
    account.router,
    tenants.router,
    members.router,
    roles.router,
    accounts.router,
    audit.router,
    access.router,
)
