"""How does what should be differ from what is? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from notehouse_core.policy import ROLES
from notehouse_hub.tenant_files.document import MemberSpec, RoleSpec, SourceSpec, TenantSpec

Verb = Literal["create", "change", "delete"]
_SIGNS: dict[Verb, str] = {"create": "+", "change": "~", "delete": "-"}


@dataclass(frozen=True)
class Change:
    """One thing that would be made, changed or taken away."""

    tenant: str
    verb: Verb
    noun: str
    name: str
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        """Tell of it in a line, and below it what changes."""
        lines = [f"{_SIGNS[self.verb]} {self.noun} {self.name}"]
        if self.verb == "change":
            lines += [f"    {line}" for line in _details(self.before, self.after)]
        return "\n".join(lines)


def differences(wanted: TenantSpec, present: TenantSpec | None) -> list[Change]:
    """What must be done to a tenant, in an order in which it can be done; nothing where all is as wanted."""
    if present is None:
        made = Change(wanted.slug, "create", "tenant", wanted.slug, after=wanted.name)
        return [made, *_sections(wanted, TenantSpec(slug=wanted.slug, name=wanted.name, roles=_builtin()))]
    renamed = [Change(wanted.slug, "change", "tenant", wanted.slug, present.name, wanted.name)]
    return [*(renamed if wanted.name != present.name else ()), *_sections(wanted, present)]


def drift(applied: TenantSpec, present: TenantSpec) -> list[Change]:
    """What somebody has changed by hand since the file was applied last."""
    named = {one.name for one in applied.roles or ()}
    roles = [one for one in present.roles or () if one.name in named or one.name not in ROLES]
    return differences(present.model_copy(update={"roles": roles, **_left_alone(applied)}), applied)


def seen_through(file: TenantSpec, present: TenantSpec) -> TenantSpec:
    """What is, as far as a file speaks of it: of a source's connection only what the file says, not what is usual."""
    said = {one.name: one.connection for one in file.sources or ()}
    sources = [
        one.model_copy(
            update={"connection": {k: v for k, v in one.connection.items() if k in said.get(one.name, ())}}
        )
        for one in present.sources or ()
    ]
    return present.model_copy(update={"sources": sources})


def _left_alone(applied: TenantSpec) -> dict[str, None]:
    sections = ("quotas", "groups", "sources", "roles", "members")
    return {name: None for name in sections if getattr(applied, name) is None}


def _sections(wanted: TenantSpec, present: TenantSpec) -> Iterator[Change]:
    """Take away last: whoever is moved from one role to another is never without."""
    found: list[Change] = []
    for noun, section in (("source", "sources"), ("role", "roles"), ("member", "members")):
        if (given := getattr(wanted, section)) is not None:
            found += _named(wanted.slug, noun, _by_name(given), _by_name(getattr(present, section) or []))
    for noun in ("quotas", "groups"):
        given, have = getattr(wanted, noun), getattr(present, noun) or {}
        if given is not None and given != have:
            found.append(Change(wanted.slug, "change", noun, wanted.slug, have, given))
    yield from (one for one in found if one.verb != "delete")
    yield from reversed([one for one in found if one.verb == "delete"])


def _named(
    tenant: str, noun: str, wanted: Mapping[str, dict[str, Any]], present: Mapping[str, dict[str, Any]]
) -> Iterator[Change]:
    for name, after in wanted.items():
        before = present.get(name)
        if before is None:
            yield Change(tenant, "create", noun, name, after=after)
        elif before != after:
            yield Change(tenant, "change", noun, name, before, after)
    for name, before in present.items():
        if name not in wanted and not (noun == "role" and name in ROLES):
            yield Change(tenant, "delete", noun, name, before)


def _by_name(parts: list[SourceSpec] | list[RoleSpec] | list[MemberSpec]) -> dict[str, dict[str, Any]]:
    """Parts by their name, as plain values in one order: two that mean the same are equal."""
    return {one.user if isinstance(one, MemberSpec) else one.name: _plain(one) for one in parts}


def _plain(part: SourceSpec | RoleSpec | MemberSpec) -> dict[str, Any]:
    value = part.model_dump(mode="json", exclude={"secrets"})
    if isinstance(part, MemberSpec):
        value["roles"] = sorted(set(part.roles))
    if isinstance(part, RoleSpec):
        value["builtin"] = part.name in ROLES
        value["actions"] = sorted(ROLES.get(part.name, part.actions or ()))
        value["reads"] = sorted(value["reads"], key=lambda one: (one["source"], one["table"], one["rows"]))
    return value


def _builtin() -> list[RoleSpec]:
    return [RoleSpec(name=name) for name in ROLES]


def _details(before: Any, after: Any) -> Iterator[str]:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield f"{before!r} → {after!r}"
        return
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, list) and isinstance(new, list):
            yield from (f"{name}: - {_short(one)}" for one in old if one not in new)
            yield from (f"{name}: + {_short(one)}" for one in new if one not in old)
        else:
            yield f"{name}: {_short(old)} → {_short(new)}"


def _short(value: Any) -> str:
    if isinstance(value, dict) and "table" in value:
        columns = ", ".join(value["columns"]) if value.get("columns") else "all columns"
        return f"{value['source']}/{value['table']} ({columns}) where {value['rows']}"
    return str(value)
