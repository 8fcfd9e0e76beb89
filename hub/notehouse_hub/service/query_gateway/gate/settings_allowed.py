"""Which settings may a caller give, in a SETTINGS clause or as a parameter of the address?

Named one by one, or by the prefix of a family that only shapes the answer's text. Limits among them are bounded
by constraints in the engine (see rights/profile.py); whatever reads files, changes who is asked or what a row
filter means is not here.
"""

import re

_NAMED = frozenset(
    [
        "aggregate_functions_null_for_empty",
        "allow_experimental_dynamic_type",
        "allow_experimental_json_type",
        "allow_experimental_object_type",
        "allow_experimental_time_time64_type",
        "allow_experimental_variant_type",
        "allow_suspicious_fixed_string_types",
        "allow_suspicious_low_cardinality_types",
        "allow_suspicious_types_in_group_by",
        "allow_suspicious_types_in_order_by",
        "allow_suspicious_variant_types",
        "cast_keep_nullable",
        "cast_string_to_dynamic_use_inference",
        "count_distinct_implementation",
        "database_replicated_enforce_synchronous_settings",
        "date_time_input_format",
        "date_time_output_format",
        "describe_compact_output",
        "describe_include_subcolumns",
        "distinct_overflow_mode",
        "enable_dynamic_type",
        "enable_json_type",
        "enable_materialized_cte",
        "enable_positional_arguments",
        "enable_reads_from_query_cache",
        "enable_time_time64_type",
        "enable_variant_type",
        "enable_writes_to_query_cache",
        "except_default_mode",
        "extremes",
        "format_csv_delimiter",
        "format_csv_null_representation",
        "format_tsv_null_representation",
        "group_by_overflow_mode",
        "group_by_use_nulls",
        "input_format_allow_errors_num",
        "input_format_allow_errors_ratio",
        "intersect_default_mode",
        "join_algorithm",
        "join_any_take_last_row",
        "join_default_strictness",
        "join_overflow_mode",
        "join_use_nulls",
        "limit",
        "max_block_size",
        "max_bytes_before_external_group_by",
        "max_bytes_before_external_sort",
        "max_bytes_in_distinct",
        "max_bytes_in_join",
        "max_bytes_in_set",
        "max_bytes_to_group_by",
        "max_bytes_to_read",
        "max_bytes_to_sort",
        "max_columns_to_read",
        "max_execution_time",
        "max_memory_usage",
        "max_result_bytes",
        "max_result_rows",
        "max_rows_in_distinct",
        "max_rows_in_join",
        "max_rows_in_set",
        "max_rows_to_group_by",
        "max_rows_to_read",
        "max_rows_to_sort",
        "max_streams_to_max_threads_ratio",
        "max_threads",
        "offset",
        "optimize_aggregation_in_order",
        "optimize_move_to_prewhere",
        "optimize_read_in_order",
        "prefer_column_name_to_alias",
        "query_cache_min_query_duration",
        "query_cache_min_query_runs",
        "query_cache_nondeterministic_function_handling",
        "query_cache_system_table_handling",
        "query_cache_tag",
        "query_cache_ttl",
        "result_overflow_mode",
        "select_sequential_consistency",
        "session_timezone",
        "set_overflow_mode",
        "short_circuit_function_evaluation",
        "sort_overflow_mode",
        "totals_auto_threshold",
        "totals_mode",
        "transform_null_in",
        "union_default_mode",
        "use_query_cache",
        "use_skip_indexes",
        "use_skip_indexes_if_final",
        "use_uncompressed_cache",
        "output_format_always_write_decimal_point_in_float_and_decimal",
        "output_format_binary_encode_types_in_binary_format",
        "output_format_binary_write_json_as_string",
        "output_format_decimal_trailing_zeros",
        "output_format_enable_streaming",
        "output_format_float_precision",
        "output_format_parallel_formatting",
        "output_format_trim_fixed_string",
        "output_format_values_escape_quote_with_quote",
        "output_format_write_statistics",
        "output_format_compression_level",
    ]
)
_SHAPES = re.compile(
    r"output_format_(arrow|bson|csv|json|markdown|msgpack|native|orc|parquet|pretty|sql_insert|tsv)_[a-z0-9_]+"
)

EXPLAIN_OPTIONS = frozenset(
    {
        "header", "description", "actions", "optimize", "sorting", "keep_logical_steps", "pretty", "compact", "graph",
        "run_passes", "dump_passes", "dump_tree", "dump_ast", "passes", "oneline", "run_query_tree_passes",
        "query_tree_passes", "input_headers", "column_structure",
    }
)  # fmt: skip


def is_allowed(name: str) -> bool:
    """Say whether a caller may give this setting."""
    return name in _NAMED or _SHAPES.fullmatch(name) is not None
