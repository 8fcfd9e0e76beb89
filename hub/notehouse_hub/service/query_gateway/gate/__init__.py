"""The statement gate: which statements may reach ClickHouse at all, judged by the engine's own syntax tree."""
