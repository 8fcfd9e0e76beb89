"""What may nobody change, and how much may a class use? The settings profile of a class, whichever way it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from notehouse_core.access import Limits, clickhouse_user

# The user of the query gateway's statement gate: it parses, and may read nothing.
GATE_ID = "gate"
GATE_USER = clickhouse_user(GATE_ID)

QUOTA_SECONDS = 3600
_STATEMENT_BYTES = 5_000_000  # the longest statement, quoted once more by the gate

# What no class may change: who is asked, what a filter means, what the engine tells of itself.
_CONSTANT = {
    "readonly": "2",
    "allow_ddl": "0",
    "allow_introspection_functions": "0",
    "allow_get_client_http_header": "0",
    "implicit_select": "0",
    "max_query_size": str(_STATEMENT_BYTES),
    "max_concurrent_queries_for_user": "200",
    "query_cache_share_between_users": "0",
    "cancel_http_readonly_queries_on_client_close": "1",
    "log_queries": "1",
    "format_display_secrets_in_show_and_select": "0",
    "allow_settings_after_format_in_insert": "0",
    "async_insert": "0",
    "input_format_values_interpret_expressions": "0",  # values that come in are values, never file('/etc/passwd')
    "input_format_values_deduce_templates_of_expressions": "0",
    "storage_file_read_method": "mmap",
}
# The values these have are the engine's own; that nobody may give others is what matters.
_FIXED = (
    "additional_table_filters",
    "additional_result_filter",
    "dialect",
    "allow_experimental_analyzer",
    "enable_analyzer",
    "format_schema",
    "format_template_row",
    "format_template_resultset",
    "output_format_schema",
    "format_avro_schema_registry_url",
    "log_query_threads",
    "force_data_skipping_indices",
    "input_format_record_errors_file_path",
)


class Bound(NamedTuple):
    """One setting of a profile: its value (None: the engine's own), and what a caller may make of it."""

    value: str | None
    least: str | None = None
    most: str | None = None
    const: bool = False


Profile = Mapping[str, Bound]


def profile_of(limits: Limits, *, writes: bool = False) -> Profile:
    """Return a class's settings: limits may be lowered but not raised; 0 would mean none at all, so 1 is the least.

    One that `writes` may, by the engine's word, do more than read; the query gateway says 2 for all that is not an INSERT.
    """
    bounded = {
        "max_execution_time": limits.execution_seconds,
        "max_rows_to_read": limits.rows_to_read,
        "max_result_rows": limits.result_rows,
        "max_memory_usage": limits.memory_bytes,
    }
    return {
        **_constants(_CONSTANT),
        **({"readonly": Bound("0", "0", "2")} if writes else {}),
        **{name: Bound(str(most), "1", str(most)) for name, most in bounded.items()},
    }


def profile_of_gate() -> Profile:
    """Return the settings of the gate's user: it quotes statements, and leaves no trace of them."""
    return _constants({**_CONSTANT, "max_query_size": "6000000", "log_queries": "0"})


def _constants(values: Mapping[str, str]) -> dict[str, Bound]:
    constant = {name: Bound(value, const=True) for name, value in values.items()}
    return constant | {name: Bound(None, const=True) for name in sorted(_FIXED)}
