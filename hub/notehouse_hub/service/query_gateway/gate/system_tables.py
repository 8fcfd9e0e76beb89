"""What of ClickHouse's own tables may a statement read?

The engine shows rows of `system.tables` and `system.columns` only for granted tables, but with them counts and
paths that no row filter touches. Those columns may not be named, and a `*` that would name them is refused.
"""

import re

from notehouse_hub.service.query_gateway.gate.tree import Node
from notehouse_hub.service.query_gateway.refusal import Refusal, denied

# Table -> the columns to hide.
READABLE: dict[str, frozenset[str]] = {
    "one": frozenset(),
    "settings": frozenset(),
    "functions": frozenset(),
    "formats": frozenset(),
    "data_type_families": frozenset(),
    "aggregate_function_combinators": frozenset(),
    "collations": frozenset(),
    "time_zones": frozenset(),
    "table_engines": frozenset(),
    "databases": frozenset({"data_path", "metadata_path", "uuid", "engine_full"}),
    "columns": frozenset(
        {
            "data_compressed_bytes",
            "data_uncompressed_bytes",
            "marks_bytes",
            "serialization_hint",
            "statistics",
        }
    ),
    "tables": frozenset(
        [
            "uuid",
            "data_paths",
            "metadata_path",
            "metadata_modification_time",
            "metadata_version",
            "dependencies_database",
            "dependencies_table",
            "as_select",
            "storage_policy",
            "total_rows",
            "total_bytes",
            "total_bytes_uncompressed",
            "parts",
            "active_parts",
            "total_marks",
            "active_on_fly_data_mutations",
            "active_on_fly_alter_mutations",
            "active_on_fly_metadata_mutations",
            "columns_descriptions_cache_size",
            "lifetime_rows",
            "lifetime_bytes",
            "has_own_data",
            "loading_dependencies_database",
            "loading_dependencies_table",
            "loading_dependent_database",
            "loading_dependent_table",
            "target_database",
            "target_table",
            "definer",
        ]
    ),
}
_STARS = {
    "Asterisk", "QualifiedAsterisk", "ColumnsRegexpMatcher", "ColumnsListMatcher", "QualifiedColumnsRegexpMatcher",
    "QualifiedColumnsListMatcher",
}  # fmt: skip

_IN = re.compile(r"(global)?(not)?(null)?in(ignoreset)?", re.IGNORECASE)


def check(nodes: list[Node]) -> None:
    """Raise Refusal if the statement reads of the engine's own tables what is not for everybody."""
    names = [node.name for node in nodes if node.kind in {"TableIdentifier", "Identifier"}]
    if nodes[0].kind.startswith(("ShowCreate", "Exists")):
        _hidden_of(".".join(node.name for node in nodes if node.kind == "Identifier"))
    hidden: set[str] = set()
    for node in nodes:
        if node.kind == "TableIdentifier" or (node.kind == "Identifier" and not _is_column(node, nodes)):
            hidden |= _hidden_of(node.name)
    if not hidden:
        return
    for name in names:
        if shown := hidden.intersection(name.split(".")):
            raise denied(
                f"The column {min(shown)} of ClickHouse's own tables is not shown: it says "
                "something about rows of others. Leave it out."
            )
    if any(node.kind in _STARS and not _counted(node) for node in nodes):
        raise denied(
            "A * or COLUMNS(...) on system.tables, system.columns or system.databases would show more than your "
            "own. Name the columns, for example: SELECT database, name, engine, comment FROM system.tables."
        )


def _hidden_of(name: str) -> frozenset[str]:
    database, _, table = name.partition(".")
    if database.lower() == "information_schema":
        raise denied(
            "information_schema is closed here. Use system.tables and system.columns, or SHOW TABLES."
        )
    if database.lower() != "system" or not table:
        return frozenset()
    known = READABLE.get(table) or READABLE.get(table.split(".")[0])
    if known is None and table.split(".")[0] not in READABLE:
        raise _closed(name)
    return known or frozenset()


def _closed(name: str) -> Refusal:
    open_ones = ", ".join(
        f"system.{table}" for table in ("tables", "columns", "databases", "functions", "settings")
    )
    return denied(f"{name} is closed here. Of ClickHouse's own tables these can be read: {open_ones}.")


def _is_column(node: Node, nodes: list[Node]) -> bool:
    """Say whether a name like system.load can only be a column: a table's would stand after IN, or under an alias."""
    outer = node.parent.parent if node.parent else None
    after_in = outer is not None and outer.kind == "Function" and _IN.fullmatch(outer.name) is not None
    lambdas = any(one.kind == "Function" and one.name == "lambda" for one in nodes)
    return not (after_in or lambdas or node.alias)


def _counted(node: Node) -> bool:
    """Say whether this is the * of count(*)."""
    outer = node.parent.parent if node.parent else None
    return outer is not None and outer.kind == "Function" and outer.name.lower() == "count"
