"""Which types of data sources are there? Ours, and those that installed packages bring."""

from __future__ import annotations

from importlib.metadata import entry_points

from notehouse_core.errors import Invalid
from notehouse_hub.sources.clickhouse import ClickHouse
from notehouse_hub.sources.contract import SourceType
from notehouse_hub.sources.postgresql import PostgreSQL

GROUP = "notehouse.data_sources"


class Registry:
    """Types by their name."""

    def __init__(self) -> None:
        self._types: dict[str, SourceType] = {}

    def register(self, kind: SourceType) -> None:
        """Add a type; a later one of the same name takes its place."""
        self._types[kind.name] = kind

    def register_entry_points(self) -> None:
        """Add the types of installed packages."""
        for found in entry_points(group=GROUP):
            self.register(found.load())

    def find(self, name: str) -> SourceType | None:
        """Return a type, None if the package that brought it is gone."""
        return self._types.get(name)

    def get(self, name: str) -> SourceType:
        """Return a type. Raises Invalid naming those there are."""
        try:
            return self._types[name]
        except KeyError:
            known = ", ".join(sorted(self._types))
            raise Invalid(
                f"There is no type of data source {name!r}. Known types: {known}.",
                fields=[{"field": "type", "message": f"one of {known}"}],
            ) from None


types = Registry()
types.register(ClickHouse())
types.register(PostgreSQL())
types.register_entry_points()
