"""What must a type of data source be able to do? Small enough to be written by others.

A package adds a type by an entry point in the group `notehouse.data_sources`: an object with these members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

PATIENCE = 10.0  # seconds for a connection, and for each answer of a test
READING = 60.0  # seconds for one question about tables


class Configuration(BaseModel):
    """Where a source is, without any secret; the fields that every type here has."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    host: str = Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._:-]+$")
    port: int = Field(ge=1, le=65_535)
    database: str = Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")
    user: str = Field(
        min_length=1,
        max_length=128,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        validation_alias=AliasChoices("user", "username"),
    )


@dataclass(frozen=True)
class Target:
    """A connection to make: what was configured, its secrets, and the address that was checked."""

    config: Any  # the type's own Configuration
    secrets: Mapping[str, str]
    address: str

    def __repr__(self) -> str:
        return f"Target({self.config!r})"


@dataclass(frozen=True)
class Table:
    """A table or view; rows may be an estimate, None where it is not known."""

    schema: str
    name: str
    comment: str = ""
    rows: int | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Column:
    """A column; `position` counts from one."""

    schema: str
    table: str
    name: str
    position: int
    type: str
    nullable: bool
    default: str | None = None
    comment: str = ""


class Connection(Protocol):
    """An open connection. Everything raises SourceDown or SourceTimeout, in words for whoever configured it."""

    async def version(self) -> str:
        """Say which version answers, for example `PostgreSQL 18.4`."""

    async def tables(self) -> list[Table]:
        """Return every table and view that the account may read."""

    async def columns(self, tables: Sequence[Table]) -> list[Column]:
        """Return the columns of these tables of one schema."""


class SourceType(Protocol):
    """A type of data source."""

    @property
    def name(self) -> str:
        """What it is called in the API."""

    @property
    def config(self) -> type[Configuration]:
        """What must be said to connect one."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of what is kept sealed."""

    def connect(self, target: Target) -> AbstractAsyncContextManager[Connection]:
        """Connect for as long as the block lasts. Raises SourceDown or SourceTimeout."""

    def engine(self, target: Target) -> str | None:
        """Return the database engine by which ClickHouse shows this source, None if it cannot. Secret."""
