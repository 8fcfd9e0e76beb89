"""Charts that ClickHouse counts: only what is drawn travels."""
