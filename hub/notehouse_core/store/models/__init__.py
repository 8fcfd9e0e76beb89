"""Every table under one import, so that `Base.metadata` is complete."""

from notehouse_core.store.models.accounts import (
    Invitation,
    Membership,
    Permission,
    Role,
    Tenant,
    UnixUser,
    User,
)
from notehouse_core.store.models.alerts import DELIVERY_STATES, Alert, AlertEvaluation, AlertState, Delivery
from notehouse_core.store.models.base import Base
from notehouse_core.store.models.content import (
    Dashboard,
    DashboardPermission,
    DashboardVersion,
    DataSource,
    Snapshot,
)
from notehouse_core.store.models.generation import RightsGeneration
from notehouse_core.store.models.logins import LoginAttempt, LoginSession, SecondFactor
from notehouse_core.store.models.requests import IdempotencyKey
from notehouse_core.store.models.sharing import Channel, Comment, DashboardLink, SavedQuery, Subscription
from notehouse_core.store.models.sources import REFRESH_STATES, SchemaRefresh, SourceColumn
from notehouse_core.store.models.work import RUN_STATES, AuditEvent, Run, Schedule, Token

__all__ = [
    "DELIVERY_STATES",
    "REFRESH_STATES",
    "RUN_STATES",
    "Alert",
    "AlertEvaluation",
    "AlertState",
    "AuditEvent",
    "Base",
    "Channel",
    "Comment",
    "Dashboard",
    "DashboardLink",
    "DashboardPermission",
    "DashboardVersion",
    "DataSource",
    "Delivery",
    "IdempotencyKey",
    "Invitation",
    "LoginAttempt",
    "LoginSession",
    "Membership",
    "Permission",
    "RightsGeneration",
    "Role",
    "Run",
    "SavedQuery",
    "Schedule",
    "SchemaRefresh",
    "SecondFactor",
    "Snapshot",
    "SourceColumn",
    "Subscription",
    "Tenant",
    "Token",
    "UnixUser",
    "User",
]
