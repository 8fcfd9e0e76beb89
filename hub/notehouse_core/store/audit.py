"""Who did what, to what, and what was there before: written with the change itself, in the same transaction.

Changes made through the models are noticed here, whoever makes them; what happens otherwise (a login, a statement
without a model) is written with `record`. Postgres chains the rows by hash and lets nobody change or take one away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import event, inspect, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from notehouse_core.ids import uuid7
from notehouse_core.store import models
from notehouse_core.store.models.base import Row

_AUTHOR, _WAITING = "notehouse_author", "notehouse_audit"
_LONGEST = 2000  # characters kept of one value
_EVERY_ROW = frozenset({"id", "created_at", "updated_at", "tenant_id"})

# What is audited, as which noun, and which columns are left out: secrets, and what our own processes write all the time.
NOUNS: dict[type[Row], tuple[str, frozenset[str]]] = {
    models.Tenant: ("tenant", frozenset()),
    models.User: ("user", frozenset({"password_hash", "last_login_at", "preferences"})),
    models.Invitation: ("invitation", frozenset({"token_sha256"})),
    models.Role: ("role", frozenset()),
    models.Permission: ("permission", frozenset()),
    models.Membership: ("membership", frozenset()),
    models.DataSource: ("data-source", frozenset({"secret", "last_tested_at", "status", "status_message"})),
    models.SavedQuery: ("saved-query", frozenset()),
    models.Dashboard: ("dashboard", frozenset({"thumbnail"})),
    models.DashboardVersion: (
        "dashboard-version",
        frozenset({"layout", "tiles", "filters", "state", "error"}),
    ),
    models.DashboardPermission: ("dashboard-permission", frozenset()),
    models.DashboardLink: ("dashboard-link", frozenset({"token_sha256"})),
    models.Comment: ("comment", frozenset({"text"})),
    models.Channel: ("channel", frozenset({"secret"})),
    models.Subscription: ("subscription", frozenset()),
    models.Schedule: ("schedule", frozenset({"ticked_until", "active_since"})),
    models.Alert: (
        "alert",
        frozenset({"ticked_until", "leased_until", "active_since"}),
    ),
}


@dataclass(frozen=True)
class Author:
    """Who is behind a transaction, and the request it belongs to."""

    name: str
    address: str | None = None
    request_id: str | None = None


SYSTEM = Author("system")


def sign(session: AsyncSession, author: Author) -> None:
    """Say who is behind everything that this transaction changes from here on."""
    session.sync_session.info[_AUTHOR] = author


def author_of(session: AsyncSession) -> Author:
    """Who is behind a transaction."""
    author: Author = session.sync_session.info.get(_AUTHOR, SYSTEM)
    return author


async def record(
    session: AsyncSession,
    actor: str,
    action: str,
    object: str = "",
    details: Mapping[str, Any] | None = None,
    *,
    tenant_id: UUID | None = None,
    address: str | None = None,
    request_id: str | None = None,
) -> None:
    """Write what no change of a model tells, in the transaction that does it; `details` never hold a secret."""
    author = Author(actor, address, request_id)
    await session.execute(_INSERT, _row(author, action, object, tenant_id, details or {}))


# Without RETURNING: whoever acts need not be able to read what is written of it.
_INSERT = text(
    "INSERT INTO audit_events (tenant_id, actor, action, object, details, address, request_id) "
    "VALUES (:tenant_id, :actor, :action, :object, CAST(:details AS jsonb), :address, :request_id)"
)


@event.listens_for(Session, "before_flush")
def _notice(session: Session, *_: object) -> None:
    """Look at what is about to be written, while both what was and what will be are known."""
    waiting = session.info.setdefault(_WAITING, [])
    for verb, changed in (("create", session.new), ("change", session.dirty), ("delete", session.deleted)):
        for one in changed:
            if type(one) in NOUNS and (row := _event_of(session, verb, one)):
                waiting.append(row)


@event.listens_for(Session, "after_flush")
def _write(session: Session, *_: object) -> None:
    waiting = session.info.pop(_WAITING, [])
    if waiting:
        session.connection().execute(_INSERT, waiting)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_WAITING, None)


def _event_of(session: Session, verb: str, one: Row) -> dict[str, Any] | None:
    noun, hidden = NOUNS[type(one)]
    before, after = _values(one, verb, hidden | _EVERY_ROW)
    if verb == "change" and not after:
        return None
    one.id = one.id or uuid7()  # given by us now, else only while it is written
    tenant_id = one.id if isinstance(one, models.Tenant) else getattr(one, "tenant_id", None)
    found = (("id", str(one.id)), ("before", before), ("after", after))
    details = {name: value for name, value in found if value}
    return _row(session.info.get(_AUTHOR, SYSTEM), f"{verb}-{noun}", _name(one), tenant_id, details)


def _name(one: Row) -> str:
    """What people call it; its id where it has no name."""
    return str(
        next(
            (getattr(one, each) for each in ("username", "slug", "name") if getattr(one, each, None)), one.id
        )
    )


def _values(one: Row, verb: str, hidden: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the columns held and hold: those that change, or all of a row that comes or goes."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    state = inspect(one)
    for name in set(state.mapper.column_attrs.keys()) - hidden:
        history = state.attrs[name].history
        if verb == "delete":
            before[name] = _shown(getattr(one, name))
        elif verb == "create":
            if (value := _shown(getattr(one, name))) is not None:
                after[name] = value
        elif history.has_changes() and (history.deleted or (None,)) != (history.added or (None,)):
            before[name] = _shown(history.deleted[0] if history.deleted else None)
            after[name] = _shown(history.added[0] if history.added else None)
    return before, after


def _shown(value: object) -> Any:
    """A value as JSON can hold it, cut where it is long."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _shown(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    written = value.isoformat() if isinstance(value, datetime) else str(value)
    return written if len(written) <= _LONGEST else f"{written[:_LONGEST]}…"


def _row(
    author: Author, action: str, what: str, tenant_id: UUID | None, details: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "actor": author.name,
        "action": action,
        "object": what,
        "details": json.dumps(_shown(details)),
        "address": author.address,
        "request_id": author.request_id,
    }
