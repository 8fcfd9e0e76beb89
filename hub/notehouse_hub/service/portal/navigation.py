"""Where can somebody go in the portal? Sections on top, their pages below; what one may not open is not shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from notehouse_hub.service.portal.visitor import Visitor
from notehouse_hub.service.resources import PREFIX


@dataclass(frozen=True)
class Entry:
    """A page in the navigation; `name` is what the page gives as `here`."""

    name: str
    label: str
    href: str


@dataclass(frozen=True)
class Section:
    """An entry on top, with the pages it holds."""

    label: str
    entries: tuple[Entry, ...]

    @property
    def href(self) -> str:
        """Its first page."""
        return self.entries[0].href

    def holds(self, here: str) -> bool:
        """Whether a page belongs to it."""
        return any(entry.name == here for entry in self.entries)


def _may(*actions: str) -> Callable[[Visitor], bool]:
    return lambda visitor: visitor.is_admin or any(action in visitor.actions for action in actions)


def _works(visitor: Visitor) -> bool:
    return "manage-schedules" in visitor.actions


def _everyone(_: Visitor) -> bool:
    return True


def _platform(visitor: Visitor) -> bool:
    return visitor.is_admin


_ADMINISTERS = ("manage-members", "manage-roles", "manage-tenant")

_PAGES: tuple[tuple[str, tuple[tuple[str, str, str, Callable[[Visitor], bool]], ...]], ...] = (
    ("Dashboards", (("dashboards", "Dashboards", "", _everyone),)),
    (
        "Data",
        (
            ("saved-queries", "Queries", "saved-queries", _may("run-sql")),
            ("data-sources", "Sources", "data-sources", _may("run-sql", "manage-sources")),
        ),
    ),
    (
        "Automation",
        (
            ("schedules", "Schedules", "schedules", _works),
            ("runs", "Runs", "runs", _works),
            ("alerts", "Alerts", "alerts", _works),
            ("deliveries", "Messages", "deliveries", _works),
        ),
    ),
    (
        "Administration",
        (
            ("tenants", "Tenants", "tenants", _may(*_ADMINISTERS)),
            ("users", "Accounts", "users", _platform),
            ("kernels", "Kernels", "kernels", _may("manage-tenant")),
            ("audit", "Audit", "audit", _may("read-audit")),
            ("access", "Access", "access", _may(*_ADMINISTERS, "read-audit")),
        ),
    ),
)


def sections_of(visitor: Visitor | None) -> list[Section]:
    """What somebody may open, with something in every section."""
    if visitor is None:
        return []
    sections = [
        Section(
            label,
            tuple(Entry(name, words, f"{PREFIX}/{path}") for name, words, path, may in pages if may(visitor)),
        )
        for label, pages in _PAGES
    ]
    return [section for section in sections if section.entries]
