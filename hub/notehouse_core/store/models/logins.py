"""How people come in: failed tries, open sessions, second factors."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from notehouse_core.store.models.accounts import User
from notehouse_core.store.models.base import Base, Row


class LoginAttempt(Base):
    """Failed tries of one name, address or both; `key` is their digest: a name may be a password typed too early."""

    __tablename__ = "login_attempts"

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    free_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)


class LoginSession(Row):
    """A browser that is logged in at the Hub; `hub_session` is what its tokens at the Hub are marked with."""

    __tablename__ = "login_sessions"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    secret_sha256: Mapped[str] = mapped_column(unique=True)
    hub_session: Mapped[str] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(server_default="", default="")
    agent: Mapped[str] = mapped_column(server_default="", default="")
    last_seen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    confirmed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))  # the password shown last
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class SecondFactor(Row):
    """A secret that an authenticator app shares (RFC 6238), sealed; it counts once `confirmed_at` is set."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    sealed_secret: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(server_default=text("0"), default=0)  # codes up to here are used
    recovery_codes: Mapped[list[Any]] = mapped_column(
        server_default=text("'[]'::jsonb"), default=list
    )  # digests

    user: Mapped[User] = relationship()
