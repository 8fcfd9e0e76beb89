"""When may ClickHouse answer from what it remembers? Where asked to, for a minute, and only of queries that were slow.

It remembers for each of its users apart, and a user is an access class. The embedded engine has no such memory.
"""

import re

SETTINGS = {
    "use_query_cache": "1",
    "query_cache_min_query_duration": "500",  # ms; what is quick is read again
    "query_cache_ttl": "60",  # s
    "query_cache_nondeterministic_function_handling": "ignore",
    "query_cache_system_table_handling": "ignore",
}
_BREAKS_OFF = re.compile(r"overflow_mode", re.IGNORECASE)


def suits(sql: str) -> bool:
    """Say whether ClickHouse would take these settings with a statement: not where it may break off an answer."""
    return _BREAKS_OFF.search(sql) is None
