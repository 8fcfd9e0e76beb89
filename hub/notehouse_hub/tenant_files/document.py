"""What may stand in a file of tenants? Sections that are left out are left alone; those given are given whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from notehouse_core.access import Limits
from notehouse_core.errors import Invalid
from notehouse_core.policy import ACTIONS, ROLES
from notehouse_core.row_filter import ALL_ROWS, parse

LARGEST = 5_000_000  # bytes

Slug = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Table = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*\.[A-Za-z_]\w*$", description="database.table")]
_LIMITS = set(Limits.__dataclass_fields__)


class Part(BaseModel):
    """A part of the file; what nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Right(Part):
    """Rows and columns of one table that a role reads."""

    source: str
    table: Table
    columns: list[str] | None = Field(default=None, description="all of them, where none are named")
    rows: str = Field(default=ALL_ROWS, description="a row filter, such as carrier = {user.carrier}")
    insert: bool = Field(default=False, description="may add rows; only where it reads every row and column")

    @field_validator("rows")
    @classmethod
    def _can_be_read(cls, written: str) -> str:
        try:
            parse(written)
        except Invalid as error:
            raise ValueError(error.message) from error
        return written


class RoleSpec(Part):
    """A role: what it may do, which rows it reads, and what it may use at most."""

    name: RoleName
    description: str = ""
    actions: list[str] | None = Field(
        default=None, description="for roles of your own; built-in ones have theirs"
    )
    reads: list[Right] = Field(default_factory=list)
    limits: dict[str, int] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_possible(self) -> RoleSpec:
        if self.name in ROLES and self.actions is not None:
            raise ValueError(f"the actions of the built-in role {self.name} are fixed")
        if unknown := sorted(set(self.actions or ()) - ACTIONS.keys()):
            raise ValueError(f"there is no action {unknown[0]}; there are {', '.join(ACTIONS)}")
        _check_limits(self.limits)
        return self


class MemberSpec(Part):
    """A person and their roles; the account is made by an invitation or at the first login, not here."""

    user: str
    roles: list[RoleName] = Field(min_length=1)


class Secret(Part):
    """Where a secret stands: an environment variable or a file, never the file of tenants itself."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Secret:
        if (self.env is None) == (self.file is None):
            raise ValueError("name either env or file")
        return self


class SourceSpec(Part):
    """A data source."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    type: str = "clickhouse"
    description: str = ""
    connection: dict[str, Any] = Field(
        default_factory=dict, description="what the type asks for: host, port, …"
    )
    secrets: dict[str, Secret] = Field(default_factory=dict, description="password, say, and where it stands")


class TenantSpec(Part):
    """One tenant."""

    slug: Slug
    name: str = Field(min_length=1, max_length=200)
    quotas: dict[str, Annotated[int, Field(ge=1)]] | None = None
    groups: dict[str, RoleName] | None = Field(default=None, description="group of the OpenID provider: role")
    sources: list[SourceSpec] | None = None
    roles: list[RoleSpec] | None = None
    members: list[MemberSpec] | None = None

    @model_validator(mode="after")
    def _names_are_unique(self) -> TenantSpec:
        for section in ("sources", "roles", "members"):
            names = [getattr(one, "user", None) or one.name for one in getattr(self, section) or ()]
            if twice := next((name for name in names if names.count(name) > 1), None):
                raise ValueError(f"{section}: {twice} stands there twice")
        return self


class Document(Part):
    """The whole file."""

    version: Literal[1]
    tenants: list[TenantSpec]

    @model_validator(mode="after")
    def _tenants_are_unique(self) -> Document:
        slugs = [one.slug for one in self.tenants]
        if len(set(slugs)) < len(slugs):
            raise ValueError("a tenant stands there twice")
        return self


def read(path: Path) -> Document:
    """Read a file of tenants (YAML or JSON). Raises Invalid saying what is wrong, and where."""
    if path.stat().st_size > LARGEST:
        raise Invalid(f"{path} is larger than {LARGEST:,} bytes.")
    try:
        return Document.model_validate(yaml.safe_load(path.read_text()))
    except yaml.YAMLError as error:
        raise Invalid(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in error.errors()]
        raise Invalid(f"{path} cannot be used. " + "; ".join(wrong[:5])) from error


def _check_limits(limits: dict[str, int]) -> None:
    if unknown := sorted(limits.keys() - _LIMITS):
        raise ValueError(f"there is no limit {unknown[0]}; there are {', '.join(sorted(_LIMITS))}")
    if wrong := [name for name, value in limits.items() if value < 1]:
        raise ValueError(f"{wrong[0]} must be 1 or more")
